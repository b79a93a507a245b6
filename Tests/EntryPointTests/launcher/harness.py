"""Runs launcher.py as the runner does: `python -c`, in the harness folder, with inherited descriptors."""

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Sources", "EntryPoint")
# Another interpreter under test than the one that runs the tests.
PYTHON = os.environ.get("LAUNCHER_PYTHON", sys.executable)
PROGRAM = "braket_container.py"


def source(name):
    with open(os.path.join(SOURCES, name), encoding="utf-8") as file:
        return file.read()


LAUNCHER, SLOW, DESCRIBE = source("launcher.py"), source("launcher_slow.py"), source("describe.py")


def version():
    text = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return tuple(map(int, text.split()))


VERSION = version()


class Result:
    def __init__(self, process, report, folder):
        self.code = process.returncode
        self.out = process.stdout.decode("utf-8", "replace")
        self.err = process.stderr.decode("utf-8", "replace")
        self.folder = folder
        # What is no object is faulthandler's: a crash, or what SIGUSR1 asked for.
        lines = report.decode("utf-8").splitlines()
        self.lines = [json.loads(line) for line in lines if line.startswith("{")]
        self.crash = self.stacks = "\n".join(line for line in lines if not line.startswith("{"))
        self.started = self.lines[:1] == [{"stage": "start"}]
        failures = [line for line in self.lines if "kind" in line]
        assert len(failures) <= 1, self.lines
        self.failure = failures[0] if failures else None

    def __repr__(self):
        return "exit %r\nstdout: %s\nstderr: %s\nreport: %s" % (self.code, self.out, self.err, self.lines)


class LauncherTestCase(unittest.TestCase):
    longMessage = True

    def job(self, files):
        """A folder with code/ (the harness's) and extracted/ (the user's); names are relative to extracted/."""
        folder = tempfile.TemporaryDirectory(prefix="launcher-test-")
        self.addCleanup(folder.cleanup)
        root = os.path.realpath(folder.name)
        for part in ("code", "extracted"):
            os.mkdir(os.path.join(root, part))
        for name, text in files.items():
            path = os.path.normpath(os.path.join(root, "extracted", name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        return root

    def launch(self, files, entry, hps=None, typed=False, arguments=(), env=None, flags=(), raw=None, stdout=None):
        root = self.job(files)
        hp_file = ""
        if hps is not None or raw is not None:
            hp_file = os.path.join(root, "hyperparameters.json")
            with open(hp_file, "wb") as file:
                file.write(raw if raw is not None else json.dumps(hps).encode())
        with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as slow:
            slow.write(SLOW.encode())
            slow.flush()
            descriptors = [report.fileno(), slow.fileno()]
            command = [PYTHON, *flags, "-c", LAUNCHER, entry, os.path.join(root, "code")]
            command += [os.path.join(root, "extracted"), PROGRAM, hp_file, "1s" if typed else "0s"]
            command += [*map(str, descriptors), *arguments]
            process = subprocess.run(
                command,
                cwd=os.path.join(root, "code"),
                env=dict(os.environ, **(env or {})),
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=stdout or subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=30,
                preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL),
            )
            if process.stdout is None:
                process.stdout = b""
            report.seek(0)
            return Result(process, report.read(), root)

    def python(self, body, **options):
        """Runs a body as a script without colon, named job."""
        return self.launch({"job.py": body}, "job", **options)

    def plain(self, body):
        """What the body prints without the launcher."""
        return subprocess.run([PYTHON, "-c", body], stdout=subprocess.PIPE, check=True, timeout=30).stdout.decode()

    def describe(self, files, entry):
        root = self.job(files)
        output = subprocess.run(
            [PYTHON, "-c", DESCRIBE, entry, os.path.join(root, "code"), os.path.join(root, "extracted")],
            cwd=os.path.join(root, "code"),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return json.loads(output), root


def launcher_names():
    """The names launcher.py defines, without the launch at its end."""
    tree = ast.parse(LAUNCHER)
    assert isinstance(tree.body[-1], ast.Expr)
    tree.body.pop()
    names = {"__name__": "launcher"}
    exec(compile(tree, "launcher.py", "exec"), names)
    return names
