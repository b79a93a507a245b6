#!/usr/bin/env python3
"""Checks that ARCHITECTURE.md, Package.swift and the imports of Sources show one and the same module graph.

The table is the one under the heading "## The graph" of ARCHITECTURE.md, a row for each target that is not a test:

    | Target | Level | Responsibility | Depends on | Packages |
    |---|---|---|---|---|
    | `Checkpoints` | 2 | what it does, in one line | `ObjectStorage`, `RunnerCore` | Logging, SystemPackage |

Rules: a target depends only on targets of lower levels, so never on a sibling; what is declared is imported and what
is imported is declared; a package with an owner is imported only there; no target depends on test support.

usage: check-graph.py [--table]   --table prints the table that Package.swift asks for
"""

import json
import re
import subprocess
import sys

from swiftsource import ROOT, code_only, shown, sources

HEADING = "## The graph"
COLUMNS = ["Target", "Level", "Responsibility", "Depends on", "Packages"]
# A package with owners: other targets see the owners' own types.
OWNERS = {
    "ArgumentParser": {"braket-runner"},
    "AsyncHTTPClient": {"RunnerHTTP"},
    "Crypto": {"AWSCredentials", "AWSSigning", "Checksums", "MultiInstance", "ObjectStorage"},
    "HeapModule": {"ObjectStorage"},
    "NIOCore": {"AWSCredentials", "AWSRequests", "BraketService", "RunnerHTTP", "S3"},
    "NIOHTTP1": {"RunnerHTTP"},
    "NIOPosix": {"RunnerHTTP"},
    "NIOSSL": {"RunnerHTTP"},
}
# Modules that come with Swift. Foundation is not among them (style.md P3).
SYSTEM = {"FoundationEssentials", "Glibc", "Musl", "Synchronization"}
TEST_LEVEL = "test"
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:package |public |internal |private |fileprivate )?import "
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias) )?(\w+)",
    re.MULTILINE,
)


def main():
    declared = manifest()
    if sys.argv[1:] == ["--table"]:
        print(table_text(declared))
        return 0
    if sys.argv[1:]:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    try:
        drawn = table()
    except (OSError, ValueError) as error:
        print(f"ARCHITECTURE.md: {error}", file=sys.stderr)
        return 1
    problems = compare(declared, drawn) + check_levels(drawn) + check_imports(declared)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print("(scripts/check-graph.py --table prints the rows that Package.swift asks for)", file=sys.stderr)
        return 1
    edges = sum(len(row["targets"]) for row in declared.values())
    print(f"{len(declared)} targets, {edges} edges between them, as drawn and as imported")
    return 0


def manifest():
    """The targets of Package.swift that are not tests."""
    described = subprocess.run(
        ["swift", "package", "describe", "--type", "json"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    return {
        target["name"]: {
            "targets": set(target.get("target_dependencies") or []),
            "packages": set(target.get("product_dependencies") or []),
            "path": ROOT / target["path"],
        }
        for target in json.loads(described)["targets"]
        if target["type"] != "test"
    }


def table():
    """The rows of ARCHITECTURE.md."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, found, section = text.partition(f"\n{HEADING}\n")
    if not found:
        raise ValueError(f'there is no heading "{HEADING}"')
    section = re.split(r"^#{1,2} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    if not lines or lines[0] != COLUMNS:
        raise ValueError(f'the table under "{HEADING}" must have the columns {" | ".join(COLUMNS)}')
    rows = {}
    for cells in lines[2:]:
        if len(cells) != len(COLUMNS):
            raise ValueError(f"a row has {len(cells)} cells: {' | '.join(cells)}")
        name = cells[0].strip("`")
        if name in rows:
            raise ValueError(f"{name} has two rows")
        if not cells[2]:
            raise ValueError(f"{name} has no responsibility")
        rows[name] = {"level": cells[1], "targets": names(cells[3]), "packages": names(cells[4])}
    return rows


def names(cell):
    return {name for name in (part.strip().strip("`") for part in cell.split(",")) if name not in ("", "–", "-", "—")}


def compare(declared, drawn):
    problems = [f"ARCHITECTURE.md has no row for {name}" for name in sorted(declared.keys() - drawn.keys())]
    problems += [f"ARCHITECTURE.md has a row for {name}, Package.swift no target" for name in sorted(drawn.keys() - declared.keys())]
    for name in sorted(declared.keys() & drawn.keys()):
        for kind in ("targets", "packages"):
            for missing in sorted(declared[name][kind] - drawn[name][kind]):
                problems.append(f"{name} depends on {missing}; ARCHITECTURE.md does not show it")
            for extra in sorted(drawn[name][kind] - declared[name][kind]):
                problems.append(f"ARCHITECTURE.md shows that {name} depends on {extra}; it does not")
    return problems


def check_levels(drawn):
    problems = []
    for name, row in drawn.items():
        if row["level"] == TEST_LEVEL:
            continue
        if not row["level"].isdigit():
            problems.append(f'ARCHITECTURE.md: {name}: the level "{row["level"]}" is no number and not "{TEST_LEVEL}"')
            continue
        for other in sorted(row["targets"] & drawn.keys()):
            level = drawn[other]["level"]
            if level == TEST_LEVEL:
                problems.append(f"{name} depends on {other}, which is for tests")
            elif level.isdigit() and int(level) >= int(row["level"]):
                kind = "its sibling" if level == row["level"] else "the higher"
                problems.append(f"{name} (level {row['level']}) depends on {kind} {other} (level {level})")
    return problems


def check_imports(declared):
    problems = []
    for name, row in declared.items():
        allowed = row["targets"] | row["packages"] | SYSTEM
        imported = set()
        for path in sources(row["path"]):
            for match in IMPORT.finditer(code_only(path.read_text(encoding="utf-8"))):
                module = match[1]
                imported.add(module)
                if module not in allowed:
                    problems.append(f"{shown(path)}: imports {module}, which Package.swift does not give to {name}")
                if name not in OWNERS.get(module, {name}):
                    owners = ", ".join(sorted(OWNERS[module]))
                    problems.append(f"{shown(path)}: imports {module}, which only {owners} may")
        for module in sorted((row["targets"] | row["packages"]) - imported):
            problems.append(f"Package.swift: {name} depends on {module} and imports it nowhere")
    return problems


def table_text(declared):
    """The table with computed levels, and the responsibilities that ARCHITECTURE.md has so far."""
    said = responsibilities()

    def level(name):
        return 1 + max((level(other) for other in declared[name]["targets"]), default=-1)

    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for name in sorted(declared, key=lambda name: (is_test(declared[name]), level(name), name)):
        row = declared[name]
        lines.append(
            f"| `{name}` | {TEST_LEVEL if is_test(row) else level(name)} | {said.get(name, '')} | "
            f"{', '.join(f'`{other}`' for other in sorted(row['targets'])) or '–'} | {', '.join(sorted(row['packages'])) or '–'} |"
        )
    return "\n".join(lines)


def is_test(row):
    return row["path"].is_relative_to(ROOT / "Tests")


def responsibilities():
    try:
        text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r"^\| `([^`]+)` \| \w+ \| ([^|]*?) \|", text, re.MULTILINE))


if __name__ == "__main__":
    sys.exit(main())
