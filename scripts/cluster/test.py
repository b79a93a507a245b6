#!/usr/bin/env python3
"""Tests jobs of several hosts on real networks: `make test-cluster`.

usage: test.py RUNNER [--only WORD] [--stagger SECONDS]

Each case is a function; what it measures is printed behind its name. The last line is `N passed, N failed`, and where
namespaces cannot be made it says so and ends with success.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import datetime

from hosts import ROOT, Cluster, can_make_namespaces, wait_until
from jobs import Job

# From a fault to the clean end of the last host that lives.
MOST_SECONDS = 10
CASES = []


def case(hosts=3, **options):
    def add(function):
        CASES.append((function.__name__, function, hosts, options))
        return function
    return add


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def ended_together(job, lost, since, host, words, codes=None):
    """All hosts but the lost one end in time, with one verdict that names a host, and everything stored."""
    living = [number for number in job.numbers if number != lost]
    seconds = job.wait(living) - since
    check(seconds < MOST_SECONDS, f"the last host ended {seconds:.1f} s after the fault")
    for number in living:
        sentence = job.sentence(number)
        check(sentence.startswith(f"{host} "), f"algo-{number}: {sentence!r}")
        check(any(word in sentence for word in words), f"algo-{number}: {sentence!r}")
        check(job.codes[number] != 0, f"algo-{number} ended with 0")
        check(codes is None or job.codes[number] in codes, f"algo-{number} ended with {job.codes[number]}")
        failure = os.path.join(job.cluster.hosts[number - 1].folder, "ml", "output", "failure")
        check(os.path.getsize(failure) > 0, f"algo-{number} has no failure text")
        checkpoint = job.stored("checkpoints", f"step-algo-{number}.txt")
        check(os.path.exists(checkpoint), f"no checkpoint of algo-{number}")
        check(os.path.exists(job.stored("out", "output", "logs", f"algo-{number}")) or job.launch != "none",
              f"no log of algo-{number}")
    if lost != 1:
        files = job.archive("out", "output", "model.tar.gz")
        check(all(f"of-algo-{number}.txt" in files for number in living), f"model.tar.gz has {sorted(files)}")
    return f"{seconds:.1f} s"


def in_seconds(clock):
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


# Success


@case()
def none_in_lock_step_with_one_set_of_results(job):
    job.start_all()
    job.go()
    since = time.monotonic()
    seconds = job.wait() - since
    check(set(job.codes.values()) == {0}, f"codes {job.codes}: {job.log(1)[-800:]}")
    files = job.archive("out", "output", "model.tar.gz")
    check({f"of-algo-{number}.txt" for number in (1, 2, 3)} <= set(files), f"model.tar.gz has {sorted(files)}")
    check(files["same.txt"] == "algo-1", "the leader does not win a clash")
    check(files.get("same.txt.algo-2") == "algo-2" and files.get("same.txt.algo-3") == "algo-3", f"{sorted(files)}")
    check(not os.path.exists(job.stored("out", "output", "hosts", "algo-2", "model.tar.gz")), "a part is left")
    folder = job.stored("checkpoints", ".braket-runner", "generations")
    with open(os.path.join(folder, max(os.listdir(folder)))) as file:
        manifest = json.load(file)
    listed = {entry["path"]: entry["host"] for entry in manifest["entries"]}
    check(listed == {f"step-algo-{number}.txt": f"algo-{number}" for number in job.numbers}, f"the set has {listed}")
    check(all(os.path.exists(job.stored("checkpoints", name)) for name in listed), "not all are at their plain names")
    hosts = job.record(1)["runner"]["hosts"]
    check([host["host"] for host in hosts] == ["algo-1", "algo-2", "algo-3"], f"{hosts}")
    check(all("script" in host for host in hosts[1:]), "a host's part is missing")
    return f"end {seconds:.1f} s"


@case(launch="auto-mpi", ranks=2, mpi="yes")
def mpi_broadcast_and_reduce(job):
    job.start_all()
    job.go()
    since = time.monotonic()
    seconds = job.wait() - since
    check(set(job.codes.values()) == {0}, f"codes {job.codes}: {job.log(1)[-1500:]}")
    log = job.log(1)
    for rank in range(6):
        line = f"rank {rank} of 6 on algo-{rank // 2 + 1} word 15 cluster-job"
        check(line in log, f"no line {line!r} in {log[-1500:]}")
    left = [host.name for host in job.cluster.hosts[:3] if host.processes()]
    check(not left, f"processes are left on {left}")
    check("PRIVATE KEY" not in "".join(job.log(number) for number in job.numbers), "a key is in a log")
    return f"end {seconds:.1f} s"


@case(launch="auto-mpi", ranks=2, mpi="yes", managed=True)
def mpi_where_the_platform_stores(job):
    job.start_all()
    job.go()
    job.wait()
    check(set(job.codes.values()) == {0}, f"codes {job.codes}: {job.log(1)[-1500:]}")
    for rank in range(6):
        check(f"[1,{rank}]<stdout>:rank {rank} of 6 on algo-{rank // 2 + 1} word 15" in job.log(1), job.log(1)[-1500:])
    for number in job.numbers:
        model = os.path.join(job.cluster.hosts[number - 1].folder, "ml", "model")
        check(sorted(os.listdir(model)) == [f"of-algo-{number}.txt", "same.txt"], f"{os.listdir(model)}")
    check(not os.path.exists(job.stored("out")), "the runner stored something itself")


@case(hosts=10, source="--hosts")
def ten_hosts_sorted_as_text(job):
    job.start_all()
    job.go()
    job.wait(seconds=90)
    check(set(job.codes.values()) == {0}, f"codes {job.codes}")
    hosts = [host["host"] for host in job.record(1)["runner"]["hosts"]]
    check(hosts[:3] == ["algo-1", "algo-10", "algo-2"], f"{hosts}")


@case()
def staggered_starts(job):
    job.start(1)
    job.start(2)
    wait_until(lambda: "waiting for algo-3" in job.log(1) or job.poll(), 30, "nobody is named as missing")
    time.sleep(job.stagger)
    check(not job.scripts(), "a script began before all hosts were there")
    job.start(3)
    job.wait_for_scripts()
    times = [float(open(os.path.join(job.shared, name)).read()) for name in job.scripts()]
    check(max(times) - min(times) < 1.5, f"the scripts began {max(times) - min(times):.1f} s apart")
    job.go()
    job.wait()
    check(set(job.codes.values()) == {0}, f"codes {job.codes}")
    return f"began {max(times) - min(times):.2f} s apart"


@case(hosts=2, launch="torchrun", torch=True)
def torchrun_reduces(job):
    job.start_all(seconds=120)
    job.go()
    job.wait(seconds=60)
    check(set(job.codes.values()) == {0}, f"codes {job.codes}: {job.log(1)[-1500:]}")
    for rank in (0, 1):
        check(f"rank {rank} of 2 on algo-{rank + 1} sum 1.0" in job.log(rank + 1), job.log(rank + 1)[-1500:])


# Ways to fail; each returns how long it took


@case(seed=1)
def script_raises(job):
    number = random.Random(job.seed).choice(job.numbers)
    job.start_all()
    since = time.monotonic()
    job.order(f"algo-{number}-", "raise ValueError('boom')")
    return ended_together(job, None, since, f"algo-{number}", ["ValueError: boom"], codes={1})


@case(seed=2)
def host_dies(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[2].die()
    return ended_together(job, 3, since, "algo-3", ["was lost"], codes={75})


@case(seed=3)
def host_freezes(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[1].freeze()
    seconds = ended_together(job, 2, since, "algo-2", ["was lost: it said nothing"], codes={75})
    # Awake again it finds the others gone, stores what it has and ends.
    job.cluster.hosts[1].freeze(signal.SIGCONT)
    os.kill(job.processes[2].pid, signal.SIGCONT)  # nsenter stops with what it started
    job.wait([2])
    check(job.codes[2] == 75, f"the host that was frozen ended with {job.codes[2]}: {job.log(2)[-500:]}")
    return seconds


@case(seed=4)
def host_is_cut_off(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[1].cut()
    seconds = ended_together(job, 2, since, "algo-2", ["was lost: it said nothing"], codes={75})
    job.wait([2])
    check(job.codes[2] == 75, f"the host that was cut off ended with {job.codes[2]}")
    check(job.sentence(2).startswith("algo-1 "), job.sentence(2))
    return seconds


@case(seed=5)
def leader_dies(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[0].die()
    seconds = ended_together(job, 1, since, "algo-1", ["was lost"], codes={75})
    for number in (2, 3):
        files = job.archive("out", "output", "hosts", f"algo-{number}", "model.tar.gz")
        check(f"of-algo-{number}.txt" in files, f"algo-{number}'s results are not stored")
    return seconds


@case(seed=6)
def leader_freezes(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[0].freeze()
    return ended_together(job, 1, since, "algo-1", ["was lost: it said nothing"], codes={75})


@case(seed=7)
def disk_is_full(job):
    job.start_all()
    host = job.cluster.hosts[1]
    small = os.path.join(ROOT, "small")
    host.run("sh", "-c", f"mkdir {small} && mount -t tmpfs -o size=1m none {small}")
    since = time.monotonic()
    job.order("algo-2-", f"open('{small}/file', 'wb').write(bytes(8 << 20))")
    return ended_together(job, None, since, "algo-2", ["No space left"], codes={1})


@case(seed=16, clocks={2: -7, 3: 7})
def clocks_are_off(job):
    job.start_all()
    times = [datetime.fromisoformat(job.record(number)["createdAt"]) for number in (2, 3)]
    check((times[1] - times[0]).total_seconds() > 10, f"the clocks are not far apart: {times}")
    # By the hosts' own clocks algo-2 would be first by fourteen seconds.
    since = time.monotonic() + 0.5
    for name, moment in (("algo-3-", since), ("algo-2-", since + 0.06)):
        job.order(name, f"pause({moment} - time.monotonic()); raise ValueError('boom')")
    seconds = ended_together(job, None, since, "algo-3", ["ValueError: boom"], codes={1})
    said = job.sentence(1).split(" at ")[1][:8]
    now = time.strftime("%H:%M:%S", time.gmtime())
    check(abs(in_seconds(said) - in_seconds(now)) % 86400 < 6, f"the verdict's time is {said}, it is {now}")
    return seconds


@case(seed=8)
def stop_of_one_host_stops_the_job(job):
    job.start_all()
    since = time.monotonic()
    runner = min(job.cluster.hosts[2].processes())
    os.kill(runner, signal.SIGTERM)
    return ended_together(job, None, since, "algo-3", ["SIGTERM"], codes={143})


@case(seed=9, launch="mpi", ranks=1, mpi="busy")
def mpi_rank_raises(job):
    job.start_all()
    since = time.monotonic()
    job.order("algo-3-2", "raise ValueError('boom')")
    return ended_together(job, None, since, "algo-3", ["rank 2 failed first"], codes={1})


@case(seed=10, launch="mpi", ranks=1, mpi="busy")
def mpi_rank_exits(job):
    job.start_all()
    since = time.monotonic()
    job.order("algo-2-1", "sys.exit(3)")
    return ended_together(job, None, since, "algo-2", ["rank 1 failed first"])


@case(seed=11, launch="mpi", ranks=1, mpi="busy")
def mpi_rank_is_killed(job):
    job.start_all()
    since = time.monotonic()
    job.order("algo-2-1", "os.kill(os.getpid(), 9)")
    return ended_together(job, None, since, "algo-2", ["rank 1 failed first"])


@case(seed=12, launch="mpi", ranks=1, mpi="busy")
def mpi_host_dies(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[1].die()
    return ended_together(job, 2, since, "algo-2", ["was lost"], codes={75})


@case(seed=13, launch="mpi", ranks=1, mpi="busy")
def mpi_host_is_cut_off(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[2].cut()
    return ended_together(job, 3, since, "algo-3", ["was lost"], codes={75})


@case(seed=14, launch="mpi", ranks=1, mpi="busy")
def mpi_leader_dies(job):
    job.start_all()
    since = time.monotonic()
    job.cluster.hosts[0].die()
    return ended_together(job, 1, since, "algo-1", ["was lost"], codes={75})


@case(seed=15, launch="mpi", ranks=1, mpi="busy")
def mpi_stop_of_a_worker(job):
    job.start_all()
    since = time.monotonic()
    os.kill(min(job.cluster.hosts[1].processes()), signal.SIGTERM)
    return ended_together(job, None, since, "algo-2", ["SIGTERM"], codes={143})


# The channel


@case(hosts=2, secrets={2: "another"}, options=["--host-timeout", "8"])
def wrong_secret_is_named_and_bounded(job):
    job.start(1)
    job.start(2)
    job.wait(seconds=60)
    check("algo-2 (wrong secret (from" in job.log(1), job.log(1)[-800:])
    check("(wrong secret)" in job.log(2), job.log(2)[-800:])
    check(job.codes == {1: 75, 2: 75}, f"codes {job.codes}")
    check(not job.scripts(), "a script began")


@case(hosts=2)
def strangers_are_refused_and_counted(job):
    job.start(1)
    stranger = job.cluster.host(2)
    knock = (
        "import socket\nfor text in (b'', b'GET / HTTP/1.0\\r\\n\\r\\n' * 9, b'braket-runner 1\\n' + b'\\0' * 66):\n"
        "    s = socket.create_connection(('algo-1', 7790))\n"
        "    try:\n        s.sendall(text); s.shutdown(1)\n        while s.recv(999): pass\n"
        "    except OSError: pass\n"
    )
    wait_until(lambda: job.poll() or stranger.popen(["python3", "-c", knock], None, dict(os.environ)).wait() == 0, 30,
               "nobody listens")
    job.start(2)
    job.wait_for_scripts()
    job.go()
    job.wait()
    check(set(job.codes.values()) == {0}, f"codes {job.codes}")
    count = job.record(1)["runner"]["merge"]["refusedConnections"]
    check(count >= 3, f"{count} connections counted")


def run_case(cluster, binary, stagger, name, function, hosts, options):
    seed = options.pop("seed", 0)
    if options.pop("torch", False):
        torchrun = shutil.which("torchrun", path=os.environ.get("BRAKET_TORCH", os.environ["PATH"]))
        if not torchrun:
            print(f"skip {name}: no torchrun on PATH, nor in the folder that BRAKET_TORCH names", flush=True)
            return None
        options["python"] = os.path.join(os.path.dirname(torchrun), "python3")
    folder = tempfile.mkdtemp(prefix="braket-cluster-")
    job = Job(cluster, binary, folder, hosts, **options)
    job.seed, job.stagger = seed, stagger
    began = time.monotonic()
    try:
        figure = function(job)
        print(f"ok   {name} ({time.monotonic() - began:.1f} s{', ' + figure if figure else ''})", flush=True)
        return True
    except Exception as error:  # the next case is to run all the same
        print(f"FAIL {name}: {error}", flush=True)
        if not isinstance(error, AssertionError):
            traceback.print_exc()
        for number in job.numbers[:3]:
            if os.path.exists(job.log_file(number)):
                print(f"--- the end of algo-{number}'s output\n{job.log(number)[-1500:]}", flush=True)
        return False
    finally:
        job.kill()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", default="")
    parser.add_argument("--stagger", type=float, default=3, help="how long hosts wait for one that comes late (60 is promised)")
    arguments = parser.parse_args()
    if os.geteuid() == 0:
        setup = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "setup.sh")
        subprocess.run([setup, "--cluster"], check=True)
    problem = can_make_namespaces()
    if problem:
        print(f"test-cluster: skipped, because hosts need network namespaces: {problem}")
        return 0
    binary = os.path.realpath(arguments.binary)
    cases = [entry for entry in CASES if arguments.only in entry[0]]
    folder = tempfile.mkdtemp(prefix="braket-hosts-")
    cluster = Cluster(folder, max(hosts for _, _, hosts, _ in cases))
    began = time.monotonic()
    try:
        results = [result for entry in cases if (result := run_case(cluster, binary, arguments.stagger, *entry)) is not None]
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed after {time.monotonic() - began:.0f} s")
    return 0 if all(results) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
