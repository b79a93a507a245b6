"""The part of bench.py about checkpoints: how far the store is behind the script, what a look costs, and a restore.

The lag is that from the script's last rename(2) to the moment the record says that all is safe; restores end at the
script's first line. Store and clients are those of the S3 part: SeaweedFS on loopback, in memory. What was stored, and
each restored tree, is compared with what it came from.
"""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bench_life
import bench_s3
from bench_jobs import (
    MIB, S5CMD, SCALE, Cost, environment_of, fresh, job, median, mib, right_of, safe_point, say, scale_note, scaled,
    status_bytes, watched, write_noise,
)  # fmt: skip

GB = 10**9
MEMORY_LIMIT_MIB = 96
SCAN_LIMIT_MS = 20
SCAN_FILES = 10_000
SCAN_SECONDS = max(2, round(20 * SCALE))
SETTLE_SECONDS = 3
# Of looks and of the lag, whose runs take longer than 5 s, and of restores.
LONG_ROUNDS = 3
ROUNDS = 5
LOOK_SECONDS = 0.02
TIMEOUT = 600
AWS = str(bench_s3.PEERS / "aws")

TREES = {"large": (16, 64 * MIB), "many": (10_000, 16 << 10)}
LABELS = {"large": "1 GiB in 16 files", "many": "10,000 files of 16 KiB"}

# Of the row in which the script does not write all at once: one file in so many seconds.
PACE_SECONDS = 0.5

# Reads from memory and renames each file when it is whole, as frameworks do.
WRITING = """\
import os, shutil, time
folder, source = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"], {source!r}
begin = time.monotonic()
for parent, _, names in os.walk(source):
    place = os.path.join(folder, os.path.relpath(parent, source))
    os.makedirs(place, exist_ok=True)
    for name in sorted(names):
        time.sleep({pace})
        shutil.copyfile(os.path.join(parent, name), os.path.join(place, name + ".tmp"))
        os.rename(os.path.join(place, name + ".tmp"), os.path.join(place, name))
end = time.monotonic()
with open({stamp!r} + ".part", "w") as file: file.write(f"{{begin}} {{end}}")
os.rename({stamp!r} + ".part", {stamp!r})
time.sleep({rest})
"""
SCANNED = """\
import os, time
folder = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
for number in range({files}):
    with open(os.path.join(folder, f"{{number:05}}.ckpt"), "w") as file: file.write(f"checkpoint {{number}}")
with open({stamp!r}, "w") as file: file.write("1")
time.sleep(1000)
"""
# The runner is the script's parent: what it has taken up to this line is the restore's.
RESTORED = """\
import time; now = time.monotonic()
import os
runner = os.getppid()
with open(f"/proc/{{runner}}/stat") as file: fields = file.read().rpartition(")")[2].split()
cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
with open(f"/proc/{{runner}}/status") as file:
    peak = next(line.split()[1] for line in file if line.startswith("VmHWM:"))
with open({stamp!r}, "w") as file: file.write(f"{{now}} {{runner}} {{cpu}} {{peak}}")
"""

LAG = """
The script copies 1 GiB in 16 files from memory into the checkpoint folder, each renamed when it is whole, in
{burst:.2f} s without a pause or in {paced:.2f} s with one before each file; the lag is the time from the last rename
to the record's word that all of it is safe as one set: a second of quiet, all bytes hashed and sent under the name of
their content, the manifest, a copy in the store for each plain name. CPU and memory are the runner's from its start
to that moment. Below, what the same bytes take by clients that only copy, when all is there. All into SeaweedFS,
signed, over plain HTTP. Right: by names and SHA-256 of the plain names.
"""
RESTORE = """
Into a new folder from SeaweedFS, over plain HTTP. The runner restores the set that a job of its own stored: settings,
listing, manifest, all bytes fetched and their SHA-256 compared, names given, Python's start. The others have the same
files under plain names and compare no content. CPU and peak memory are the runner's own up to the first line; those
of the others of all their processes. Right: trees that were the same byte for byte.
"""
SCAN = """
{files:,} small files that do not change, with `--checkpoint-interval 1`: a look each second. CPU of the runner's
process over {seconds} seconds, after the first sets are stored (in a local store); what an empty folder takes is that
of everything else.
"""


def measure(report, runner, runs, alternate, work):
    """Adds the sections; alternate(contenders, runs) takes turns and empties the work folder before each."""
    folder = bench_s3.make_folder()
    try:
        for name, (files, size) in TREES.items():
            # Fewer of the many, smaller ones of the few.
            files, size = (scaled(files), size) if files > 16 else (files, scaled(size))
            write_noise(folder / name, files, size, random.Random(1967))
        with bench_s3.SeaweedFS() as weed:
            bench = Bench(runner, work, folder, weed.as_server(False))
            lag(report, alternate(bench.lag_contenders(), runs or LONG_ROUNDS), sum(bench.large.values()))
            for name in TREES:
                bench.store(name)
            restored = {name: alternate(bench.restore_contenders(name), runs or ROUNDS) for name in TREES}
    finally:
        shutil.rmtree(folder)
    restore(report, restored)
    folders = {"empty": 0, "full": scaled(SCAN_FILES)}
    contenders = {name: lambda files=files: scanned(runner, work, files) for name, files in folders.items()}
    scan(report, alternate(contenders, runs or LONG_ROUNDS))


class Bench:
    """Lag and restore against one server."""

    def __init__(self, runner, work, folder, server):
        self.runner, self.work, self.folder, self.server = str(runner), work, folder, server
        self.root = work / "inside/root"
        self.stamp = work / "stamp"
        # Size by name.
        self.large = sizes_of(folder / "large")
        # The bucket that has a tree, as a set of the runner's and as plain objects.
        self.buckets = {}

    def job(self, script, bucket, checkpoints):
        return job(self.runner, script, bucket, self.root, "--checkpoints", f"s3://{bucket}/{checkpoints}")

    def environment(self):
        return environment_of(self.server, self.work / "inside")

    def script(self, text, **values):
        path = self.work / "script.py"
        path.write_text(text.format(stamp=str(self.stamp), **values))
        return path

    # MARK: Lag

    def lag_contenders(self):
        source = f"{self.folder / 'large'}/"
        transfer = lambda target: [self.runner, "transfer", source, target]
        s5cmd = lambda target: [S5CMD, "--log", "error", "cp", source, target]
        return {
            "burst": lambda: self.lag_once(0), "paced": lambda: self.lag_once(PACE_SECONDS),
            "transfer": lambda: self.send(transfer), "s5cmd": lambda: self.send(s5cmd),
        }  # fmt: skip

    def lag_once(self, pace):
        """The lag as `wall`, and as `packing` what the script took to write."""
        bucket = self.server.fresh_bucket()
        script = self.script(WRITING, source=str(self.folder / "large"), pace=pace, rest=1000)
        before = self.server.cpu()
        process = start(self.job(script, bucket, "set"), self.environment(), self.work / "log")
        try:
            seconds = wait_until_safe(process, self.root, self.stamp, len(self.large), sum(self.large.values()))
            cost = Cost(seconds, bench_life.cpu(process.pid), status_bytes(process.pid, "VmHWM"))
        finally:
            bench_life.end(process)
        begin, end = map(float, self.stamp.read_text().split())
        cost.wall, cost.packing, cost.server = seconds - end, end - begin, self.server.cpu() - before
        cost.right = self.is_stored(bucket, "set/")
        self.server.drop_bucket(bucket)
        say(f"lag: {cost.wall:.2f} s ({pace:g} s a file) after {cost.packing:.2f} s of writing, {cost.cpu:.2f} CPU s, "
            f"{mib(cost.memory)}{'' if cost.right else ' NOT RIGHT'}")  # fmt: skip
        return cost

    def send(self, command_to):
        """The same bytes, all there at once, sent by a client that keeps no sets."""
        bucket = self.server.fresh_bucket()
        before = self.server.cpu()
        cost = watched(command_to(f"s3://{bucket}/plain/"), self.environment(), self.work / "inside")
        cost.server = self.server.cpu() - before
        cost.right = self.is_stored(bucket, "plain/")
        self.server.drop_bucket(bucket)
        say(f"sent: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s, {mib(cost.memory)}{'' if cost.right else ' NOT RIGHT'}")
        return cost

    def is_stored(self, bucket, prefix):
        """Whether a prefix has the large tree under its plain names, by size and SHA-256."""
        ask = self.server.weed.ask
        objects = ask(op="list", bucket=bucket, prefix=prefix)
        found = {item["key"].removeprefix(prefix): item["size"] for item in objects}
        found = {name: size for name, size in found.items() if not name.startswith(".braket-runner/")}
        stored = lambda name: ask(op="digest", bucket=bucket, key=prefix + name)["sha256"]
        return found == self.large and all(
            stored(name) == bench_s3.digest(self.folder / "large" / name) for name in found)  # fmt: skip

    # MARK: Restore

    def store(self, name):
        """Stores a tree twice: by a job, and by s5cmd under plain names for clients that know no sets."""
        say(f"storing {LABELS[name]}")
        fresh(self.work)
        bucket = self.buckets[name] = self.server.fresh_bucket()
        script = self.script(WRITING, source=str(self.folder / name), pace=0, rest=0)
        watched(self.job(script, bucket, "set"), self.environment(), self.work / "inside")
        command = [S5CMD, "--log", "error", "cp", f"{self.folder / name}/", f"s3://{bucket}/plain/"]
        subprocess.run(command, env=self.environment(), check=True)

    def restore_contenders(self, name):
        plain, target = f"s3://{self.buckets[name]}/plain/", self.work / "inside/target"
        commands = {
            "s5cmd": [S5CMD, "--log", "error", "sync", f"{plain}*", f"{target}/"],
            "aws": [AWS, "s3", "sync", plain, str(target), "--only-show-errors"],
        }
        others = {
            client: lambda command=command: self.sync(name, command, target) for client, command in commands.items()
        }  # fmt: skip
        return {"runner": lambda: self.restore_once(name), **others}

    def restore_once(self, name):
        script = self.script(RESTORED)
        begin = time.monotonic()
        process = start(self.job(script, self.buckets[name], "set"), self.environment(), self.work / "log")
        status = process.wait(TIMEOUT)
        first_line, runner, cpu, peak = self.stamp.read_text().split() if self.stamp.exists() else (0, 0, 0, 0)
        if status or int(runner) != process.pid:
            log = (self.work / "log").read_text(errors="replace")[-2000:]
            sys.exit(f"bench: the restore ended with {status}:\n{log}")
        cost = Cost(float(first_line) - begin, float(cpu), int(peak) * 1024)
        return self.compared(name, cost, "runner", self.root / "braket/checkpoints")

    def sync(self, name, command, target):
        target.mkdir(parents=True)
        cost = watched(command, self.environment(), self.work / "inside", counts_children=True)
        return self.compared(name, cost, Path(command[0]).name, target)

    def compared(self, name, cost, client, folder):
        cost.right = bench_s3.is_same(self.folder / name, folder)
        say(f"restore {name} {client}: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s, {mib(cost.memory)}"
            f"{'' if cost.right else ' NOT RIGHT'}")  # fmt: skip
        return cost


def sizes_of(folder):
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def start(command, environment, log):
    with open(log, "wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
            start_new_session=True)  # fmt: skip


def wait_until_safe(process, root, stamp, files, size=None):
    """When, by the monotonic clock, the record says of all files that they are safe; not before the script is done."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"bench: the checkpoints did not become safe: {safe_point(root)}")
        point = safe_point(root) if stamp.exists() else {}
        now = time.monotonic()
        if (point.get("files"), point.get("safeFiles"), point.get("lagBytes")) == (files, files, 0):
            if size in (None, point["bytes"]):
                return now
        time.sleep(LOOK_SECONDS)


# MARK: Scan


def scanned(runner, work, files):
    """CPU seconds a second of the runner beside a script whose checkpoints do not change."""
    script, stamp, root, store = work / "scanned.py", work / "stamp", work / "root", work / "store"
    script.write_text(SCANNED.format(files=files, stamp=str(stamp)))
    more = ["--checkpoints", "s3://bench/set", "--checkpoint-interval", "1"]
    process = start(job(runner, script, "bench", root, *more, storage=f"file:{store}"), None, work / "log")
    try:
        if files:
            wait_until_safe(process, root, stamp, files)
        time.sleep(SETTLE_SECONDS)
        generation = safe_point(root).get("generation")
        before, begin = bench_life.cpu(process.pid), time.monotonic()
        time.sleep(SCAN_SECONDS)
        share = (bench_life.cpu(process.pid) - before) / (time.monotonic() - begin)
        memory = status_bytes(process.pid, "VmRSS")
        if safe_point(root).get("generation") != generation:
            sys.exit(f"bench: a set was stored meanwhile, so the folder was not unchanged: {safe_point(root)}")
    finally:
        bench_life.end(process)
    say(f"scan of {files:,} files: {share:.4f} CPU s a second, {mib(memory)}")
    return Cost(0, share, memory)


# MARK: Report


def lag(report, results, size):
    labels = {
        "burst": "**braket-runner**, lag after a burst",
        "paced": f"**braket-runner**, lag after a file each {PACE_SECONDS:g} s",
        "transfer": "all of it by `braket-runner transfer`", "s5cmd": "all of it by `s5cmd cp`",
    }  # fmt: skip
    writing = {name: median(results[name], "packing") for name in ("burst", "paced")}
    a_gb = lambda name: f"{median(results[name], 'wall') * GB / size:.2f} s"
    report.section(
        "Checkpoints: how far the store is behind the script", LAG.format(**writing) + scale_note(),
        ["", "median", "least", "seconds a GB", "CPU", "peak memory", "server's CPU", "right"],
        [
            [labels[name], *times_of(costs), a_gb(name), *use_of(costs), f"{median(costs, 'server'):.2f} s",
             right_of(costs)]
            for name, costs in results.items()
        ],
    )  # fmt: skip
    report.target("lag of checkpoints a GB into SeaweedFS, after a burst (no limit set)", a_gb("burst"), None)
    report.target("lag of checkpoints a GB into SeaweedFS, after slow writing (no limit set)", a_gb("paced"), None)
    memory_target(report, "storing checkpoints", results["burst"] + results["paced"])


def restore(report, restored):
    labels = {
        "runner": "**braket-runner**, exec to the script's first line", "s5cmd": "`s5cmd sync`", "aws": "`aws s3 sync`",
    }  # fmt: skip
    rows = []
    ours = []
    for name, results in restored.items():
        for client, costs in results.items():
            rows.append([LABELS[name], labels[client], *times_of(costs), *use_of(costs), right_of(costs)])
        ours += results["runner"]
        best = min(median(results[client], "wall") for client in ("s5cmd", "aws"))
        wall = median(results["runner"], "wall")
        is_right = all(cost.right for cost in results["runner"])
        report.target(
            f"restore of {LABELS[name]} no slower than the faster of `aws s3 sync` and `s5cmd sync`: {best:.2f} s",
            f"{wall:.2f} s", is_right and wall <= best,
        )  # fmt: skip
    header = ["", "", "median", "least", "CPU", "peak memory", "right"]
    report.section("Checkpoints: restore", RESTORE + scale_note(), header, rows)
    memory_target(report, "restoring checkpoints", ours)


def scan(report, results):
    share = {name: median(costs, "cpu") for name, costs in results.items()}
    rate = share["full"] - share["empty"]
    # The next look begins a second after the last one's end.
    look_ms = rate / (1 - rate) * 1000
    files = scaled(SCAN_FILES)
    report.section(
        "Checkpoints: what a look costs", SCAN.format(files=files, seconds=SCAN_SECONDS) + scale_note(),
        ["", "CPU a second", "VmRSS"],
        [
            [label, f"{share[name] * 1000:.1f} ms", mib(max(cost.memory for cost in results[name]))]
            for name, label in (("empty", "an empty folder"), ("full", f"{files:,} files"))
        ],
    )  # fmt: skip
    report.target(
        f"a look at {SCAN_FILES:,} unchanged checkpoint files under {SCAN_LIMIT_MS} ms of CPU",
        f"{look_ms:.1f} ms", look_ms < SCAN_LIMIT_MS)  # fmt: skip


def times_of(costs):
    return [f"{median(costs, 'wall'):.2f} s", f"{min(cost.wall for cost in costs):.2f} s"]


def use_of(costs):
    return [f"{median(costs, 'cpu'):.2f} s", mib(max(cost.memory for cost in costs))]


def memory_target(report, what, costs):
    memory = max(cost.memory for cost in costs) / MIB
    report.target(f"{what} in at most {MEMORY_LIMIT_MIB} MiB", f"{memory:.0f} MiB", memory <= MEMORY_LIMIT_MIB)
