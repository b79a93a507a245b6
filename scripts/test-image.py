#!/usr/bin/env python3
"""Builds the real Dockerfiles with podman, on a base made from a distribution's packages, and drives what they make.

usage: test-image.py RUNNER [--base debian|ubuntu] [--only WORDS] [--no-build]
  RUNNER      the program that goes into the images; a debug build takes its Swift libraries with it
  --base      Debian 12, or Ubuntu 24.04, which the Dockerfile takes without an argument
  --only      the checks whose sentence or name contains this
  --no-build  the images of the last run

Needs no registry and no Docker. Says SKIPPED, and succeeds, where podman cannot run containers. The last line is
"N passed, N failed".
"""

import argparse
import sys
from pathlib import Path

from imagetest import engine, report
from imagetest import image_checks, job_checks, local_checks, service_checks, toolkit_checks  # noqa: F401 - they register


def main():
    """Builds, drives, and ends with 1 when a check failed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("runner", type=Path)
    arguments.add_argument("--base", choices=engine.BASES, default="debian")
    arguments.add_argument("--only", default="")
    arguments.add_argument("--no-build", action="store_true")
    options = arguments.parse_args()
    engine.take_turn()
    try:
        engine.set_up()
        engine.make_base(options.base)
    except engine.Unusable as reason:
        engine.skip(reason)
    try:
        if not options.no_build:
            engine.build_all(options.runner)
        failed = report.run_all(options.only)
    finally:
        engine.clean_up()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
