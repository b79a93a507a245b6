#!/usr/bin/env python3
"""Runs `swift test`, and what failed once more by itself: run-tests.py swift test [FLAG...] -- [SELECTION...]

All tests of a run share two cores, so one that waits for a process or an answer can fail because of the others. What
fails is named as FLAKY and runs alone: if it passes, that is no reason to stop, but a test to mend. More than three
failures, a crash or a hang are no accident and end the run. The last line printed is swift test's own summary.
"""

import json
import re
import subprocess
import sys
import tempfile

MOST = 3


def failures(stream):
    """The tests with an issue that counts, as `Module.Suite/function(labels:)`; the stream has a JSON object a line."""
    failed = set()
    for line in stream:
        try:
            payload = json.loads(line).get("payload", {})
        except json.JSONDecodeError:
            # The end of a run that crashed.
            continue
        issue = payload.get("issue", {})
        if payload.get("kind") == "issueRecorded" and issue.get("isFailure", True) and not issue.get("isKnown", False):
            # Module.Suite/function()/File.swift:12:3
            failed.add(re.sub(r"/[^/]*\.swift:\d+:\d+$", "", payload.get("testID", "?")))
    return failed


def run(command):
    """Runs the tests: the exit code, and what failed."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as stream:
        code = subprocess.run([*command, "--event-stream-output-path", stream.name], check=False).returncode
        return code, failures(stream)


def only(failed):
    """The arguments that select exactly these tests."""
    return ["--skip-build", "--filter", "^(" + "|".join(re.escape(name) + "(/|$)" for name in sorted(failed)) + ")"]


def main(arguments):
    """What the docstring of this file says: the exit code."""
    split = arguments.index("--")
    command, selection = arguments[:split], arguments[split + 1 :]
    code, failed = run([*command, *selection])
    if code == 0 or not 0 < len(failed) <= MOST:
        return code
    # Said before, so that the last line is a summary: of a test that passes now it is the word to look for.
    print(f"run-tests: FLAKY unless it fails again alone: {', '.join(sorted(failed))}", file=sys.stderr, flush=True)
    return run([*command, *only(failed)])[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
