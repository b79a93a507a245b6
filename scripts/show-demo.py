#!/usr/bin/env python3
"""Says what a run of the qaoa example left: its record, its results, its checkpoints.

usage: show-demo.py ROOT [STORE_DIR]

ROOT is the folder given to the runner as --root; STORE_DIR the one given to make-demo-store.sh (default: ROOT/store).
"""

import json
import sys
import tarfile
from pathlib import Path

USAGE = 64
DATA = 65


def main():
    arguments = sys.argv[1:]
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return USAGE
    root = Path(arguments[0])
    store = Path(arguments[1]) if len(arguments) == 2 else root / "store"

    path = root / "ml/output/job.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"no record of a run: {path}: {error}", file=sys.stderr)
        return DATA

    show("record", path)
    show("job", f"{record.get('jobName', '?')}: {record.get('status', '?')}")
    if record.get("failureReason"):
        show("reason", record["failureReason"])

    archive = stored(store, record.get("outputDataConfig", {}).get("s3Path"), "/output/model.tar.gz")
    results = read_results(archive)
    show("results", archive if results is not None else f"none at {archive}")

    folder = stored(store, record.get("checkpointConfig", {}).get("s3Uri"))
    checkpoints = sorted(file for file in folder.rglob("*") if file.is_file()) if folder else []
    show("checkpoints", folder if checkpoints else f"none at {folder}")
    for file in checkpoints:
        show("", f"{file.relative_to(folder)}, {file.stat().st_size} bytes")

    if results is None:
        return DATA
    resumed = results.get("resumed_from_iteration")
    show("resumed", f"from iteration {resumed}" if resumed else "no, this was the first run")
    show("iterations", results.get("iterations"))
    show("energy", results.get("energy"))
    show("best cut", f"{results.get('cut')} by {results.get('bitstring')}")
    return 0


def show(label, value):
    print(f"{label:<12} {value}")


def stored(store, uri, suffix=""):
    """Where the folder store keeps s3://bucket/key + suffix."""
    if not uri or not uri.startswith("s3://"):
        return None
    return store / (uri[len("s3://") :].rstrip("/") + suffix)


def read_results(archive):
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return json.load(tar.extractfile("results.json"))["dataDictionary"]
    except (OSError, TypeError, KeyError, ValueError, EOFError, tarfile.TarError):
        return None


if __name__ == "__main__":
    sys.exit(main())
