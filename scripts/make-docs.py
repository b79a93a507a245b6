#!/usr/bin/env python3
"""Writes the pages of docs/ that are made from the code: options, variables, files, exit codes.

usage: make-docs.py RUNNER [--check]
  RUNNER   the program: it says its options and exit codes itself
  --check  write nothing; fail when a page is not what the code says, or docs/troubleshooting.md lacks a verdict
"""

import re
import subprocess
import sys

import commandline
from swiftsource import ROOT, shown, sources

DOCS = ROOT / "docs"
NOTE = "<!-- Made from the code by `make docs`; `make check` fails when it is not current. -->\n"
ENVIRONMENT = ROOT / "Sources/BraketEnvironment"
PATHS = ENVIRONMENT / "ContainerPaths.swift"
VERDICTS = ROOT / "Sources/JobHarness/JobFailure.swift"
TROUBLES = DOCS / "troubleshooting.md"
# The verdicts of jobs on many hosts stand there.
HOSTS = DOCS / "multi-instance.md"
# Where names of variables stand in the code: the files, and how a line of theirs names one.
AWS = ROOT / "Sources/AWSCredentials/AWSVariable.swift"
NAMES = re.compile(r'static let (\w+) = "([A-Z][A-Z0-9_]+)"')


def cell(text):
    """Text for a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").strip()


def table(head, rows):
    """A table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def documented(path):
    """Yields each line of a Swift file with the /// comment before it, joined."""
    comment = []
    for line in path.read_text().splitlines():
        line = line.strip()
        if line.startswith("///"):
            comment.append(line[3:].strip())
        else:
            yield line, " ".join(comment)
            comment = []


def sentence(comment):
    """A comment without the references to the project's own papers."""
    return re.sub(r"\s*\((?:[^()]*; )?(?:contract|style\.md)[^()]*\)", "", comment)


def options(program):
    """docs/options.md: every command and option."""
    parts = ["# Commands and options\n", NOTE]
    for command in commandline.commands(program)[1:]:
        names = ", ".join(f"`{name}`" for name in command.aliases)
        parts.append(f"## `braket-runner {command.name}`\n\n{command.abstract}" + (f" Also: {names}." if names else "") + "\n")
        if command.name != "exit-codes" and command.discussion:
            parts.append(command.discussion + "\n")
        if command.name == "exit-codes":
            parts.append("See [exit codes](exit-codes.md).\n")
        sections = dict.fromkeys(option.section for option in command.options)
        for section in sections:
            rows = [
                (f"`{option.usage.replace('|', chr(92) + '|')}`", f"`{variable(option.name)}`" if option.name else "", cell(option.text))
                for option in command.options
                if option.section == section
            ]
            parts.append((f"### {section}\n\n" if section else "") + table(("option", "variable", "meaning"), rows))
    return "\n".join(parts)


def variable(option):
    """The variable of an option, by the rule of EnvironmentKey.variable(of:)."""
    return "BRAKET_RUNNER_" + option.removeprefix("--").upper().replace("-", "_")


def variables(program):
    """docs/variables.md: every variable that the code names."""
    parts = [
        "# Environment variables\n", NOTE,
        "The runner reads these, sets them for the script, or both. Each option is a variable too: [options](options.md).\n",
        "Values of `AWS_*` keys and of `AMZN_BRAKET_JOB_TOKEN` are passed on and never printed or stored.\n",
        "## Of the job, the platform and the runner\n",
    ]  # fmt: skip
    rows = {}
    for path in sources("Sources"):
        lists_names = re.search(r"(?:enum|extension) \w*(?:Variable|EnvironmentKey)\b", path.read_text())
        for line, comment in documented(path):
            match = NAMES.search(line)
            # A word such as GZIP is a variable's name only where names are listed; BRAKET_RUNNER_ is the beginning of many.
            if match and not match[2].endswith("_") and (lists_names or "_" in match[2]):
                rows[match[2]] = rows.get(match[2]) or cell(sentence(comment))
    parts.append(table(("variable", "meaning"), [(f"`{name}`", rows[name]) for name in sorted(rows)]))
    names = sorted(set(re.findall(r'case \w+ = "(AWS_\w+)"', AWS.read_text())))
    parts += [
        "## Of AWS\n",
        "With the meaning that boto3 gives them:\n",
        "\n".join(f"- `{name}`" for name in names) + "\n",
        "## `SM_*`\n",
        "With the platform's files in `/opt/ml/input/config`, or `--sagemaker-env`, the script gets every `SM_*` variable of "
        "sagemaker-training 5.1.1, byte for byte; `make test-image` compares them with the package itself.\n",
    ]
    return "\n".join(parts)


def files(program):
    """docs/files.md: every path below the root that the code names."""
    known = {"root": "/opt"}
    rows = []
    for line, comment in documented(PATHS):
        match = re.search(r'var (\w+): FilePath \{ (\w+)\.(?:appending|pushing)\("([^"]+)"\) \}', line)
        if match:
            known[match[1]] = f"{known[match[2]]}/{match[3]}"
            rows.append((f"`{known[match[1]]}`", cell(sentence(comment))))
    return "\n".join(
        [
            "# Files and folders\n", NOTE,
            "`--root DIR` stands for `/opt` in all of these. `/opt/braket` is a link to `/opt/ml`.\n",
            table(("path", "what it is"), sorted(rows)),
            "What a run leaves in the store, and the form of the record and the log, is in the "
            "[README](../README.md#files-it-leaves).\n",
        ]
    )  # fmt: skip


def exit_codes(program):
    """docs/exit-codes.md: the program's own table."""
    said = subprocess.run([program, "exit-codes"], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [tuple(cell(part) for part in line.split(None, 1)) for line in said.splitlines()[1:] if line.strip()]
    return "\n".join(
        [
            "# Exit codes\n", NOTE, table(("code", "meaning"), rows),
            "Why a job ended so is one line in `/opt/ml/output/failure` and a verdict in the record: "
            "[troubleshooting](troubleshooting.md).\n",
        ]
    )  # fmt: skip


PAGES = {"options.md": options, "variables.md": variables, "files.md": files, "exit-codes.md": exit_codes}


def verdicts():
    """The kinds of verdicts, as the record names them."""
    text = VERDICTS.read_text()
    body = text[text.index("enum Kind"):]
    body = body[: body.index("\n    }")]
    return [value or name for name, value in re.findall(r'case (\w+)(?: = "([^"]+)")?', body)]


def problems(program):
    """What is not as the code says."""
    for name, make in PAGES.items():
        path = DOCS / name
        if not path.exists() or path.read_text() != make(program):
            yield f"{shown(path)} is not current: `make docs` writes it"
    explained = {page: re.findall(r"^\| `([a-z-]+)`", page.read_text(), re.MULTILINE) for page in (TROUBLES, HOSTS)}
    for kind in verdicts():
        if not any(kind in kinds for kinds in explained.values()):
            yield f"{shown(TROUBLES)} does not say what to do about the verdict `{kind}`"
    for kind in explained[TROUBLES]:
        if kind not in verdicts():
            yield f"{shown(TROUBLES)} speaks of the verdict `{kind}`, which the code does not have"
    for page in [ROOT / "README.md", *DOCS.glob("*.md"), *(ROOT / "container").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                yield f"{shown(page)} links to {target}, which is not there"


def main():
    """Writes the pages, or with --check names what is not current."""
    arguments = sys.argv[1:]
    check = "--check" in arguments
    programs = [word for word in arguments if not word.startswith("-")]
    if len(programs) != 1:
        sys.exit("usage: make-docs.py RUNNER [--check]")
    if check:
        found = list(problems(programs[0]))
        print("\n".join(found) if found else f"{len(PAGES)} pages are what the code says")
        sys.exit(1 if found else 0)
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(programs[0]))


if __name__ == "__main__":
    main()
