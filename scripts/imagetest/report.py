"""The list of checks, and how one of them is run and counted."""

import sys
import tempfile
import time
import traceback
from pathlib import Path

CHECKS = []


class Skipped(Exception):
    """A check that cannot be made on this machine; the text says why."""


def check(sentence):
    """Makes a function a check. `sentence` says what holds; the function gets a fresh folder and raises when it does not."""

    def register(function):
        CHECKS.append((sentence, function))
        return function

    return register


def expect(condition, *facts):
    """Raises AssertionError with the facts unless the condition holds."""
    if not condition:
        raise AssertionError("\n".join(str(fact) for fact in facts) or "it does not hold")


def run_all(only=""):
    """Runs every check whose sentence or function's name contains `only`.

    Returns the number of those that failed.
    """
    passed = failed = skipped = 0
    for sentence, function in CHECKS:
        if only.lower() not in (sentence + " " + function.__name__).lower():
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="braket-runner-image-", ignore_cleanup_errors=True) as folder:
            try:
                function(Path(folder))
                passed += 1
                word, reason = "ok", ""
            except Skipped as skip:
                skipped += 1
                word, reason = "skipped", f": {skip}"
            except Exception as error:
                failed += 1
                # Where, for whoever repairs it; an assertion's facts say what.
                place = traceback.extract_tb(sys.exc_info()[2])[-2 if isinstance(error, AssertionError) else -1]
                word, reason = "FAILED", f"\n  {Path(place.filename).name}:{place.lineno} {type(error).__name__}: {error}"
        print(f"{word} {sentence} ({time.monotonic() - begin:.1f} s){reason}", flush=True)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return failed
