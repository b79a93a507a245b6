"""The S3 part of bench.py: the runner beside other S3 clients, on the same servers, in the same run.

Clients take turns; the table shows medians of wall time, CPU time (user and system, of the client alone) and peak
memory as the kernel counts them for the client's process (scripts/s3bench/measure.c). Each download is compared byte
for byte with what it came from; each upload by names and sizes, and on SeaweedFS in the first round by its SHA-256.
"""

import filecmp
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / ".bench"
PEERS = BENCH / "peer-s3/bin"
S3BENCH = ROOT / "scripts/s3bench"
ORACLE = ROOT / "Tests/RunnerTestSupport/s3_oracle.py"
MIB = 1 << 20
SOURCE_BUCKET = "amazon-braket-bench"
TIMEOUT = 300
ROUNDS = 5
MEMORY_LIMIT_MIB = 96
# What the data of a run takes at most: the objects, a copy in SeaweedFS, one transfer's result.
ROOM = 8 << 30
HZ = os.sysconf("SC_CLK_TCK")


class Row:
    """One transfer that every client makes."""

    def __init__(self, direction, key, label, files, size):
        self.direction, self.key, self.label, self.files, self.size = direction, key, label, files, size
        self.is_tree = key.endswith("/")


ROWS = {
    "down1": Row("down", "large.bin", "1 × 1 GiB down", 1, 1 << 30),
    "up1": Row("up", "large.bin", "1 × 1 GiB up", 1, 1 << 30),
    "down2k": Row("down", "small/", "2,000 × 64 KiB down", 2_000, 64 << 10),
    "up2k": Row("up", "small/", "2,000 × 64 KiB up", 2_000, 64 << 10),
    "down100k": Row("down", "tiny/", "100,000 × 1 KiB list and down", 100_000, 1 << 10),
    "down1m": Row("down", "million/", "1,000,000 × 1 KiB list and down", 1_000_000, 1 << 10),
}

SERVERS = {
    "null": ("a store that answers at once", "`scripts/s3bench/null_store.c`: it checks nothing and keeps nothing, so that the client's own cost shows."),
    "null-tls": ("the same over TLS", "The same store behind OpenSSL, with a certificate of a CA that each client is given."),
    "weed": ("SeaweedFS", "`weed mini`, which verifies signatures and stores what it gets in memory (tmpfs)."),
    "weed-tls": ("SeaweedFS over TLS", "`weed mini` with a certificate of a CA that each client is given."),
}  # fmt: skip
DEFAULT_SERVERS = "null,null-tls,weed"

CLIENTS = {
    "runner": "**braket-runner**", "unsigned": "**braket-runner** `--payload-signing never`", "s5cmd": "s5cmd", "rclone": "rclone", "obstore": "obstore", "crt": "boto3[crt] (awscrt)",
    "boto3": "boto3",
}  # fmt: skip
# What would make the whole take an hour: many objects by the clients that are slowest at them, and 100,000 of them by
# SeaweedFS and over TLS.
SLOW_AT_MANY = {
    "down2k": {"boto3"}, "up2k": {"boto3"}, "down100k": {"boto3", "rclone", "crt"},
    # Only whether memory stays what it was: once, and by the runner.
    "down1m": {"s5cmd", "rclone", "obstore", "crt", "boto3"},
}  # fmt: skip
ONLY_AT = {"down100k": {"null"}, "down1m": {"null"}}
ONCE = {"down1m"}
# Of trees with more files than this several are one file: their bytes need no memory of their own.
DISTINCT_FILES = 100_000
OURS = {"runner", "unsigned"}
# Over plain HTTP it signs the request and says UNSIGNED-PAYLOAD of the body.
UNHASHED = {"crt"}


def command_of(client, runner, row, source, target):
    """The command line of a client for one transfer; what the runner's is, is said here only."""
    if client == "runner":
        return [str(runner), "transfer", source, target]
    if client == "unsigned":
        return [str(runner), "transfer", source, target, "--payload-signing", "never"]
    if client == "s5cmd":
        if row.is_tree:
            source += "*" if row.direction == "down" else ""
        return [str(PEERS / "s5cmd"), "--log", "error", "cp", source, target]
    if client == "rclone":
        options = ["--config", "/dev/null", "--s3-provider", "Other", "--s3-env-auth", "--s3-no-check-bucket"]
        remote, local = (source, target) if row.direction == "down" else (target, source)
        remote = f":s3:{remote.removeprefix('s3://')}"
        pair = [remote, local] if row.direction == "down" else [local, remote]
        return [str(PEERS / "rclone"), *options, "copy" if row.is_tree else "copyto", *pair]
    return [str(PEERS / "python"), str(S3BENCH / "peers.py"), client, row.direction, source, target]


# What `perf record` of the runner showed on the day of the last change to the engine; not measured by a run.
LIMITS = [
    ["1 × 1 GiB down", "the kernel, two thirds: copying out of the socket and into the page cache; over TLS AES-GCM (8 %) and memmove beside it"],
    ["1 × 1 GiB up, plain HTTP", "SHA-256 of the body for the signature, 64 % in BoringSSL's SHA-NI code; without it (`--payload-signing never`) copying alone. awscrt does not sign bodies"],
    ["1 × 1 GiB up, TLS", "half the kernel's copies, 13 % AES-GCM, 6 % CRC64NVME"],
    ["2,000 × 64 KiB", "reference counting in the HTTP client, a quarter to a third; up over plain HTTP SHA-256, a quarter"],
    ["100,000 × 1 KiB", "reference counting in the HTTP client, 37 %; the kernel 26 %, malloc 12 %"],
]  # fmt: skip


def measure(report, runner, rounds=0, servers=DEFAULT_SERVERS, rows=None, clients=None):
    """Adds a section for each server to the report."""
    rows = (rows or ",".join(ROWS)).split(",")
    clients = (clients or ",".join(CLIENTS)).split(",")
    rounds = rounds or ROUNDS
    folder = make_folder()
    try:
        make_data(folder / "data" / SOURCE_BUCKET, rows)
        with SeaweedFS() as weed:
            for name in servers.split(","):
                weed.write_certificates(folder)
                server = weed.as_server(name.endswith("-tls")) if name.startswith("weed") else NullStore(folder, name.endswith("-tls"))
                with server:
                    bench = Bench(runner, folder, server, rounds)
                    here = [row for row in rows if name in ONLY_AT.get(row, {name})]
                    server.load(folder / "data" / SOURCE_BUCKET, here)
                    results = {row: bench.row(row, clients) for row in here}
                add_section(report, name, rounds, results)
    finally:
        shutil.rmtree(folder)
    report.section(
        "S3: what limits each row",
        "By `perf record` of the runner against the store that answers at once, when the engine was last changed.",
        ["", "most of the CPU goes to"],
        LIMITS,
    )


class Bench:
    """Runs the clients against one server."""

    def __init__(self, runner, folder, server, rounds):
        self.runner, self.folder, self.server, self.rounds = runner, folder, server, rounds
        self.data = folder / "data" / SOURCE_BUCKET

    def row(self, name, clients):
        """The measurements of each client, one a round."""
        row = ROWS[name]
        if row.direction == "down" or self.server.ca:
            # Only uploads over plain HTTP have a body that is hashed for the signature.
            clients = [client for client in clients if client != "unsigned"]
        clients = [client for client in clients if client not in SLOW_AT_MANY.get(name, ())]
        results = {client: [] for client in clients}
        for number in range(1 if name in ONCE else self.rounds):
            turn = number % len(clients)
            for client in clients[turn:] + clients[:turn]:
                results[client].append(self.transfer(client, row, is_first=number == 0))
                taken = results[client][-1]
                say(f"{self.server.name} {name} {client}: {taken['wall']:.2f} s, {taken['user'] + taken['sys']:.2f} CPU s, "
                    f"{taken['rss'] / MIB:.0f} MiB{'' if taken['verified'] else ' NOT VERIFIED: ' + taken['errors']}")  # fmt: skip
        return results

    def transfer(self, client, row, is_first):
        local = self.folder / "target"
        shutil.rmtree(local, ignore_errors=True)
        local.mkdir()
        if row.direction == "down":
            bucket, source, target = SOURCE_BUCKET, f"s3://{SOURCE_BUCKET}/{row.key}", f"{local}/{row.key}"
        else:
            bucket = self.server.fresh_bucket()
            source, target = f"{self.data}/{row.key}", f"s3://{bucket}/{row.key}"
        taken = self.run(command_of(client, self.runner, row, source, target))
        if row.direction == "down":
            taken["verified"] = is_same(self.data / row.key, local / row.key)
        else:
            taken["verified"] = self.server.holds(bucket, self.data, row, with_bytes=is_first)
            self.server.drop_bucket(bucket)
        shutil.rmtree(local)
        return taken

    def run(self, command):
        """What a command cost; of a failing one what it said."""
        log, cost = self.folder / "log", self.folder / "cost"
        cost.write_text("null")
        before = self.server.cpu()
        # The client is a child of `measure`, which is small.
        words = ["timeout", "-k", "5", str(TIMEOUT), str(BENCH / "measure"), str(cost), *command]
        with open(log, "wb") as output:
            status = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment_of(self.server)).returncode
        taken = json.loads(cost.read_text()) or {"wall": TIMEOUT, "user": 0, "sys": 0, "rss": 0}
        taken["server"] = self.server.cpu() - before
        taken["errors"] = f"status {status}: {log.read_text(errors='replace')[-300:].strip()}" if status else ""
        return taken


def environment_of(server):
    """The environment of a client: nothing of the caller's but PATH and HOME."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": server.region, "AWS_DEFAULT_REGION": server.region, "AWS_ENDPOINT_URL": server.endpoint,
        "S3_ENDPOINT_URL": server.endpoint, "RCLONE_S3_ENDPOINT": server.endpoint, "RCLONE_S3_REGION": server.region,
    }  # fmt: skip
    if server.ca:
        environment |= {"SSL_CERT_FILE": str(server.ca), "AWS_CA_BUNDLE": str(server.ca)}
    return environment


class NullStore:
    """null_store.c over the folder of the data."""

    access_key, secret_key, region = "NULLSTOREEXAMPLEKEY1", "null/store+key", "us-west-2"

    def __init__(self, folder, tls, bytes_per_second=0):
        self.name = "null-tls" if tls else "null"
        self.ca = folder / "ca.pem" if tls else None
        certificate = [str(folder / "server.pem"), str(folder / "server.key")] if tls else []
        self.command = [str(BENCH / "null_store"), str(folder / "data"), *certificate]
        self.environment = os.environ | ({"NULL_STORE_RATE": str(bytes_per_second)} if bytes_per_second else {})
        self.buckets = 0

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment)  # fmt: skip
        self.endpoint = f"{'https' if self.ca else 'http'}://127.0.0.1:{self.process.stdout.readline().strip()}"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def load(self, data, rows):
        """It serves the files themselves."""

    def cpu(self):
        return cpu_of(self.process.pid)

    def fresh_bucket(self):
        self.buckets += 1
        return f"bench-{self.buckets}"

    def holds(self, bucket, data, row, with_bytes):
        """Whether all was put, by size; the bytes are gone."""
        script = (
            "import boto3, json, os, sys\n"
            "pages = boto3.client('s3').get_paginator('list_objects_v2').paginate(Bucket=sys.argv[1])\n"
            "print(json.dumps({item['Key']: item['Size'] for page in pages for item in page.get('Contents', [])}))"
        )
        answer = subprocess.run([PEERS / "python", "-c", script, bucket], env=environment_of(self), capture_output=True, text=True)
        return json.loads(answer.stdout or "{}") == sizes(data, row)

    def drop_bucket(self, bucket):
        subprocess.run(["curl", "-sk", "-X", "DELETE", f"{self.endpoint}/{bucket}"], check=True)


class SeaweedFS:
    """The tests' own server, through their helper."""

    def __enter__(self):
        weed = ROOT / ".venv/bin/weed"
        self.helper = subprocess.Popen(
            [ROOT / ".venv/bin/python", "-B", ORACLE, weed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.facts = json.loads(self.helper.stdout.readline())
        self.process = children_of(self.helper.pid)[0]
        self.is_loaded = set()
        return self

    def __exit__(self, *_):
        self.helper.stdin.close()
        self.helper.wait()

    def ask(self, **question):
        self.helper.stdin.write(json.dumps({"id": 1, **question}) + "\n")
        self.helper.stdin.flush()
        answer = json.loads(self.helper.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["message"])
        return answer["result"]

    def write_certificates(self, folder):
        for name in ("ca.pem", "server.pem", "server.key"):
            shutil.copy(Path(self.facts["folder"]) / name, folder / name)

    def as_server(self, tls):
        return WeedServer(self, tls)


class WeedServer:
    """SeaweedFS at one of its two endpoints."""

    def __init__(self, weed, tls):
        facts = weed.facts
        self.weed, self.name = weed, "weed-tls" if tls else "weed"
        self.endpoint = facts["tlsEndpoint" if tls else "endpoint"]
        self.ca = facts["ca"] if tls else None
        self.access_key, self.secret_key, self.region = facts["accessKey"], facts["secretKey"], facts["region"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def load(self, data, rows):
        """Puts what is to be fetched, once for both endpoints."""
        wanted = {ROWS[row].key for row in rows if ROWS[row].direction == "down"} - self.weed.is_loaded
        if not self.weed.is_loaded:
            self.weed.ask(op="call", operation="create_bucket", arguments={"Bucket": SOURCE_BUCKET})
        for key in sorted(wanted):
            say(f"loading {key} into SeaweedFS")
            row = Row("up", key, "", 0, 0)
            command = command_of("s5cmd", None, row, f"{data}/{key}", f"s3://{SOURCE_BUCKET}/{key}")
            subprocess.run(command, env=environment_of(self), check=True)
        self.weed.is_loaded |= wanted

    def cpu(self):
        return cpu_of(self.weed.process)

    def fresh_bucket(self):
        return self.weed.ask(op="bucket")

    def holds(self, bucket, data, row, with_bytes):
        found = {item["key"]: item["size"] for item in self.weed.ask(op="list", bucket=bucket)}
        if found != sizes(data, row):
            return False
        return not with_bytes or all(
            self.weed.ask(op="digest", bucket=bucket, key=key)["sha256"] == digest(data / key) for key in found)  # fmt: skip

    def drop_bucket(self, bucket):
        self.weed.ask(op="call", operation="delete_bucket", arguments={"Bucket": bucket})


# MARK: Data


def make_folder():
    """A folder in memory; on disk where memory is too small, which says so."""
    BENCH.mkdir(exist_ok=True)
    status = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    has_room = status and status.f_bavail * status.f_frsize >= ROOM
    if not has_room:
        say(f"/dev/shm has no {ROOM >> 30} GiB: the S3 data lies on disk, and writing it is measured too")
    return Path(tempfile.mkdtemp(prefix="braket-runner-bench-", dir="/dev/shm" if has_room else BENCH))


def make_data(folder, rows):
    """Noise from a fixed seed: nothing that a file system or a client could make smaller."""
    rng = random.Random(1967)
    for key in sorted({ROWS[row].key for row in rows}):
        row = next(row for row in ROWS.values() if row.key == key)
        say(f"making {row.files:,} × {row.size:,} bytes")
        if not row.is_tree:
            folder.mkdir(parents=True, exist_ok=True)
            with open(folder / key, "wb") as file:
                for _ in range(row.size // (16 * MIB)):
                    file.write(rng.randbytes(16 * MIB))
            continue
        for number in range(row.files):
            path = folder / key / f"{number // 1000:03}" / f"{number:06}.bin"
            if number % 1000 == 0:
                path.parent.mkdir(parents=True)
            if number < DISTINCT_FILES:
                path.write_bytes(rng.randbytes(row.size))
            else:
                first = number % DISTINCT_FILES
                path.hardlink_to(folder / key / f"{first // 1000:03}" / f"{first:06}.bin")


def sizes(data, row):
    """Size by key of what a row puts."""
    paths = [path for path in (data / row.key).rglob("*") if path.is_file()] if row.is_tree else [data / row.key]
    return {path.relative_to(data).as_posix(): path.stat().st_size for path in paths}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_same(source, target):
    """Whether both are the same bytes, and nothing is missing or too much."""
    if not target.exists():
        return False
    if source.is_file():
        return filecmp.cmp(source, target, shallow=False)
    return subprocess.run(["diff", "-rq", source, target], stdout=subprocess.DEVNULL).returncode == 0


# MARK: Processes


def cpu_of(pid):
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def children_of(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# MARK: Report


def add_section(report, server, rounds, results):
    title, what = SERVERS[server]
    rows = []
    for name, row in results.items():
        for client, runs in row.items():
            median = lambda field: statistics.median(run[field] for run in runs)
            user, system = median("user"), median("sys")
            cpu = statistics.median(run["user"] + run["sys"] for run in runs)
            rows.append([
                ROWS[name].label, CLIENTS[client], f"{median('wall'):.2f} s", f"{cpu:.2f} s", f"{user:.2f} + {system:.2f}",
                f"{median('rss') / MIB:.0f} MiB", f"{median('server'):.2f} s",
                f"{sum(run['verified'] and not run['errors'] for run in runs)} of {len(runs)}",
            ])  # fmt: skip
        add_target(report, title, name, row)
    report.section(
        f"S3: {title}",
        f"{what} Medians of {rounds} rounds in which the clients take turns. CPU is the client's, of all its threads; "
        "memory is its peak. Right: transfers whose bytes were compared and right, and whose client ended with 0. boto3, rclone "
        "and awscrt are left out of rows in which they would take minutes.",
        ["", "client", "wall", "CPU", "user + system", "peak memory", "server's CPU", "right"],
        rows,
    )


def add_target(report, title, name, results):
    """One line for each row: at or below the best peer in wall and CPU, and the limit of memory.

    A body that is hashed for its signature is compared with those of peers that hash theirs, and one that is not
    with all. Over TLS the runner hashes none.
    """
    peers = {client: runs for client, runs in results.items() if client not in OURS and any(run["verified"] for run in runs)}
    label = ROWS[name].label
    if "runner" not in results:
        return
    if not peers:
        add_memory_target(report, title, name, results["runner"])
    elif name.startswith("up") and "unsigned" in results:
        hashing = {client: runs for client, runs in peers.items() if client not in UNHASHED}
        if hashing:
            add_comparison(report, f"{label} with hashed bodies, {title}", results["runner"], hashing)
        add_comparison(report, f"{label}, bodies not hashed, {title}", results["unsigned"], peers)
    else:
        add_comparison(report, f"{label}, {title}", results["runner"], peers)


def add_comparison(report, label, ours, peers):
    """One line: `ours`, runs of the runner, beside the best of `peers`, runs by client."""
    wall = lambda runs: statistics.median(run["wall"] for run in runs)
    cpu = lambda runs: statistics.median(run["user"] + run["sys"] for run in runs)
    best_wall, best_cpu = min(map(wall, peers.values())), min(map(cpu, peers.values()))
    memory = max(run["rss"] for run in ours) / MIB
    is_right = all(run["verified"] and not run["errors"] for run in ours)
    report.target(
        f"{label}: wall {best_wall:.2f} s and CPU {best_cpu:.2f} s, the best peers', {MEMORY_LIMIT_MIB} MiB",
        f"{wall(ours):.2f} s, {cpu(ours):.2f} s, {memory:.0f} MiB",
        is_right and wall(ours) <= best_wall and cpu(ours) <= best_cpu and memory <= MEMORY_LIMIT_MIB,
    )


def add_memory_target(report, title, name, ours):
    """One line for a row that no peer takes part in."""
    memory = max(run["rss"] for run in ours) / MIB
    is_right = all(run["verified"] and not run["errors"] for run in ours)
    report.target(f"{ROWS[name].label}, {title}: {MEMORY_LIMIT_MIB} MiB", f"{memory:.0f} MiB", is_right and memory <= MEMORY_LIMIT_MIB)


def versions():
    """What was measured against, for the table of the machine."""
    def first_line(*command):
        try:
            text = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:  # parts of bench.py that need no peers run without them
            text = ""
        return text.splitlines()[0] if text else "?"

    packages = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in ('boto3', 'awscrt', 'obstore')))"
    return [
        ["S3 clients", f"s5cmd {first_line(PEERS / 's5cmd', 'version')}, {first_line(PEERS / 'rclone', 'version')}, {first_line(PEERS / 'python', '-c', packages)}"],
        ["SeaweedFS", first_line(ROOT / ".venv/bin/weed", "version")],
    ]  # fmt: skip


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
