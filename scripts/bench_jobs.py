"""What bench_results.py and bench_checkpoints.py share: jobs of the runner on an S3 server, and what a command costs.

BENCH_SCALE=0.05 in the environment makes their data and times so much smaller, to try a change of these programs; the
report says so. What is measured with it says nothing about the runner.
"""

import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import bench_s3

MIB = 1 << 20
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
PYTHON = os.path.realpath(sys.executable)
S5CMD = str(bench_s3.PEERS / "s5cmd")
LOOK_SECONDS = 0.05
TIMEOUT = 600


@dataclass
class Cost:
    """What a command took: seconds, CPU seconds, peak bytes of memory and of disk, when it ended, and was it right."""

    wall: float
    cpu: float
    memory: int = 0
    disk: int = 0
    end: float = 0
    right: bool = True
    # Of the seconds, or before them, those in which the archive was packed or the checkpoints were written.
    packing: float = 0
    # CPU seconds of the store meanwhile, where it was looked at.
    server: float = 0


def scaled(count):
    """A count or size of the data, made smaller by BENCH_SCALE."""
    return max(1, round(count * SCALE))


def scale_note():
    """What the report says of BENCH_SCALE."""
    return "" if SCALE == 1 else f" **BENCH_SCALE was {SCALE:g}: everything is so much smaller than in a real run.**"


def job(runner, script, bucket, root, *more, storage="s3"):
    """The runner's command line for a job whose results go to a bucket."""
    return [
        str(runner), "--script", str(script), "--entry-point", Path(script).stem, "--job-name", "bench",
        "--output", f"s3://{bucket}/out", "--storage", storage, "--root", str(root), "--python", PYTHON,
        "--log-level", "error", *more,
    ]  # fmt: skip


def environment_of(server, work):
    """The environment of a command, with a folder for temporary files whose size is looked at."""
    (work / "tmp").mkdir(parents=True, exist_ok=True)
    return bench_s3.environment_of(server) | {"TMPDIR": str(work / "tmp")}


# MARK: Commands


def watched(command, environment, work, counts_children=False):
    """Runs a command to its end.

    CPU is that of the command and all its children. Memory is the most that the process itself had at a time, as the
    kernel noted it, or, with its children, the largest sum of what all had at a look. Disk is what lies in the work
    folder, and files without a name.
    """
    log = work.parent / "log"
    before = children_cpu()
    begin = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        watch = Watch(process.pid, work, counts_children)
        # Without a time limit, which would make wait() look every 50 ms only; the watch has one.
        status = process.wait()
        end = time.monotonic()
        watch.stop()
    if status:
        sys.exit(f"bench: {command[:8]} ended with {status}:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(end - begin, children_cpu() - before, watch.memory, watch.disk, end)


class Watch:
    """Looks at the memory and the disk of a process again and again, until `stop`; kills it after TIMEOUT."""

    def __init__(self, pid, work, counts_children):
        self.pid, self.work, self.counts_children = pid, work, counts_children
        self.memory = self.disk = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.look_on, daemon=True)
        self.thread.start()

    def stop(self):
        self.is_over.set()
        self.thread.join()

    def look_on(self):
        deadline = time.monotonic() + TIMEOUT
        while True:
            self.disk = max(self.disk, size_of(self.work) + nameless_bytes(self.pid))
            self.memory = max(self.memory, self.memory_now())
            if self.is_over.wait(LOOK_SECONDS):
                return
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)

    def memory_now(self):
        if not self.counts_children:
            return status_bytes(self.pid, "VmHWM")
        return sum(status_bytes(pid, "VmRSS") for pid in tree_of(self.pid))


def children_cpu():
    """User and system seconds of all processes that were waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def status_bytes(pid, key):
    """A value of /proc/PID/status; 0 of a process that is gone or a zombie."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), 0)


def tree_of(pid):
    """A process and all its descendants."""
    try:
        children = bench_s3.children_of(pid)
    except OSError:
        return [pid]
    return [pid, *(found for child in children for found in tree_of(child))]


def size_of(folder):
    """Bytes of the files below a folder; links are not followed."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total


def nameless_bytes(pid):
    """Bytes of the files of a disk that a process has open and that have no name."""
    total = 0
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            target = os.readlink(entry.path)
            if target.endswith(" (deleted)") and not target.startswith("/memfd:"):
                total += os.stat(entry.path).st_size
    except OSError:
        # The process or one of its files is gone.
        pass
    return total


# MARK: Data


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def write_noise(folder, files, size, rng):
    """Files of noise, all different."""
    for number in range(files):
        path = folder / f"{number // 1000:03}" / f"{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            for begin in range(0, size, MIB):
                file.write(rng.randbytes(min(MIB, size - begin)))


def safe_point(root):
    """`runner.safe` of the record, empty before the first."""
    try:
        return json.loads((root / "ml/output/job.json").read_text()).get("runner", {}).get("safe") or {}
    except FileNotFoundError:
        return {}


# MARK: Words


def median(costs, field):
    return statistics.median(getattr(cost, field) for cost in costs)


def right_of(costs):
    return f"{sum(cost.right for cost in costs)} of {len(costs)}"


def mib(count):
    return f"{count / MIB:.0f} MiB"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
