"""The part of bench.py about jobs of many hosts: what they add to bare mpirun, what hosts wait for each other, and how
soon the loss of one ends the others.

The hosts are those of scripts/cluster: network, UTS, PID and mount namespaces on one bridge, so that mpirun, ssh and
the runner's channel are the real ones, and a host can die, freeze or be cut off. All share this machine's processors
and one monotonic clock, by which every time here is taken: in the scripts, and at the end of the hosts' processes.
"""

import os
import random
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from bench_jobs import say

SCRIPTS = Path(__file__).resolve().parent
sys.path.append(str(SCRIPTS / "cluster"))

from hosts import Cluster, can_make_namespaces, wait_until  # noqa: E402
from jobs import Job  # noqa: E402
from mpirun import BareMPI, missing_program  # noqa: E402

DEFAULT_COUNTS = "1,2,4,8"
ROUNDS = 5
TIMEOUT = 60
PYTHON = "/usr/bin/python3"  # Debian's, whose mpi4py fits its Open MPI

START_LIMIT_SECONDS = 0.5
END_LIMIT_SECONDS = 1
LOSS_LIMIT_SECONDS = 10
LOSS_HOSTS = 3
# What the hosts do at their start is over then, and heartbeats, one a second, have passed.
SETTLE_SECONDS = 2

# Writes when it was ready and when it was done. Who comes out of the second barrier knows that all have passed the
# first.
MPI_SCRIPT = """\
import os, time
from mpi4py import MPI
world = MPI.COMM_WORLD
rank = world.rank
world.Barrier()
world.Barrier()
ready = time.monotonic()
time.sleep(1)
MPI.Finalize()
with open(os.path.join(os.environ["TEST_SHARED"], f"stamp-{rank}"), "w") as file:
    file.write(f"{ready} {time.monotonic()}")
"""
PLAIN_SCRIPT = """\
import time; ready = time.monotonic()
import os
time.sleep(1)
with open(os.path.join(os.environ["TEST_SHARED"], f"stamp-{os.environ['SM_CURRENT_HOST']}"), "w") as file:
    file.write(f"{ready} {time.monotonic()}")
"""

SHARED = """
All hosts are namespaces of this one machine and share its {cores} cores: with many of them a part of each time is that
of processes waiting for a core, which hosts with cores of their own do not have.
"""
LAUNCH = """
`--launch mpi`, one rank a host, beside `mpirun` with the same options of its own and an ssh server that runs already
on every other host (one host needs none). Start: from the start of all runners, one after another, or of mpirun, until
rank 0 has come out of a second barrier: then MPI is initialised and all ranks have passed the first. The runner's has
in it: settings, folders, the script, keys, the hosts' finding and proving themselves to each other, the start of the
ssh servers. End: from the last line of the last rank, after MPI_Finalize, to the end of the last host's process; the
runner stores results, logs and record in it (small ones, in a local store). Medians of {rounds} rounds.
"""
WAIT = """
`--launch none`: all hosts but one are started and wait, then the last one is. Start: from its start to the first line
of the script that begins last; lost: what that is more than in a job of one host. End: from the last line of the
script that ends last to the end of the last host's process. Medians of {rounds} rounds. The last two columns are not
measured: they are what today's MPI protocol takes by its code, as section 6.5 of the project's contract states it. The
leader makes "for each worker: paramiko connect to port 22, every 1 s", later "sleep 30 s"; a worker has "sleep 30 →
poll for /tmp/done.<leader> every 30 s"; so "≥60 s idle at the end of each MPI job". Without MPI today's hosts do not
wait for each other at all.
"""
LOSS = """
{hosts} hosts, one rank each; one dies (SIGKILL to all of it; its kernel lives on and closes its connections, so a
machine that loses its power is like one that is cut off), freezes (SIGSTOP to all of it) or is cut off (its network
interface goes down). From then to the end of the last other host's process: noticing, ending the scripts, storing what
is little. {rounds} rounds. Clean: all others ended with 75, their records name the lost host, and the results of all
of them are stored.
"""
STATED_START = "a try every 1 s"
STATED_END = "≥ 60 s"

LOSSES = {
    "dies": lambda host: host.die(),
    "freezes": lambda host: host.freeze(),
    "is cut off": lambda host: host.cut(),
}
# Launch, number of the host that is lost, and whether the others' scripts ignore the signal to end.
VICTIMS = {
    ("none", 2, False): "a worker", ("none", 1, False): "the leader", ("none", 2, True): "a worker",
    ("mpi", 2, False): "a worker",
}  # fmt: skip
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def measure(report, runner, runs, alternate, counts):
    """Adds the sections; says so and adds nothing where hosts cannot be made."""
    problem = can_make_namespaces() or missing_programs()
    if problem:
        return say(f"hosts: nothing is measured, because hosts need network namespaces, mpirun and sshd: {problem}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # else the namespaces would stay
    folder = tempfile.mkdtemp(prefix="braket-hosts-")
    cluster = None
    try:
        cluster = Cluster(folder, max(*counts, LOSS_HOSTS))
        bench = Bench(runner, cluster, Path(folder))
        rounds = runs or ROUNDS
        launch(report, {count: alternate(bench.launchers(count), rounds) for count in counts}, rounds)
        waits = [(count, last) for count in counts if count > 1 for last in (count, 1)]
        jobs = {key: lambda key=key: bench.waiting(*key) for key in [(1, 1), *waits]}
        wait(report, alternate(jobs, rounds), rounds)
        loss(report, {key: [] for key in ((*victim, how) for victim in VICTIMS for how in LOSSES)}, bench, rounds)
    finally:
        if cluster:
            cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def missing_programs():
    """What is not there even after an attempt to install it; None when all is."""
    installed = subprocess.run([SCRIPTS / "setup.sh", "--cluster"])
    return "setup.sh --cluster failed" if installed.returncode else missing_program()


class Bench:
    """Jobs on the hosts of one cluster."""

    def __init__(self, runner, cluster, folder):
        self.runner, self.cluster = runner, cluster
        self.bare_mpi = BareMPI(cluster, folder / "ssh")
        self.rng = random.Random(1967)

    @contextmanager
    def job(self, hosts, script=None, **options):
        """A job that is not started yet; all its hosts end with it."""
        folder = tempfile.mkdtemp(prefix="braket-cluster-")
        job = Job(self.cluster, self.runner, folder, hosts, python=PYTHON, **options)
        if script:
            Path(folder, "script/alg.py").write_text(script)
        for number in job.numbers:
            job.prepare(number)
        try:
            yield job
        finally:
            job.kill()
            shutil.rmtree(folder, ignore_errors=True)

    def settle(self):
        """Lets a job go on for a while, to another moment between two heartbeats and tries each time."""
        time.sleep(SETTLE_SECONDS + self.rng.random())

    # MARK: Launch

    def launchers(self, count):
        return {"mpirun": lambda: self.bare(count), "runner": lambda: self.launched(count)}

    def launched(self, count):
        """Seconds of start and end under the runner."""
        with self.job(count, MPI_SCRIPT, launch="mpi") as job:
            begin = time.monotonic()
            for number in job.numbers:
                job.start(number)
            end = end_of(job)
            stamps = stamps_of(job, count)
        return told("runner", count, stamps["0"][0] - begin, end - max(done for _, done in stamps.values()))

    def bare(self, count):
        """Seconds of start and end of mpirun alone; the job is only its folder and its hosts."""
        with self.job(count, MPI_SCRIPT) as job:
            self.bare_mpi.start_servers(job.numbers)
            script = os.path.join(job.folder, "script", "alg.py")
            begin = time.monotonic()
            job.processes[1] = self.bare_mpi.start(job.numbers, [PYTHON, script], job.shared, job.log_file(1))
            end = end_of(job)
            stamps = stamps_of(job, count)
        return told("mpirun", count, stamps["0"][0] - begin, end - max(done for _, done in stamps.values()))

    # MARK: Waiting for each other

    def waiting(self, count, last):
        """Seconds of start and end of a job whose hosts wait for a last one."""
        with self.job(count, PLAIN_SCRIPT) as job:
            others = [number for number in job.numbers if number != last]
            for number in others:
                job.start(number)
            # The leader says when the last one alone is missing, the workers that the leader is.
            sayers, words = (others, "waiting for the leader") if last == 1 else ([1], f"waiting for algo-{last} (")
            wait_until(lambda: all(words in job.log(number) for number in sayers), TIMEOUT, words)
            self.settle()
            begin = time.monotonic()
            job.start(last)
            end = end_of(job)
            stamps = stamps_of(job, count)
        first = max(ready for ready, _ in stamps.values())
        return told("none", count, first - begin, end - max(done for _, done in stamps.values()))

    # MARK: Loss

    def lost(self, kind, number, is_stubborn, how):
        """Seconds from a host's loss to the end of all others, and whether that was clean."""
        with self.job(LOSS_HOSTS, launch=kind, mpi="busy" if kind == "mpi" else None) as job:
            job.start_all()
            for name in job.scripts() if is_stubborn else []:
                job.order(name.removeprefix("started-"), STUBBORN)
            self.settle()
            begin = time.monotonic()
            LOSSES[how](self.cluster.hosts[number - 1])
            living = [other for other in job.numbers if other != number]
            for other in living:
                wait_for_end(job.processes[other], begin + TIMEOUT)
            seconds = time.monotonic() - begin
            problem = unclean(job, number, living)
            say(f"loss: {kind}, algo-{number} {how}: {seconds:.2f} s{f' NOT CLEAN: {problem}' if problem else ''}")
            return seconds, not problem


# MARK: Ends


def wait_for_end(process, deadline):
    """Returns at a process's very end, or at the deadline; wait() with a time limit looks every 50 ms only."""
    if process.poll() is not None:
        return
    descriptor = os.pidfd_open(process.pid)
    try:
        select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
    finally:
        os.close(descriptor)
    process.poll()


def end_of(job):
    """When the last process of a job ended; all must succeed."""
    deadline = time.monotonic() + TIMEOUT
    for process in job.processes.values():
        wait_for_end(process, deadline)
    end = time.monotonic()
    for number, process in job.processes.items():
        if process.returncode != 0:
            sys.exit(f"bench: algo-{number} ended with {process.returncode}:\n{job.log(number)[-2000:]}")
    return end


def stamps_of(job, count):
    """When each script was ready and done, by rank or host."""
    stamps = {path.name.removeprefix("stamp-"): path.read_text() for path in Path(job.shared).glob("stamp-*")}
    if len(stamps) != count:
        sys.exit(f"bench: {len(stamps)} of {count} scripts ran to their end:\n{job.log(1)[-2000:]}")
    return {name: tuple(map(float, text.split())) for name, text in stamps.items()}


def unclean(job, lost, living):
    """What is not as it should be after the loss of a host; None when nothing is."""
    try:
        for number in living:
            code, sentence = job.processes[number].returncode, job.sentence(number)
            if code != 75 or not sentence.startswith(f"algo-{lost} "):
                return f"algo-{number} ended with {code}: {sentence!r}"
            # Where the leader is lost nobody makes one archive of all.
            place = ["hosts", f"algo-{number}"] if lost == 1 else []
            if f"of-algo-{number}.txt" not in job.archive("out", "output", *place, "model.tar.gz"):
                return f"the results of algo-{number} are not stored"
    except (OSError, ValueError, LookupError, tarfile.TarError) as error:
        return f"{type(error).__name__}: {error}"
    return None


# MARK: Sections


def launch(report, times, rounds):
    rows = []
    for count, results in times.items():
        (bare_start, bare_end), (start, end) = (medians(results[name]) for name in ("mpirun", "runner"))
        rows.append([
            str(count), ms(bare_start), ms(start), ms(start - bare_start), ms(bare_end), ms(end), ms(end - bare_end),
        ])  # fmt: skip
    report.section(
        "Many hosts: launch and end beside bare mpirun", text(LAUNCH, rounds=rounds),
        ["hosts", "start: mpirun", "start: **braket-runner**", "added at start", "end: mpirun",
         "end: **braket-runner**", "added at end"],
        rows,
    )  # fmt: skip


def wait(report, times, rounds):
    alone, _ = medians(times[1, 1])
    rows, lost, ends = [], [], []
    for (count, last), values in times.items():
        start, end = medians(values)
        row = [str(count), "–" if count == 1 else "the leader" if last == 1 else "a worker", ms(start)]
        if count == 1:
            rows.append([*row, "–", ms(end), "–", "–"])
            continue
        lost.append(start - alone)
        ends.append(end)
        rows.append([*row, ms(start - alone), ms(end), STATED_START, STATED_END])
    report.section(
        "Many hosts: waiting for each other", text(WAIT, rounds=rounds),
        ["hosts", "last one up", "start", "lost", "end", "today's MPI start (stated, not measured)",
         "today's MPI end (stated, not measured)"],
        rows,
    )  # fmt: skip
    if lost:
        report.target(
            f"many hosts, at most {START_LIMIT_SECONDS:g} s lost after the last one is up (largest median)",
            f"{max(lost):.2f} s", max(lost) <= START_LIMIT_SECONDS)  # fmt: skip
        report.target(
            f"many hosts, at most {END_LIMIT_SECONDS:g} s from the last script's end to the last host's (largest "
            "median)", f"{max(ends):.2f} s", max(ends) <= END_LIMIT_SECONDS)  # fmt: skip


def loss(report, results, bench, rounds):
    """Measures, too: rounds in which all take turns."""
    for _ in range(rounds):
        for key, values in results.items():
            values.append(bench.lost(*key))
    rows = []
    for (kind, number, is_stubborn, how), values in results.items():
        seconds = [value for value, _ in values]
        clean = f"{sum(is_clean for _, is_clean in values)} of {len(values)}"
        rows.append([
            f"`--launch {kind}`", f"{VICTIMS[kind, number, is_stubborn]} {how}",
            "ignore SIGTERM" if is_stubborn else "end at once", f"{statistics.median(seconds):.2f} s",
            f"{max(seconds):.2f} s", clean,
        ])  # fmt: skip
    report.section(
        "Many hosts: from the loss of one to the end of all others", text(LOSS, rounds=rounds, hosts=LOSS_HOSTS),
        ["launch", "", "the scripts", "median", "most", "clean"], rows,
    )  # fmt: skip
    for how in LOSSES:
        values = [value for key, found in results.items() if key[-1] == how for value in found]
        most, is_clean = max(seconds for seconds, _ in values), all(is_clean for _, is_clean in values)
        report.target(
            f"a host that {how} ends the job on all others within {LOSS_LIMIT_SECONDS} s (most)",
            f"{most:.2f} s{'' if is_clean else ', not always cleanly'}",
            most < LOSS_LIMIT_SECONDS and is_clean)  # fmt: skip


def text(method, **values):
    """A section's method, with what all hosts share."""
    return method.format(**values).strip() + SHARED.format(cores=len(os.sched_getaffinity(0))).rstrip()


def medians(values):
    return tuple(statistics.median(column) for column in zip(*values))


def ms(seconds):
    return f"{seconds * 1000:,.0f} ms"


def told(what, count, start, end):
    say(f"{what}, hosts: {count}, start {ms(start)}, end {ms(end)}")
    return start, end
