"""The part of bench.py about results: packing a folder and having it in S3, beside tar, pigz and igzip with s5cmd.

Three trees are the results folder of a job. Its time begins when the script's last line is done and ends when the
runner ends. All contenders send to the same SeaweedFS; what is in it is unpacked and compared in the round that is not
counted, and compared in size in the others. `sending` has the runner beside its own packing and sending, with a store
that drops what it gets: at the speed of this machine, where the store and the runner share its cores, and over a link
that is slower than they are.
"""

import random
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import bench_s3
from bench_jobs import (
    MIB, S5CMD, SCALE, Cost, environment_of, fresh, job, median, mib, right_of, say, scale_note, scaled, watched,
    write_noise,
)  # fmt: skip

ENGINES = {"isal": "ISA-L", "zlib": "zlib"}
TIMES_OF_TAR = {"zlib": 4, "isal": 10}
TIMES_OF_SLOWER = 1.1
MEMORY_LIMIT_MIB = 96
# What the job itself leaves: record, log, and the unpacked script.
DISK_LIMIT_MIB = 1
KEY = "out/output/model.tar.gz"
# Of sizes of archives of one contender.
SIZE_TOLERANCE = 0.01

# The results are there already, as a link that is opened: making them is not what is measured.
SCRIPT = """\
import os, time
results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
os.rmdir(results)
os.symlink({tree!r}, results)
stamp = time.monotonic()
with open({stamp!r}, "w") as file: file.write(str(stamp))
"""

TREES = {
    "random": "1 GiB of noise in 16 files",
    "text": "1 GiB of words in 16 files",
    "small": "100,000 files of about 1 KiB",
}
LINK_BYTES_PER_SECOND = 300_000_000
ROUNDS = {"random": 3, "text": 3, "small": 5}
LABELS = {
    "isal": "**braket-runner** with ISA-L", "zlib": "**braket-runner** with zlib", "tar": "`tar czf`, then `s5cmd cp`",
    "pigz": "`tar \\| pigz -p2 \\| s5cmd pipe`", "igzip": "`tar \\| igzip \\| s5cmd pipe`",
    "rclone": "`tar \\| igzip \\| rclone rcat`",
}  # fmt: skip

STORED = """
The results folder of a job becomes a tar.gz in SeaweedFS, with signed requests over plain HTTP. The runner's time is
that from the script's last line to the runner's end; its CPU is that of the whole job, start and script included,
that of the others of all their processes. Memory is the peak of the runner's process, of the others the sum over
their processes. Disk is the most that lay in the job's root and the folder for temporary files (of ours record, log
and script). Right: archives that were found in the store; the first of each kind was unpacked and compared byte for
byte. The files are in the page cache before.
"""
SENT = """
The same trees, all by the runner. Packing alone is the job on a store in a folder in memory; sending alone is
`braket-runner transfer` of that very archive; both is the job on the store. That is the store which answers at once,
over TLS, as the service is reached: a body is not hashed for the signature then.
"""
SENT_AT_ONCE = """
The store takes what comes as fast as this machine can. It runs on the same cores as the runner, which packing alone keeps
busy: packing and sending at once takes at least the CPU seconds of the runner and the store, divided by the number of
cores.
"""
SENT_BY_LINK = f"""
The store takes {LINK_BYTES_PER_SECOND // 1_000_000} MB a second on all connections together, like a link of
{LINK_BYTES_PER_SECOND * 8 / 1e9:g} Gbit/s. Here, too, it needs CPU of the runner's cores, as a real link's other end does not.
"""


def measure(report, runner, runs, alternate, work):
    """Adds the section; alternate(contenders, runs) takes turns and empties the work folder before each."""
    trees = {name: make_tree(name) for name in TREES}
    with bench_s3.SeaweedFS() as weed:
        bench = Bench(runner, work, weed.as_server(False))
        stored = {name: alternate(bench.contenders(tree), runs or ROUNDS[name]) for name, tree in trees.items()}
    add_stored(report, stored)
    ours = [cost for results in stored.values() for engine in ENGINES for cost in results[engine]]
    disk_used = max(cost.disk for cost in ours)
    report.target(
        f"packing and sending results takes no disk (at most {DISK_LIMIT_MIB} MiB of record, log and script)",
        disk(disk_used), disk_used <= DISK_LIMIT_MIB * MIB)  # fmt: skip
    add_memory(report, "packing and sending results", ours)


def measure_sending(report, runner, runs, alternate, work):
    """Adds the sections on packing and sending at once."""
    trees = {name: make_tree(name) for name in TREES}
    with tempfile.TemporaryDirectory(prefix="braket-runner-bench-", dir="/dev/shm") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        with bench_s3.SeaweedFS() as weed:
            weed.write_certificates(folder)

        def rounds(server, steps):
            alone = Alone(runner, work, server, folder)
            return {name: alternate(alone.contenders(tree, steps), runs or ROUNDS[name]) for name, tree in trees.items()}

        with bench_s3.NullStore(folder, tls=True) as server:
            at_once = rounds(server, ("pack", "send", "both"))
        with bench_s3.NullStore(folder, tls=True, bytes_per_second=LINK_BYTES_PER_SECOND) as server:
            by_link = rounds(server, ("send", "both"))
        sizes = {(tree.name, engine): archive_of(folder, tree, engine).stat().st_size for tree in trees.values() for engine in ENGINES}
    # Packing alone sends nothing: it is the same for both.
    by_link = {tree: at_once[tree] | results for tree, results in by_link.items()}
    add_sent(report, at_once, sizes, "Results: packing, sending, and both at once", SENT_AT_ONCE, "sent")
    link = f"a link of {LINK_BYTES_PER_SECOND // 1_000_000} MB/s"
    add_sent(report, by_link, sizes, f"Results: packing, sending, and both at once over {link}", SENT_BY_LINK, f"sent over {link}")
    ours = [cost for sent in (at_once, by_link) for results in sent.values() for costs in results.values() for cost in costs]
    add_memory(report, "packing and sending results over TLS", ours)


def run_job(runner, tree, bucket, server, work, *more):
    """A job whose results are a tree; its seconds are those after the script's last line."""
    script, stamp, inside = work / "results.py", work / "stamp", work / "inside"
    script.write_text(SCRIPT.format(tree=str(tree), stamp=str(stamp)))
    environment = environment_of(server, inside)
    cost = watched(job(runner, script, bucket, inside / "root", *more), environment, inside)
    cost.wall = cost.end - float(stamp.read_text())
    return cost


class Bench:
    """Packs trees into SeaweedFS."""

    def __init__(self, runner, work, server):
        self.runner, self.work, self.server = runner, work, server
        # Size by tree and contender of what was found right.
        self.sizes = {}

    def contenders(self, tree):
        """A function for each that packs, sends and checks once."""
        names = {"isal": self.with_runner, "zlib": self.with_runner, "tar": self.with_tar, "pigz": self.with_pipe}
        if shutil.which("igzip"):
            names |= {"igzip": self.with_pipe, "rclone": self.with_pipe}
        return {name: lambda name=name, pack=pack: self.once(name, pack, tree) for name, pack in names.items()}

    def once(self, name, pack, tree):
        bucket = self.server.fresh_bucket()
        cost = pack(name, tree, bucket)
        cost.right = self.is_right(name, tree, bucket)
        self.server.drop_bucket(bucket)
        say(f"results {tree.name} {name}: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s, {mib(cost.memory)}, "
            f"disk {mib(cost.disk)}{'' if cost.right else ' NOT RIGHT'}")  # fmt: skip
        return cost

    def with_runner(self, name, tree, bucket):
        return run_job(self.runner, tree, bucket, self.server, self.work, "--deflate", name)

    def with_tar(self, _, tree, bucket):
        """On the disk first, then sent by the faster of s5cmd and rclone (BENCHMARKS.md, 1 × 1 GiB up)."""
        inside = self.work / "inside"
        environment = environment_of(self.server, inside)
        archive = inside / "model.tar.gz"
        pack = ["tar", "-C", str(tree), "-czf", str(archive), "."]
        packing = watched(pack, environment, inside, counts_children=True)
        send = [S5CMD, "--log", "error", "cp", str(archive), f"s3://{bucket}/{KEY}"]
        sending = watched(send, environment, inside, counts_children=True)
        memory, disk = max(packing.memory, sending.memory), max(packing.disk, sending.disk)
        return Cost(packing.wall + sending.wall, packing.cpu + sending.cpu, memory, disk, packing=packing.wall)

    def with_pipe(self, name, tree, bucket):
        inside = self.work / "inside"
        environment = environment_of(self.server, inside)
        program = {"pigz": "pigz -p2", "igzip": "igzip -c", "rclone": "igzip -c"}[name]
        send = f"{shlex.quote(S5CMD)} --log error pipe s3://{bucket}/{KEY}"
        if name == "rclone":
            options = "--config /dev/null --s3-provider Other --s3-env-auth --s3-no-check-bucket"
            send = f"{shlex.quote(str(bench_s3.PEERS / 'rclone'))} {options} rcat :s3:{bucket}/{KEY}"
        pipe = f"set -o pipefail; tar -C {shlex.quote(str(tree))} -cf - . | {program} | {send}"
        return watched(["bash", "-c", pipe], environment, inside, counts_children=True)

    def is_right(self, name, tree, bucket):
        """Whether the archive is there: byte for byte the first time, by its size then."""
        ask = self.server.weed.ask
        found = {item["key"]: item["size"] for item in ask(op="list", bucket=bucket)}
        before = self.sizes.get((tree, name))
        if before is not None:
            return abs(found.get(KEY, 0) - before) <= before * SIZE_TOLERANCE
        fetched, unpacked = self.work / "fetched", self.work / "unpacked"
        fresh(unpacked)
        ask(op="get", bucket=bucket, key=KEY, file=str(fetched))
        subprocess.run(["tar", "xzf", str(fetched), "-C", str(unpacked)], check=True)
        is_same = bench_s3.is_same(tree, unpacked)
        if is_same:
            self.sizes[tree, name] = found[KEY]
        return is_same


class Alone:
    """The runner's packing alone, its sending alone, and both at once, on a store that drops what it gets."""

    def __init__(self, runner, work, server, folder):
        self.runner, self.work, self.server, self.folder = runner, work, server, folder

    def contenders(self, tree, steps):
        """For each engine in this order: sending needs what packing made."""
        runs = {"pack": self.pack, "send": self.send, "both": self.both}
        return {
            (engine, step): lambda engine=engine, step=step: self.once(tree, engine, step, runs[step])
            for engine in ENGINES for step in steps
        }  # fmt: skip

    def once(self, tree, engine, step, run):
        before = self.server.cpu()
        cost = run(tree, engine)
        cost.server = self.server.cpu() - before
        say(f"results {tree.name} {engine} {step}: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s, {mib(cost.memory)}")
        return cost

    def pack(self, tree, engine):
        """Into a folder in memory."""
        store = self.folder / "store"
        touch_memory(self.folder)
        more = ["--deflate", engine, "--storage", f"file:{store}"]
        cost = run_job(self.runner, tree, "bench", self.server, self.work, *more)
        (store / "bench" / KEY).replace(archive_of(self.folder, tree, engine))
        shutil.rmtree(store)
        return cost

    def send(self, tree, engine):
        inside = self.work / "inside"
        target = f"s3://{self.server.fresh_bucket()}/{KEY}"
        command = [str(self.runner), "transfer", str(archive_of(self.folder, tree, engine)), target]
        return watched(command, environment_of(self.server, inside), inside)

    def both(self, tree, engine):
        return run_job(self.runner, tree, self.server.fresh_bucket(), self.server, self.work, "--deflate", engine)


def touch_memory(folder):
    """Takes the memory of the largest archive and gives it back: that of a virtual machine is slow at its first use."""
    path = folder / "touched"
    with open(path, "wb") as file:
        for _ in range(scaled(1536)):
            file.write(bytes(MIB))
    path.unlink()


def archive_of(folder, tree, engine):
    """Where `Alone` keeps what it packed."""
    return folder / f"{tree.name}-{engine}.tar.gz"


# MARK: Report


def add_stored(report, stored):
    rows = []
    for tree, results in stored.items():
        tar = results["tar"]
        for name, costs in results.items():
            wall = median(costs, "wall")
            rows.append([
                TREES[tree], LABELS[name], f"{wall:.2f} s", f"{median(costs, 'cpu'):.2f} s",
                disk(max(cost.disk for cost in costs)), mib(max(cost.memory for cost in costs)),
                f"{median(tar, 'wall') / wall:.1f}", f"{median(tar, 'packing') / wall:.1f}", right_of(costs),
            ])  # fmt: skip
        for engine, least in TIMES_OF_TAR.items():
            wall = median(results[engine], "wall")
            faster, whole = median(tar, "packing") / wall, median(tar, "wall") / wall
            report.target(
                f"results with {engine}, {TREES[tree]}, in SeaweedFS at least {least} times as fast as `tar czf` alone",
                f"{faster:.1f} (and {whole:.1f} times as fast as it with `s5cmd cp`)",
                faster >= least and is_right(results[engine]),
            )
    report.section(
        "Results: packed and in S3", STORED + scale_note(),
        ["", "", "wall", "CPU", "extra disk", "peak memory", "times as fast as `tar czf`, then `s5cmd cp`",
         "as `tar czf` alone", "right"],
        rows,
    )  # fmt: skip


def add_sent(report, sent, sizes, title, where, verb):
    rows = []
    for tree, results in sent.items():
        for engine, label in ENGINES.items():
            of = lambda field: {step: median(results[engine, step], field) for step in ("pack", "send", "both")}
            wall, cpu = of("wall"), of("cpu")
            times = wall["both"] / max(wall["pack"], wall["send"])
            rows.append([
                TREES[tree], label, mib(sizes[tree, engine]), *(f"{seconds:.2f} s" for seconds in wall.values()),
                f"{times:.2f}", f"{cpu['pack']:.2f} + {cpu['send']:.2f} → {cpu['both']:.2f} s", f"{of('server')['both']:.2f} s",
            ])  # fmt: skip
            report.target(
                f"results with {engine}, {TREES[tree]}, {verb} within {TIMES_OF_SLOWER} times the slower of packing and "
                "sending", f"{times:.2f}", times <= TIMES_OF_SLOWER,
            )  # fmt: skip
    report.section(
        title, SENT + where + scale_note(),
        ["", "engine", "archive", "packing alone", "sending alone", "both", "times the slower",
         "CPU: packing + sending → both", "the store's CPU beside it"],
        rows,
    )  # fmt: skip


def add_memory(report, what, costs):
    memory = max(cost.memory for cost in costs) / MIB
    report.target(f"{what} in at most {MEMORY_LIMIT_MIB} MiB", f"{memory:.0f} MiB", memory <= MEMORY_LIMIT_MIB)


def is_right(costs):
    return all(cost.right for cost in costs)


def disk(count):
    return mib(count) if count >= MIB else f"{count / 1024:.0f} KiB"


# MARK: Data


def make_tree(name):
    """One of the three trees, made once."""
    folder = bench_s3.BENCH / f"results-{SCALE:g}" / name
    if folder.exists():
        return folder
    say(f"making {TREES[name]}")
    part = folder.with_suffix(".part")
    fresh(part)
    rng = random.Random(1967)
    if name == "random":
        write_noise(part, 16, scaled(64 * MIB), rng)
    elif name == "text":
        write_words(part, 16, scaled(64 * MIB), rng)
    else:
        write_small(part, scaled(100_000), rng)
    part.rename(folder)
    return folder


def word_pool(rng):
    """Words as frequent as in a language."""
    words = ["".join(rng.choices("etaoinshrdlucmfw", k=rng.randint(2, 9))) for _ in range(4_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return " ".join(rng.choices(words, weights, k=3_000_000)).encode()


def write_words(folder, files, size, rng):
    """Pieces of the pool, each from anywhere: what repeats is farther off than gzip looks back."""
    pool = word_pool(rng)
    for number in range(files):
        with open(folder / f"{number:02}.txt", "wb") as file:
            for begin in range(0, size, MIB):
                length = min(MIB, size - begin)
                at = rng.randrange(len(pool) - length)
                file.write(pool[at : at + length])


def write_small(folder, files, rng):
    """Files of 0.5 to 1.5 KiB, half noise and half words."""
    pool = word_pool(rng)
    for number in range(files):
        path = folder / f"{number // 1000:03}" / f"{number:06}.dat"
        path.parent.mkdir(exist_ok=True)
        half = rng.randint(256, 768)
        at = rng.randrange(len(pool) - half)
        path.write_bytes(rng.randbytes(half) + pool[at : at + half])
