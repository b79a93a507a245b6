"""Podman with a storage and settings of its own, and the images the tests build with it.

Everything lies below CACHE and nothing else of the machine is touched; removing that folder undoes all.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "braket-runner-images"
BASE = "localhost/braket-runner-base"
IMAGE = "localhost/braket-runner:test"
NONROOT = "localhost/braket-runner:test-nonroot"
ADDON = "localhost/braket-runner:test-addon"
# What a base is made of: the suite, and where it is not the machine's own distribution the mirror and the keys. Ubuntu's
# is what the Dockerfile takes without an argument; its image has universe enabled, too.
BASES = {
    "debian": ("bookworm", None, None),
    "ubuntu": ("noble", "http://archive.ubuntu.com/ubuntu", "/usr/share/keyrings/ubuntu-archive-keyring.gpg"),
}
# The base image of this run; `make_base` sets it.
base = f"{BASE}:{BASES['debian'][0]}"
CERTIFICATES = "/etc/ssl/certs"
# Longer than anything takes here; only against hangs.
LIMIT_SECONDS = 900


class Unusable(Exception):
    """Podman cannot run containers here; the text says why."""


def run(*command, check=True, timeout=LIMIT_SECONDS, **options):
    """Runs a command to its end.

    Returns what subprocess.run returns, with standard output as text; raises RuntimeError with the end of the output
    when `check` is set and the command fails.
    """
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.STDOUT),
        text=True,
        errors="replace",
        timeout=timeout,
        **options,
    )
    if check and done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{tail}")
    return done


def podman(*arguments, **options):
    """Runs podman to its end, as `run` does; not here, because conmon notes an OOM kill in a file of its folder."""
    return run("podman", *arguments, cwd=CACHE, **options)


def set_up(environment=()):
    """Writes podman's settings, points this process to them, and finds out whether a container can run.

    `environment`: variables NAME=VALUE that every container gets, for what starts containers itself.
    Raises Unusable.
    """
    for program in ("podman", "mmdebstrap"):
        if not shutil.which(program):
            raise Unusable(f"{program} is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    os.environ["CONTAINERS_STORAGE_CONF"] = str(CACHE / "storage.conf")
    os.environ["CONTAINERS_CONF"] = str(CACHE / "containers.conf")
    reasons = []
    # Native overlay first; vfs copies every layer and works everywhere. crun refuses cgroups of both versions at once.
    for driver in ("overlay", "vfs"):
        for runtime in ("crun", "runc"):
            if not shutil.which(runtime):
                continue
            write_settings(driver, runtime, environment)
            reason = why_unusable()
            if reason is None:
                return
            reasons.append(f"{driver} with {runtime}: {reason}")
    raise Unusable("; ".join(reasons) or "neither runc nor crun is installed")


def take_turn():
    """Waits until no other run uses the storage, and keeps it to the end of the process."""
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = os.open(CACHE / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"another run uses {CACHE}; waiting for its end", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def write_settings(driver, runtime, environment):
    """Writes storage.conf and containers.conf."""
    (CACHE / "storage.conf").write_text(
        f'[storage]\ndriver = "{driver}"\ngraphroot = "{CACHE}/graph-{driver}"\nrunroot = "{CACHE}/run-{driver}"\n'
    )
    listed = ", ".join(f'"{entry}"' for entry in environment)
    # Small limits: podman's own are above what a machine without CAP_SYS_RESOURCE may set. The machine's network: no
    # rules of netavark are left behind, and servers on loopback are reached.
    (CACHE / "containers.conf").write_text(
        f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'[containers]\nnetns = "host"\ndefault_ulimits = ["nofile=4096:4096", "nproc=8192:8192"]\n'
        f"env = [{listed}]\n"
    )


def why_unusable():
    """Tries a container out of one static file's worth of image.

    Returns None when it ran, else the reason.
    """
    probe = "localhost/braket-runner-probe"
    if podman("image", "exists", base, check=False).returncode == 0:
        probe = base
    else:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "true")
            # The machine's own program with the libraries it needs makes the smallest image without a registry.
            shutil.copy(shutil.which("true"), program)
            libraries = [word for word in run("ldd", program).stdout.split() if word.startswith("/")]
            archive = Path(folder, "probe.tar")
            run("tar", "-chf", archive, "--transform=s,^.*/true$,bin/true,", "-P", program, *libraries)
            imported = podman("import", "-q", archive, probe, check=False)
            if imported.returncode != 0:
                return last_line(imported.stdout)
    ran = podman("run", "--rm", "--entrypoint", "", probe, "/bin/true", check=False, timeout=120)
    return None if ran.returncode == 0 else last_line(ran.stdout)


def last_line(text):
    """The last line that is not blank."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def make_base(name="debian"):
    """Makes the base image from a distribution's packages, unless it is there: no registry is needed.

    `name`: one of BASES. Raises Unusable without the keys of the distribution.
    """
    global base
    suite, mirror, keyring = BASES[name]
    base = f"{BASE}:{suite}"
    if podman("image", "exists", base, check=False).returncode == 0:
        return
    if keyring and not os.path.exists(keyring):
        raise Unusable(f"{keyring} is not there; Ubuntu's package ubuntu-keyring has it")
    options, source = ([f"--keyring={keyring}", "--components=main,universe"], [mirror]) if mirror else ([], [])
    print(f"making {base} from the distribution's packages", flush=True)
    # In memory where there is some: dpkg syncs each file.
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        archive = Path(folder, "base.tar")
        # apt by name: what is required of Ubuntu does not hold it.
        run(
            "mmdebstrap", "--quiet", "--variant=minbase", "--include=apt,ca-certificates",
            "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
            *options, suite, archive, *source,
            env={**os.environ, "TMPDIR": folder},
        )  # fmt: skip
        podman("import", "-q", archive, base)


def bundle(program):
    """Lays what goes into the image below dist/: the program, and a debug build's Swift libraries beside it.

    Returns the path relative to ROOT, as the Dockerfiles' BINARY wants it.
    """
    target = ROOT / "dist/image"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # Without debugging symbols: a tenth of the bytes to copy into the image.
    run("strip", "--strip-debug", "-o", target / "braket-runner", program)
    for line in run("ldd", program).stdout.splitlines():
        words = line.split()
        # $ORIGIN is in the run path of what SwiftPM links, so libraries beside the program are found.
        if len(words) > 2 and "/swift/" in words[2]:
            shutil.copy(words[2], target)
    return target.relative_to(ROOT)


def build(image, dockerfile, *arguments):
    """Builds one image from a Dockerfile of container/.

    `arguments`: further words for `podman build`. Layers are kept between builds.
    """
    command = ["build", "--quiet", "--format", "docker", "--network", "host", "--file", ROOT / "container" / dockerfile]
    for label, value in (("version", "test"), ("revision", "test")):
        command += ["--label", f"org.opencontainers.image.{label}={value}"]
    # pip's certificates and packages are the machine's: behind a proxy with a certificate of its own pip needs them.
    if Path(CERTIFICATES).is_dir():
        command += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    podman(*command, *arguments, "--tag", image, ROOT)


def build_all(program):
    """Builds the three images that the tests drive, on the base image of this run."""
    binary = ["--build-arg", f"BINARY={bundle(program)}"]
    runtime = [*binary, "--build-arg", "BINARY_STAGE=prebuilt", "--build-arg", f"BASE_IMAGE={base}"]
    for image, dockerfile, arguments in (
        (IMAGE, "Dockerfile", runtime),
        (NONROOT, "Dockerfile", [*runtime, "--target", "nonroot"]),
        (ADDON, "Dockerfile.addon", [*binary, "--build-arg", f"BASE_IMAGE={base}"]),
    ):
        print(f"building {image}", flush=True)
        build(image, dockerfile, *arguments)
    shutil.rmtree(ROOT / "dist/image")


def clean_up():
    """Removes every container of the tests' own storage; images and layers stay for the next runs of some days."""
    podman("rm", "--force", "--all", "--time", "0", check=False)
    podman("image", "prune", "--force", "--filter", "until=72h", check=False)


def skip(reason):
    """Says that nothing was tried, and ends the process as a success."""
    print(f"SKIPPED: images cannot be tested here: {reason}", flush=True)
    sys.exit(0)
