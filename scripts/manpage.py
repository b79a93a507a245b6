"""The man page, from what the program says of its own command line."""

import subprocess

import commandline

TEXT = """\
.SH EXAMPLES
Run a job on local folders:
.PP
.nf
braket-runner \\-\\-job job.json \\-\\-root ./opt \\-\\-storage file:./store
.fi
.PP
Say everything that would happen, and every problem:
.PP
.nf
braket-runner \\-\\-dry\\-run \\-\\-job job.json
.fi
.SH FILES
.TP
.I /opt/ml/output/job.json
The record of the run, in the shape of GetJob.
.TP
.I /opt/ml/output/failure
Why it failed.
"""


def escape(text):
    """Text for troff: a dash is one, and no line is taken for a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.splitlines())


def page(program):
    """The page as man(7) takes it."""
    root, *commands = commandline.commands(program)
    out = [f'.TH BRAKET\\-RUNNER 1 "" "braket\\-runner {commandline.version(program)}"']
    out += [".SH NAME", f"braket\\-runner \\- {escape(root.abstract.rstrip('.'))}", ".SH SYNOPSIS", ".nf"]
    out += ["braket\\-runner [run] [options]", "braket\\-runner \\-\\-dry\\-run [options]"]
    for command in commands[1:]:
        words = " ".join(option.usage for option in command.options if not option.name)
        out.append(escape(f"braket-runner {command.name} {words + ' ' if words else ''}[options]"))
    out += ["braket\\-runner PROGRAM [arguments]", ".fi", ".SH DESCRIPTION", escape(root.discussion)]
    for command in commands:
        if command.name == "exit-codes":
            continue
        out += [f".SH {escape(command.name.upper())}", escape(command.abstract), ".PP", escape(command.discussion)]
        section = ""
        for option in command.options:
            if option.section != section:
                section = option.section
                out.append(f".SS {escape(section)}")
            out += [".TP", f"\\fB{escape(option.usage)}\\fR", escape(option.text)]
    out += [".SH EXIT STATUS"]
    said = subprocess.run([program, "exit-codes"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in said.splitlines()[1:]:
        code, meaning = line.split(None, 1)
        out += [".TP", f"\\fB{escape(code)}\\fR", escape(meaning)]
    return "\n".join(line for line in out if line) + "\n" + TEXT
