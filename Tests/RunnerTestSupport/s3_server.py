"""Starts SeaweedFS, a real S3 server, on free ports of loopback for as long as this process lives.

The server has keys of its own, made anew at each start: no program can talk to the server of another by mistake, and
none of them is a secret of anybody.
"""

import ctypes
import fcntl
import json
import os
import random
import secrets
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REGION = "us-west-2"
PREFIX = "braket-runner-s3-"
# The test data of one run; a container's /dev/shm is often 64 MiB.
ROOM = 4 << 30
PORTS = {
    "master.port": 0, "master.port.grpc": 1, "volume.port": 2, "volume.port.grpc": 3, "filer.port": 4, "filer.port.grpc": 5,
    "admin.port": 6, "s3.port": 8, "s3.port.grpc": 9, "s3.port.https": 10,
}  # fmt: skip
# Its own worker dials the admin service here, whatever -admin.port.grpc says.
ADMIN_GRPC = 10_006
BLOCK = 20
# Below the ports that the kernel gives to outgoing connections (32768 and up), with 10,000 added too.
BLOCKS = range(20_000, 22_600, BLOCK)


class SeaweedFS:
    """A running server; `stop` ends it and removes what it stored."""

    def __init__(self, program, folder=None):
        """Starts the program; it is ready when `wait` has returned.

        It must be called by the main thread: the kernel ends the server when the thread that started it ends.
        """
        self.folder, self._owner = make_folder(folder)
        self.access_key = "TEST" + "".join(random.choices(string.ascii_uppercase + string.digits, k=16))
        # Both characters have a meaning in paths and queries.
        self.secret_key = "t/e+" + secrets.token_urlsafe(27)
        self.region = REGION
        self.ca = self.folder / "ca.pem"
        make_certificates(self.folder)
        self._configuration().write_text(json.dumps(self._identities()))
        (self.folder / "data").mkdir()
        self._port_lock, self.base = claim_ports()
        self.endpoint = f"http://127.0.0.1:{self.base + PORTS['s3.port']}"
        self.tls_endpoint = f"https://127.0.0.1:{self.base + PORTS['s3.port.https']}"
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self._command(program), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder)},
                start_new_session=True, preexec_fn=die_with_parent)  # fmt: skip

    def _configuration(self):
        return self.folder / "s3.json"

    def _identities(self):
        return {
            "identities": [{
                "name": "tests",
                # More names of the same key, for tests of keys that change.
                "credentials": [
                    {"accessKey": self.access_key + more, "secretKey": self.secret_key} for more in ("", "A", "B", "C")
                ],
                "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            }],
            "kms": {"default_provider": "local", "providers": {"local": {"type": "local", "enableOnDemandCreate": True}}},
        }  # fmt: skip

    def _command(self, program):
        return [
            str(program), "mini", f"-dir={self.folder}/data",
            # Without these it listens on the machine's own address and reports to its makers.
            "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false",
            "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            *(f"-{name}={self.base + offset}" for name, offset in PORTS.items()),
            f"-filer.localSocket={self.folder}/filer.sock", f"-s3.localSocket={self.folder}/s3.sock",
            f"-s3.config={self._configuration()}", "-s3.domainName=s3.localhost", "-s3.autoCreateBucket=false",
            f"-s3.cert.file={self.folder}/server.pem", f"-s3.key.file={self.folder}/server.key",
            # Each bucket takes a volume of its own, and by default there are about a hundred.
            "-volume.max=4000", "-volume.preStopSeconds=0",
        ]  # fmt: skip

    def wait(self, is_ready, seconds=30):
        """Waits until `is_ready()` is true.

        The program says nowhere when it takes objects, so it is asked; each question is a whole signed request.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                how = "ended" if self.process.poll() is not None else f"took no object within {seconds} s"
                text = self.log.read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"SeaweedFS {how}; its log ends with:\n{text}")
            time.sleep(0.01)

    def stop(self):
        """Ends the server at once; what it stored is of no use to anybody."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_ready(program, is_ready, folder=None, attempts=3):
    """A server for which `is_ready(server)` is true; another process can take a port between check and use."""
    for attempt in range(attempts):
        server = SeaweedFS(program, folder)
        try:
            server.wait(lambda: is_ready(server))
            return server
        except RuntimeError:
            if attempt == attempts - 1:
                raise
    raise AssertionError("unreachable")


def die_with_parent():
    """Runs in the child: the kernel kills it when the process that started it ends, however that ends."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def make_folder(parent):
    """A new folder in memory if there is room, and the lock that says that it is in use."""
    if parent is None:
        shared = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
        parent = "/dev/shm" if shared and shared.f_bavail * shared.f_frsize >= ROOM else tempfile.gettempdir()
    remove_stale(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    owner = open(folder / "owner", "w")
    fcntl.flock(owner, fcntl.LOCK_EX)
    return folder, owner


def remove_stale(parent):
    """Removes what processes left that were killed with SIGKILL."""
    for folder in Path(parent).glob(PREFIX + "*"):
        try:
            with open(folder / "owner") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # In use, of another user, or just being made.
            continue


def claim_ports():
    """A block of free ports and the socket that keeps other processes of the tests from taking it.

    An abstract name is gone with its process and, like a port, belongs to the network namespace.
    """
    blocks = list(BLOCKS)
    random.shuffle(blocks)
    for base in blocks:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0braket-runner-ports-{base}")
            for offset in [*PORTS.values(), ADMIN_GRPC]:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", base + offset))
            return lock, base
        except OSError:
            lock.close()
    raise RuntimeError(f"no free block of {BLOCK} ports between {BLOCKS[0]} and {BLOCKS[-1]}")


def make_certificates(folder):
    """ca.pem, and server.pem with server.key signed by it, for 127.0.0.1 and localhost."""
    names = "DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost,IP:127.0.0.1"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl(
        folder, "req", "-x509", *key, "-subj", "/CN=braket-runner tests",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
    openssl(
        folder, "req", "-x509", *key, "-subj", "/CN=localhost", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "extendedKeyUsage=serverAuth", "-keyout", "server.key", "-out", "server.pem")  # fmt: skip


def openssl(folder, *arguments):
    result = subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"openssl {' '.join(arguments)}: {result.stderr}")
