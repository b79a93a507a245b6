"""The part of bench.py about the script's life: signals, output, and what the runner itself takes meanwhile.

Each measurement starts the built program with a job on the local store, and measures from outside: a time stamp that
the script's handler takes, the time between the first and the last byte at the reader, utime and stime of the runner's
own process.
"""

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

MIB = 1 << 20
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SIGNALS = 200
OUTPUT_BYTES = 1 << 30
OUTPUT_SHARE_OF_PIPE = 0.95
OBSERVED_SECONDS = 60
IDLE_CPU_SHARE = 0.002
INIT_LIMIT_MIB = 4

# Waits for SIGUSR1 and writes when it came: what the handler of a script costs is not in it, and is the same for both.
WAITING = """\
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
stamps = open({stamps!r}, "w")
print("READY", os.getpid(), flush=True)
while True:
    signal.sigwait([signal.SIGUSR1])
    stamps.write(f"{{time.monotonic_ns()}}\\n"); stamps.flush()
"""
WRITING = "#!/bin/sh\nexec cat {data}\n"
IDLE = "import time\nprint('READY', flush=True)\ntime.sleep(1000)\n"
CHATTY = """\
import time
print("READY", flush=True)
start, number = time.monotonic(), 0
while True:
    number += 1
    print(f"iteration {number}: energy = -1.1372838344885023, gradient norm = 0.0031, shots = 1000, task 7")
    time.sleep(max(0, start + number / 1000 - time.monotonic()))
"""


def measure(report, job, put, work):
    """Adds the sections.

    job(script, entry point, *options) is the runner's command line, put(name, text, mode) puts a file into the store.
    """
    signals(report, job, put, work)
    outputs(report, job, put, work)
    own_cost(report, job, put, work)


# MARK: Signals


def signals(report, job, put, work):
    stamps = work / "stamps"
    put("waiting.py", WAITING.format(stamps=str(stamps)))
    rows = []
    medians = {}
    for name, label in (("direct", "kill(2) to the script itself"), ("runner", "**braket-runner**, which passes it on")):
        fresh(work)
        process = subprocess.Popen(
            [*job("waiting.py", "waiting", "--compression", "NONE")], stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            script = int(wait_for(process, rb"READY (\d+)").group(1))
            target = script if name == "direct" else process.pid
            taken = [latency(target, stamps, number) for number in range(SIGNALS)]
        finally:
            end(process)
        medians[name] = statistics.median(taken)
        rows.append([label, *(f"{value * 1000:.2f} ms" for value in (medians[name], percentile(taken, 0.99), max(taken)))])
    report.section(
        "Signals: from kill(2) to the script",
        f"{SIGNALS} times SIGUSR1, which the script takes with sigwait(2) and answers with a time stamp.",
        ["", "median", "99 %", "most"], rows,
    )  # fmt: skip
    report.target("a signal reaches the script within milliseconds (median)", f"{medians['runner'] * 1000:.2f} ms", medians["runner"] < 0.005)


def latency(target, stamps, number):
    time.sleep(0.01)
    begin = time.monotonic_ns()
    os.kill(target, signal.SIGUSR1)
    deadline = time.monotonic() + 10
    while len(lines := stamps.read_text().splitlines()) <= number or not lines[number]:
        if time.monotonic() > deadline:
            sys.exit("bench: a signal did not arrive")
        time.sleep(0.0002)
    return (int(lines[number]) - begin) / 1e9


# MARK: Output


def outputs(report, job, put, work):
    data = Path("/dev/shm/braket-bench-output")
    data.write_bytes(os.urandom(MIB) * (OUTPUT_BYTES // MIB))
    put("writing.sh", WRITING.format(data=data), 0o755)
    command = job("writing.sh", "writing.sh", "--compression", "NONE")
    contenders = {
        "pipe": ["cat", str(data)],
        "log": command,
        "no log": [*command, "--log-file", "none"],
    }
    labels = {"pipe": "a bare pipe", "log": "**braket-runner**, with its log", "no log": "**braket-runner** `--log-file none`"}
    times = {name: [] for name in contenders}
    try:
        names = list(contenders)
        for number in range(8):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                fresh(work)
                taken = reading(contenders[name])
                if number:
                    times[name].append(taken)
    finally:
        data.unlink()
    median = {name: statistics.median(values) for name, values in times.items()}
    report.section(
        "Output: 1 GiB through the runner",
        "The script is `cat` of a file in memory; a reader takes the output in reads of 1 MiB. From the first byte of it to the last.",
        ["", "median", "least", "MiB/s", "of the bare pipe"],
        [
            [labels[name], f"{median[name]:.2f} s", f"{min(values):.2f} s", f"{OUTPUT_BYTES / MIB / median[name]:,.0f}", f"{median['pipe'] / median[name]:.0%}"]
            for name, values in times.items()
        ],
    )  # fmt: skip
    share = median["pipe"] / median["log"]
    report.target(f"output at least {OUTPUT_SHARE_OF_PIPE:.0%} of a bare pipe's rate", f"{share:.0%}", share >= OUTPUT_SHARE_OF_PIPE)


def reading(command):
    """Seconds between the first MiB and the last byte of the script's output; the few lines before it are not waited for."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.fileno()
    count, begin, last = 0, None, None
    while piece := os.read(output, MIB):
        count += len(piece)
        if begin is None and count >= MIB:
            begin = time.monotonic()
        if last is None and count >= OUTPUT_BYTES:
            last = time.monotonic()
    process.wait()
    if process.returncode or last is None:
        sys.exit(f"bench: {command[0]} ended with {process.returncode} after {count} bytes")
    return last - begin


# MARK: The runner itself


def own_cost(report, job, put, work):
    put("idle.py", IDLE)
    put("chatty.py", CHATTY)
    rows = []
    shares = {}
    memory = {}
    for name, label in (("idle", "a script that sleeps"), ("chatty", "a script that writes 1,000 lines a second")):
        fresh(work)
        process = subprocess.Popen(
            job(f"{name}.py", name, "--compression", "NONE", "--checkpoints", "s3://amazon-braket-bench/checkpoints"),
            stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(process, rb"READY")
            drain(process, 5)
            before, begin = cpu(process.pid), time.monotonic()
            drain(process, OBSERVED_SECONDS)
            shares[name] = (cpu(process.pid) - before) / (time.monotonic() - begin)
            memory[name] = kib(process.pid, "status", "VmRSS:"), kib(process.pid, "smaps_rollup", "Pss:")
        finally:
            end(process)
        rss, pss = (f"{value / 1024:.1f} MiB" for value in memory[name])
        rows.append([label, f"{shares[name]:.2%}", f"{shares[name] * 3600:.1f} s", rss, pss])
    report.section(
        "The runner itself, while a script runs",
        f"With log, watch and checkpoints on, over {OBSERVED_SECONDS} seconds, of which the hour follows; the script's own are not counted.",
        ["", "of one core", "CPU an hour", "VmRSS", "Pss"], rows,
    )  # fmt: skip
    report.target(f"at most {IDLE_CPU_SHARE:.1%} of a core beside a script that sleeps", f"{shares['idle']:.2%}", shares["idle"] <= IDLE_CPU_SHARE)
    rss = max(value for value, _ in memory.values()) / 1024
    report.target("at most 16 MiB resident with log, watch and checkpoints", f"{rss:.1f} MiB", rss <= 16)
    init(report, job, work)


def init(report, job, work):
    """What PID 1 takes, in a pid namespace; needs root."""
    fresh(work)
    process = subprocess.Popen(
        ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", *job("idle.py", "idle", "--compression", "NONE")],
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(process, rb"READY")
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        pss = kib(first, "smaps_rollup", "Pss:") / 1024
        # unshare(1) itself ignores it.
        os.kill(first, signal.SIGTERM)
    finally:
        end(process)
    report.target(f"as PID 1 the init adds at most {INIT_LIMIT_MIB} MiB (Pss)", f"{pss:.1f} MiB", pss <= INIT_LIMIT_MIB)


def cpu(pid):
    """utime and stime of one process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def kib(pid, file, key):
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/{file}").read_text().splitlines() if line.startswith(key))


# MARK: Processes


def wait_for(process, pattern):
    """Reads the output until it has a text."""
    seen = b""
    while not (match := re.search(pattern, seen)):
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            sys.exit(f"bench: the script did not start: {seen.decode(errors='replace')}")
        seen += piece
    return match


def drain(process, seconds):
    """Reads the output for so long."""
    output = process.stdout.fileno()
    os.set_blocking(output, False)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            while os.read(output, 65536):
                pass
        except BlockingIOError:
            pass
        time.sleep(0.05)


def end(process):
    """Ends the job and its script, which has a session of its own."""
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGTERM)
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit("bench: the runner did not end")


def fresh(work):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
