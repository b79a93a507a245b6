#!/usr/bin/env python3
"""Makes the tarball of a release, its checksum and its SBOM.

usage: make-dist.py PROGRAM DIRECTORY

PROGRAM is what `make release` built. DIRECTORY gets braket-runner-VERSION-linux-ARCHITECTURE.tar.gz and .sha256 of it.
The bytes depend on the program and the commit only: sorted, owned by root, times of the last commit.
"""

import gzip
import hashlib
import io
import json
import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import commandline
import manpage

ROOT = Path(__file__).resolve().parent.parent
CHECKOUTS = ROOT / ".build/checkouts"
# What the runner may add to an image.
LIMIT_MIB = 40
COMPLETIONS = {
    "bash": "share/bash-completion/completions/braket-runner",
    "zsh": "share/zsh/site-functions/_braket-runner",
    "fish": "share/fish/vendor_completions.d/braket-runner.fish",
}
# Words by which a licence's text is told, and its name in SPDX's list.
LICENCES = [
    ("Runtime Library Exception", "Apache-2.0 WITH Swift-exception"),
    ("Apache License", "Apache-2.0"),
    ("Permission is hereby granted, free of charge", "MIT"),
]
# What packages have copied into themselves, with the licence that the files name.
COPIES = {"boringssl": "Apache-2.0", "llhttp": "MIT"}
# Texts beside those of the packages' first folder that hold for what is compiled in.
NOTICES = ("LICENSE", "LICENSE.txt", "NOTICE", "NOTICE.txt", "Sources/*/LICENSE", "Sources/*/LICENSE.txt")


def output(*command):
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout


def dependencies():
    """The packages of the last build, as SwiftPM pinned them: name, version, revision, address, and folder."""
    state = json.loads((ROOT / ".build/workspace-state.json").read_text())
    found = []
    for entry in state["object"]["dependencies"]:
        checkout = entry["state"]["checkoutState"]
        reference = entry["packageRef"]
        # The version's numbers alone are none of a package that is pinned to a branch.
        found.append(
            {
                "name": reference["identity"],
                "version": checkout.get("version", checkout["revision"]),
                "revision": checkout["revision"],
                "address": reference["location"],
                "folder": CHECKOUTS / entry["subpath"],
            }
        )
    return sorted(found, key=lambda dependency: dependency["name"])


def vendored(folder):
    """Yields name, version and address of what a package has copied into itself, where it says so in a form of its own."""
    for note in folder.glob("Sources/*BoringSSL/hash.txt"):
        found = re.search(r"from (\S+) at revision (\w+)", note.read_text())
        yield "boringssl", found[2], found[1]
    for header in folder.glob("Sources/*LLHTTP/include/*llhttp.h"):
        parts = re.findall(r"#define LLHTTP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header.read_text())
        yield "llhttp", ".".join(parts), "https://github.com/nodejs/llhttp"


def notices(folder):
    """The licence and notice files of a package, by their paths in it. Raises SystemExit when there is none."""
    paths = [path for pattern in NOTICES for path in sorted(folder.glob(pattern)) if path.is_file()]
    if not paths:
        sys.exit(f"{folder} has no licence file: add its name to NOTICES in {Path(__file__).name}")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def licence(folder):
    """The licence of a package in SPDX's words."""
    text = next(iter(notices(folder).values())).decode(errors="replace")
    for words, name in LICENCES:
        if words in text:
            return name
    sys.exit(f"{folder}: its licence is none that {Path(__file__).name} knows")


def sbom(version, found, program):
    """The bill of materials, in CycloneDX 1.5."""

    def component(dependency):
        name = re.sub(r"\.git$", "", dependency["address"].removeprefix("https://"))
        reference = f"pkg:swift/{name}@{dependency['version']}"
        return {
            "type": "library",
            "bom-ref": reference,
            "name": dependency["name"],
            "version": dependency["version"],
            "purl": reference,
            "licenses": [{"expression": licence(dependency["folder"])}],
            "externalReferences": [{"type": "vcs", "url": dependency["address"], "comment": dependency["revision"]}],
        }

    swift = re.search(rb"Swift version (\S+)", output("swift", "--version"))[1].decode()
    runtime = {
        "type": "library",
        "bom-ref": f"swift-runtime@{swift}",
        "name": "swift-runtime",
        "version": swift,
        "licenses": [{"expression": "Apache-2.0 WITH Swift-exception"}],
        "externalReferences": [{"type": "website", "url": "https://www.swift.org"}],
    }
    copies = [
        {
            "type": "library",
            "bom-ref": f"{dependency['name']}/{name}@{number}",
            "name": name,
            "version": number,
            "description": f"copied into {dependency['name']}; each file names its licence",
            "licenses": [{"expression": COPIES[name]}],
            "externalReferences": [{"type": "vcs", "url": address}],
        }
        for dependency in found
        for name, number, address in vendored(dependency["folder"])
    ]
    components = [*map(component, found), *copies, runtime]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "braket-runner",
                "name": "braket-runner",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(program).hexdigest()}],
            }
        },
        "components": components,
        "dependencies": [{"ref": "braket-runner", "dependsOn": [entry["bom-ref"] for entry in components]}],
    }


def contents(program, version):
    """Everything in the tarball: the path in it, the bytes, and whether it is a program."""
    found = dependencies()
    yield "bin/braket-runner", program.read_bytes(), True
    yield "bin/train", (ROOT / "container/train").read_bytes(), True
    for shell, path in COMPLETIONS.items():
        yield path, output(program, "--generate-completion-script", shell), False
    yield "share/man/man1/braket-runner.1", manpage.page(program).encode(), False
    for name in ("Dockerfile.addon", "braket_container.py"):
        yield f"container/{name}", (ROOT / "container" / name).read_bytes(), False
    yield "LICENSE", (ROOT / "LICENSE").read_bytes(), False
    yield "sbom.cdx.json", json.dumps(sbom(version, found, program.read_bytes()), indent=2).encode() + b"\n", False
    for dependency in found:
        for name, text in notices(dependency["folder"]).items():
            yield f"third-party/{dependency['name']}/{name}", text, False
    toolchain = Path(output("which", "swift").decode().strip()).resolve().parent.parent / "share/swift/LICENSE.txt"
    yield "third-party/swift-runtime/LICENSE.txt", toolchain.read_bytes(), False


def write(target, folder, entries, time):
    """Writes the tarball; equal contents give equal bytes."""
    with open(target, "wb") as file, gzip.GzipFile("", "wb", 9, file, time) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, data, executable in sorted(entries):
                member = tarfile.TarInfo(f"{folder}/{name}")
                member.size, member.mtime, member.mode = len(data), time, 0o755 if executable else 0o644
                member.uname = member.gname = "root"
                archive.addfile(member, io.BytesIO(data))


def main():
    """Makes the tarball and says what it weighs."""
    if len(sys.argv) != 3:
        sys.exit("usage: make-dist.py PROGRAM DIRECTORY")
    program, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    version = commandline.version(program)
    size = program.stat().st_size / (1 << 20)
    if size > LIMIT_MIB:
        sys.exit(f"{program} has {size:.1f} MiB; at most {LIMIT_MIB} are promised")
    name = f"braket-runner-{version}-linux-{platform.machine()}"
    target = directory / f"{name}.tar.gz"
    write(target, name, list(contents(program, version)), int(output("git", "log", "-1", "--format=%ct")))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    Path(f"{target}.sha256").write_text(f"{digest}  {target.name}\n")
    print(f"{target}: {target.stat().st_size / (1 << 20):.1f} MiB, the program {size:.1f} MiB, sha256 {digest}")


if __name__ == "__main__":
    main()
