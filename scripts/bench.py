#!/usr/bin/env python3
"""Measures the runner beside its peers: start, memory, the life of a script, unpacking, packing, input files, results,
checkpoints, many hosts, S3.

usage: bench.py RUNNER [--write FILE] [--only start,memory,life,unpack,pack,inputs,results,sending,checkpoints,hosts,s3]
                [--runs N] [--hosts 1,2,4,8]
                [--s3-servers null,null-tls,weed,weed-tls] [--s3-rows down1,up1,...] [--s3-clients runner,s5cmd,...]

Runs alternate: each round measures every contender once, in an order that turns, and the table shows medians. Every
time starts right before exec and ends at a time stamp which the script itself takes in its first line (CLOCK_MONOTONIC
in Python, CLOCK_BOOTTIME from /proc/uptime in sh), so nothing of the measuring program is in it. Data is made once,
from fixed seeds, below .bench. `make bench` builds what this needs. BENCH_SCALE=0.05 makes the data of `results` and
`checkpoints` so much smaller, to try a change of them.
"""

import argparse
import gzip
import io
import os
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import bench_checkpoints
import bench_hosts
import bench_life
import bench_results
import bench_s3

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / ".bench"
STORE = BENCH / "store"
BUCKET = STORE / "amazon-braket-bench"
WORK = BENCH / "work"
STAMP = WORK / "stamp"
PYTHON = os.path.realpath(sys.executable)
PEER = ROOT / "scripts/bench_peer_harness.py"
MIB = 1 << 20

START_MARGIN_MS = 20
MEMORY_LIMIT_MIB = 16
UNPACK_SHARE_OF_TAR = 0.5
UNPACK_FILES = 8_600
INPUT_FILES = 10_000
PACK_TIMES_OF_TAR = {"zlib": 4, "isal": 10}
PACK_MEMORY_MIB = 96
# Of each file; the rest is words as frequent as in a language. Makes gzip's ratio 1.7.
NOISE_SHARE = 0.37

FIRST_LINE = """\
import time; stamp = time.monotonic_ns()
with open({stamp!r}, "w") as file: file.write(str(stamp))
"""
SLEEP = """\
import time
with open({stamp!r}, "w") as file: file.write("1")
time.sleep(60)
"""
RESULTS = """\
import os, time
# The results are there already, as a link that is opened: making them is not what is measured.
results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
os.rmdir(results)
os.symlink({tree!r}, results)
stamp = time.monotonic_ns()
with open({stamp!r}, "w") as file: file.write(str(stamp))
"""
FIRST_LINE_SH = """\
#!/bin/sh
read -r up rest </proc/uptime; echo "$up" >'{stamp}'
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("runner", type=Path)
    parser.add_argument("--write", type=Path, help="the report; without it, standard output")
    parser.add_argument("--only", default="start,memory,life,unpack,pack,inputs,results,sending,checkpoints,hosts,s3")
    parser.add_argument("--runs", type=int, default=0, help="rounds of each part; default 21 of start, 3 of packing and large results, 5 of the others")
    parser.add_argument("--hosts", default=bench_hosts.DEFAULT_COUNTS, help="how many hosts the jobs of `hosts` have")
    parser.add_argument("--s3-servers", default=bench_s3.DEFAULT_SERVERS, help=f"of {', '.join(bench_s3.SERVERS)}")
    parser.add_argument("--s3-rows", default=",".join(bench_s3.ROWS), help=f"of {', '.join(bench_s3.ROWS)}")
    parser.add_argument("--s3-clients", default=",".join(bench_s3.CLIENTS), help=f"of {', '.join(bench_s3.CLIENTS)}")
    options = parser.parse_args()
    bench = Bench(options.runner.resolve(), options.runs, options)
    report = Report(options.runner.resolve())
    for part in options.only.split(","):
        say(f"{part} …")
        getattr(bench, part)(report)
    if options.write:
        report.keep(options.write)
    text = report.text()
    if options.write:
        options.write.write_text(text + kept_section(options.write), encoding="utf-8")
        say(f"written: {options.write}")
    print(text)
    shutil.rmtree(WORK, ignore_errors=True)


def kept_section(file):
    """What another program wrote into the report: the table of `make kill-matrix`, with its heading."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    begin, end = before.find("## What survives"), before.find("<!-- end of kill matrix -->")
    return "\n" + before[begin:end] + "<!-- end of kill matrix -->\n" if 0 <= begin < end else ""


class Bench:
    """The measurements; each adds its sections to a report."""

    def __init__(self, runner, runs, options):
        self.runner = str(runner)
        self.runs = runs
        self.options = options
        BUCKET.mkdir(parents=True, exist_ok=True)
        put("first.py", FIRST_LINE.format(stamp=str(STAMP)))
        put("sleep.py", SLEEP.format(stamp=str(STAMP)))
        put("run.sh", FIRST_LINE_SH.format(stamp=STAMP), mode=0o755)

    def job(self, script, entry_point, *more):
        """The runner's command line for a job on the local store, in a root that does not exist yet."""
        return [
            self.runner, "--script", f"s3://{BUCKET.name}/{script}", "--entry-point", entry_point, "--job-name", "bench",
            "--output", f"s3://{BUCKET.name}/out", "--storage", f"file:{STORE}", "--root", str(WORK / "root"),
            "--python", PYTHON, "--log-level", "error", *more,
        ]  # fmt: skip

    def start(self, report):
        script = str(BUCKET / "first.py")
        cold = {"PYTHONDONTWRITEBYTECODE": "1"}
        contenders = {
            "python": lambda: whole([PYTHON, "-c", "pass"]),
            "direct": lambda: first_line([PYTHON, script]),
            "runner": lambda: first_line(self.job("first.py", "first", "--compression", "NONE")),
        }
        for name, environment, folder in (("peer", {}, "peer"), ("peer cold", cold, "peer-no-byte-code")):
            python = BENCH / folder / "bin/python"
            if python.exists():
                command = [str(python), str(PEER), script, str(WORK / "peer")]
                contenders[name] = lambda command=command, environment=environment: first_line(command, environment)
        times = alternate(contenders, self.runs or 21)
        median = {name: statistics.median(values) for name, values in times.items()}
        added = (median["runner"] - median["python"]) * 1000
        report.section(
            "Start: from exec to the script's first line",
            "A script of one file (NONE) on a local store, in a new root: the runner finds the job's settings, makes the "
            "folders, copies and hashes the script, writes the record and starts Python. The harness on boto3 is "
            "`scripts/bench_peer_harness.py`: import, client, copy, child process. It is one process; the published "
            "container's chain starts several, and took 754 ms with byte code and 3,433 ms without on two cores when the "
            "project began (not measured here).",
            ["", "median", "least", "added to `python3 -c pass`", "added to no harness"],
            [
                [label, ms(median[name]), ms(min(times[name]))]
                + ["–" if name in ("python", "direct") else ms(median[name] - median[base]) for base in ("python", "direct")]
                for name, label in (
                    ("python", "`python3 -c pass`, whole"),
                    ("direct", "`python3 script.py`, no harness"),
                    ("runner", "**braket-runner**, Python script"),
                    ("peer", "harness on boto3, byte code present"),
                    ("peer cold", "harness on boto3, packages without byte code"),
                )
                if name in times
            ],
        )
        report.target(
            f"first line at most {START_MARGIN_MS} ms after `python3 -c pass`", f"{added:.1f} ms", added <= START_MARGIN_MS
        )

    def memory(self, report):
        contenders = {"runner": self.job("sleep.py", "sleep", "--compression", "NONE")}
        if (BENCH / "peer/bin/python").exists():
            contenders["peer"] = [str(BENCH / "peer/bin/python"), str(PEER), str(BUCKET / "sleep.py"), str(WORK / "peer")]
        samples = alternate(
            {name: lambda command=command: resident(command) for name, command in contenders.items()}, self.runs or 5
        )
        rows = []
        for name, label in (("runner", "**braket-runner**"), ("peer", "harness on boto3 (parent only)")):
            if name in samples:
                rss, pss = (statistics.median(values) / MIB for values in zip(*samples[name]))
                rows.append([label, f"{rss:.1f} MiB", f"{pss:.1f} MiB"])
        report.section(
            "Memory: what is held while the script sleeps",
            "Of the harness's own process, one second after the script's first line; the script's process is not counted.",
            ["", "VmRSS", "Pss"], rows,
        )  # fmt: skip
        rss = statistics.median(value for value, _ in samples["runner"]) / MIB
        report.target(f"at most {MEMORY_LIMIT_MIB} MiB resident", f"{rss:.1f} MiB", rss <= MEMORY_LIMIT_MIB)

    def life(self, report):
        bench_life.measure(report, self.job, put, WORK)

    def unpack(self, report):
        archive, unpacked = make_archive()
        target = WORK / "tree"
        contenders = {
            "runner": lambda: first_line(self.job(archive.name, "run.sh", "--compression", "GZIP"), clock=up_time),
            "tar": lambda: whole(["tar", "xzf", str(archive), "-C", str(target)], folder=target),
            "shutil": lambda: whole(
                [PYTHON, "-c", "import shutil, sys; shutil.unpack_archive(*sys.argv[1:], filter='data')", str(archive), str(target)],
                folder=target),
        }  # fmt: skip
        if shutil.which("bsdtar"):
            contenders["bsdtar"] = lambda: whole(["bsdtar", "-xzf", str(archive), "-C", str(target)], folder=target)
        if shutil.which("igzip"):
            pipe = f"igzip -dc '{archive}' | tar x -C '{target}'"
            contenders["igzip"] = lambda: whole(["bash", "-c", pipe], folder=target)
        times = alternate(contenders, self.runs or 5)
        median = {name: statistics.median(values) for name, values in times.items()}
        share = median["runner"] / median["tar"]
        report.section(
            "Unpacking: a tar.gz of 1 GiB in 8,600 files",
            f"{UNPACK_FILES:,} files of {unpacked / (1 << 30):.2f} GiB in all, noise and words; the archive has "
            f"{archive.stat().st_size / MIB:.0f} MiB (ratio {unpacked / archive.stat().st_size:.2f}). The runner's time is that of "
            "the whole start: fetch from the store, sha256, unpacking with all its checks, the script's first line. The files "
            "are in the page cache before, and what was written is synced and removed between runs.",
            ["", "median", "least", "MiB/s unpacked", "of tar's time"],
            [
                [label, f"{median[name]:.2f} s", f"{min(times[name]):.2f} s", f"{unpacked / MIB / median[name]:.0f}", f"{median[name] / median['tar']:.0%}"]
                for name, label in (
                    ("runner", "**braket-runner**, exec to the script's first line"),
                    ("tar", "`tar xzf`"),
                    ("bsdtar", "`bsdtar -xzf`"),
                    ("shutil", "Python's `shutil.unpack_archive`"),
                    ("igzip", "`igzip -dc \\| tar x`"),
                )
                if name in times
            ],
        )
        report.target(f"at most {UNPACK_SHARE_OF_TAR:.0%} of `tar xzf`", f"{share:.0%}", share <= UNPACK_SHARE_OF_TAR)

    def pack(self, report):
        archive, size = make_archive()
        tree = BENCH / "pack-tree"
        if not tree.exists():
            part = BENCH / "pack-tree.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            subprocess.run(["tar", "xzf", str(archive), "-C", str(part)], check=True)
            part.rename(tree)
        # The script's time ends when its results are in place; what follows, to the runner's end, is the packing.
        put("results.py", RESULTS.format(tree=str(tree), stamp=str(STAMP)))
        peak = {}

        def runner(engine):
            command = self.job("results.py", "results", "--compression", "NONE", "--deflate", engine)
            return packing(command, lambda value: peak.setdefault(engine, []).append(value))

        target = str(WORK / "a.tar.gz")
        tar = ["tar", "-C", str(tree), "-cf", "-", "."]
        code = "import sys, tarfile; t = tarfile.open(sys.argv[2], 'w:gz'); t.add(sys.argv[1], ''); t.close()"
        contenders = {
            "isal": lambda: runner("isal"),
            "zlib": lambda: runner("zlib"),
            "tar": lambda: whole(["tar", "-C", str(tree), "-czf", target, "."]),
            "python": lambda: whole([PYTHON, "-c", code, str(tree), target]),
        }
        for name, program in (("pigz", "pigz -1"), ("igzip", "igzip -1")):
            if shutil.which(name):
                pipe = f"{' '.join(tar)} | {program} >{target}"
                contenders[name] = lambda pipe=pipe: whole(["bash", "-c", pipe])
        # tar and Python take a minute each.
        times = alternate(contenders, self.runs or 3)
        median = {name: statistics.median(values) for name, values in times.items()}
        labels = {
            "isal": "**braket-runner** with ISA-L", "zlib": "**braket-runner** with zlib", "tar": "`tar czf`",
            "python": "Python's tarfile", "pigz": "`tar \\| pigz -1`", "igzip": "`tar \\| igzip -1`",
        }  # fmt: skip
        report.section(
            "Packing: 1 GiB in 8,600 files",
            f"The results folder of a job holds {size / (1 << 30):.2f} GiB of noise and words and becomes a tar.gz in a local store. The "
            "runner's time is that from the script's last line to the runner's end. The files are in the page cache before.",
            ["", "median", "least", "MiB/s", "times as fast as `tar czf`", "peak memory"],
            [
                [
                    labels[name], f"{median[name]:.2f} s", f"{min(values):.2f} s", f"{size / MIB / median[name]:.0f}",
                    f"{median['tar'] / median[name]:.1f}", f"{max(peak[name]) / MIB:.0f} MiB" if name in peak else "–",
                ]
                for name, values in times.items()
            ],
        )  # fmt: skip
        for engine, least in PACK_TIMES_OF_TAR.items():
            faster = median["tar"] / median[engine]
            report.target(f"packing with {engine} at least {least} times as fast as `tar czf`", f"{faster:.1f}", faster >= least)
        memory = max(max(values) for values in peak.values()) / MIB
        report.target(f"packing in at most {PACK_MEMORY_MIB} MiB", f"{memory:.0f} MiB", memory <= PACK_MEMORY_MIB)

    def inputs(self, report):
        folder, size = make_inputs()
        target = WORK / "tree"
        job = self.job("first.py", "first", "--compression", "NONE", "--input", f"data=s3://{BUCKET.name}/{folder.name}/")
        times = alternate(
            {
                "runner": lambda: first_line(job),
                "cp": lambda: whole(["cp", "-r", str(folder), str(target)], folder=target),
            },
            self.runs or 5,
        )
        median = {name: statistics.median(values) for name, values in times.items()}
        report.section(
            "Inputs: 10,000 files from a local store",
            f"{INPUT_FILES:,} files of {size / MIB:.0f} MiB in all, in 100 folders. The runner's time is that of the whole "
            "start with this one channel, Python's own start included.",
            ["", "median", "least", "files/s"],
            [
                [label, f"{median[name]:.2f} s", f"{min(times[name]):.2f} s", f"{INPUT_FILES / median[name]:,.0f}"]
                for name, label in (("runner", "**braket-runner**, exec to the script's first line"), ("cp", "`cp -r`"))
            ],
        )
        report.target("files/s against `cp -r` (no limit set)", f"{median['cp'] / median['runner']:.2f} times", None)

    def results(self, report):
        bench_results.measure(report, self.runner, self.runs, alternate, WORK)

    def sending(self, report):
        bench_results.measure_sending(report, self.runner, self.runs, alternate, WORK)

    def checkpoints(self, report):
        bench_checkpoints.measure(report, self.runner, self.runs, alternate, WORK)

    def hosts(self, report):
        counts = [int(count) for count in self.options.hosts.split(",")]
        bench_hosts.measure(report, self.runner, self.runs, alternate, counts)

    def s3(self, report):
        options = self.options
        bench_s3.measure(report, self.runner, self.runs, options.s3_servers, options.s3_rows, options.s3_clients)


class Report:
    """BENCHMARKS.md."""

    def __init__(self, runner):
        self.runner = runner
        self.sections = []
        self.targets = []

    def section(self, title, method, header, rows):
        when = f"Measured on {time.strftime('%Y-%m-%d', time.gmtime())}."
        self.sections.append(f"## {title}\n\n{wrapped(method + ' ' + when)}\n\n{table(header, rows)}\n")

    def target(self, text, measured, met):
        self.targets.append([text, measured, "–" if met is None else "met" if met else "**missed**"])

    def keep(self, file):
        """Takes over what an earlier report has and this run did not measure: `--only` measures a part anew."""
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        measured = {row[0].partition(":")[0] for row in self.targets}
        title = lambda section: section.splitlines()[0]
        titles = {title(section) for section in self.sections} | {"## The machine"}
        for line in before.partition("\n## ")[0].splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if len(cells) == 3 and cells[0] not in ("target", "---") and cells[0].partition(":")[0] not in measured:
                self.targets.append(cells)
        for section in re.split(r"\n(?=## )", before)[1:]:
            if title(section) not in titles and not title(section).startswith("## What survives"):
                self.sections.append(section.rstrip("\n") + "\n")

    def text(self):
        return "\n".join(
            [
                "# Benchmarks\n",
                wrapped(
                    "Written by `make bench` (`scripts/bench.py`, where each measurement can be read; `--only` measures a part anew and "
                    "keeps the others). Contenders take turns in the same run on the same machine; the tables show medians. Page caches are warm: programs and data "
                    "have been read before."
                )
                + "\n",
                table(["target", "measured", ""], self.targets) + "\n",
                *self.sections,
                "## The machine\n",
                table(["", ""], machine(self.runner)) + "\n",
            ]
        )


def alternate(contenders, runs):
    """Measures each contender once a round, in an order that turns; a first round that is not counted warms up."""
    results = {name: [] for name in contenders}
    names = list(contenders)
    for round_number in range(runs + 1):
        turn = round_number % len(names)
        for name in names[turn:] + names[:turn]:
            shutil.rmtree(WORK, ignore_errors=True)
            shutil.rmtree(BUCKET / "out", ignore_errors=True)
            WORK.mkdir(parents=True)
            os.sync()
            value = contenders[name]()
            if round_number > 0:
                results[name].append(value)
    return results


def first_line(command, environment=None, clock=time.monotonic):
    """Seconds from exec to the stamp that the script wrote."""
    begin = clock()
    run(command, environment)
    text = STAMP.read_text()
    return (float(text) if clock is up_time else int(text) / 1e9) - begin


def packing(command, note_peak):
    """Seconds from the stamp that the script wrote to the command's end; notes the command's own peak of memory."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, proc_value(process.pid, "status", "VmHWM"))
        except (OSError, LookupError, ValueError, StopIteration):
            pass
        time.sleep(0.02)
    end = time.monotonic()
    if process.returncode:
        sys.exit(f"bench: {command[0]} ended with {process.returncode}")
    note_peak(peak)
    return end - int(STAMP.read_text()) / 1e9


def up_time():
    """The clock of /proc/uptime."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def whole(command, folder=None):
    """Seconds from exec to the end."""
    if folder is not None and command[0] != "cp":
        folder.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    run(command)
    return time.monotonic() - begin


def run(command, environment=None):
    log = WORK / "log"
    with open(log, "wb") as output:
        process = os.posix_spawnp(
            command[0], command, {**os.environ, **(environment or {})},
            file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)])  # fmt: skip
        _, status = os.waitpid(process, 0)
    if status != 0:
        sys.exit(f"{command[:8]} ended with status {status}:\n{log.read_text(errors='replace')[-2000:]}")


def resident(command):
    """VmRSS and Pss in bytes of a harness whose script sleeps."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while not STAMP.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[:8]}: the script did not start")
            time.sleep(0.01)
        time.sleep(1)
        rss = proc_value(process.pid, "status", "VmRSS:")
        pss = proc_value(process.pid, "smaps_rollup", "Pss:")
    finally:
        # The script has a process group of its own, in the same session.
        for pid in session(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
    return rss, pss


def session(leader):
    """The processes of a session."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getsid(int(entry)) == leader:
                    found.append(int(entry))
            except ProcessLookupError:
                continue
    return found


def proc_value(pid, file, key):
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise LookupError(f"{key} in /proc/{pid}/{file}")


def put(name, text, mode=0o644):
    path = BUCKET / name
    path.write_text(text)
    path.chmod(mode)


def make_archive():
    """A tar.gz of 1 GiB in 8,600 files and run.sh; its unpacked size too."""
    path = BUCKET / f"tree-{UNPACK_FILES}-{NOISE_SHARE}.tar.gz"
    total = 1 << 30
    if path.exists():
        return path, total
    say("making the archive (once, about a minute)")
    rng = random.Random(1967)
    words = ["".join(rng.choices("etaoinshrdlucmfw", k=rng.randint(2, 9))) for _ in range(4_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    pool = " ".join(rng.choices(words, weights, k=3_000_000)).encode()
    noise = rng.randbytes(16 * MIB)
    sizes = [int(total / UNPACK_FILES * rng.uniform(0.2, 1.8)) for _ in range(UNPACK_FILES - 1)]
    sizes.append(total - sum(sizes))
    part = path.with_suffix(".part")
    with open(part, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed, tarfile.open(
        fileobj=packed, mode="w", format=tarfile.GNU_FORMAT
    ) as tar:
        add(tar, "run.sh", FIRST_LINE_SH.format(stamp=STAMP).encode(), 0o755)
        for number, size in enumerate(sizes):
            dense = int(size * NOISE_SHARE)
            a, b = rng.randrange(len(noise) - dense), rng.randrange(len(pool) - size)
            add(tar, f"data/{number % 86:02}/{number:05}.bin", noise[a : a + dense] + pool[b : b + size - dense], 0o644)
    part.rename(path)
    return path, total


def add(tar, name, content, mode):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def make_inputs():
    """A folder of 10,000 files of 1 to 16 KiB; their size too."""
    folder = BUCKET / "files"
    rng = random.Random(1967)
    sizes = [rng.randint(1 << 10, 16 << 10) for _ in range(INPUT_FILES)]
    if not (folder / "99/9999.bin").exists():
        for number, size in enumerate(sizes):
            path = folder / f"{number // 100:02}/{number:04}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(rng.randbytes(size))
    return folder, sum(sizes)


def machine(runner):
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").open() if line.startswith("model name")), platform.machine())
    memory = proc_total()
    file_system = output(["df", "--output=fstype", str(BENCH)]).splitlines()[-1]
    system = next((line.partition("=")[2].strip().strip('"') for line in Path("/etc/os-release").open() if line.startswith("PRETTY_NAME")), "?")
    revision = output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])
    return [
        ["date", time.strftime("%Y-%m-%d", time.gmtime())],
        ["processor", f"{cpu}, {len(os.sched_getaffinity(0))} cores"],
        ["memory", f"{memory / (1 << 30):.0f} GiB"],
        ["system", f"{system}, Linux {platform.release()}, {file_system}"],
        ["Swift", output(["swift", "--version"]).splitlines()[0]],
        ["Python", platform.python_version()],
        ["tar", output(["tar", "--version"]).splitlines()[0]],
        *bench_s3.versions(),
        ["braket-runner", f"{output([str(runner), '--version'])} ({revision}), {runner.stat().st_size / MIB:.1f} MiB"],
    ]


def proc_total():
    return next(int(line.split()[1]) * 1024 for line in Path("/proc/meminfo").open() if line.startswith("MemTotal"))


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip() or "?"


def ms(seconds):
    return f"{seconds * 1000:,.1f} ms"


def table(header, rows):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def wrapped(text, width=118):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
