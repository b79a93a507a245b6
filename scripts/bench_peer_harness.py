#!/usr/bin/env python3
"""The least that a container harness built on boto3 does before a script's first line: the peer of `make bench`.

It imports boto3, makes an S3 client, copies the script where a container would download it, and runs it as a module
in a child process. There is no network, no chain of toolkits and no install: a real container does more.

usage: bench_peer_harness.py SCRIPT FOLDER
"""

import importlib
import multiprocessing
import shutil
import sys
from pathlib import Path

import boto3


def run_module(folder, name):
    sys.path.insert(0, folder)
    importlib.import_module(name)


def main():
    script, folder = Path(sys.argv[1]), Path(sys.argv[2])
    boto3.client("s3", region_name="us-west-2", aws_access_key_id="none", aws_secret_access_key="none")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(script, folder / script.name)
    child = multiprocessing.Process(target=run_module, args=(str(folder), script.stem))
    child.start()
    child.join()
    return child.exitcode


if __name__ == "__main__":
    sys.exit(main())
