"""Hosts of a job without machines: each a network, UTS, PID and mount namespace on one bridge.

The bridge lies in a namespace of its own, so nothing of this machine's network is touched; killing a host's first
process ends everything on it, as when an instance is lost.
"""

import os
import signal
import subprocess
import time

NETWORK = "10.88.0"
ROOT = "/run/braket-cluster/root"  # the same path on every host, and a folder of its own on each


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True)


def can_make_namespaces():
    """Why namespaces cannot be made here; None when they can."""
    if os.geteuid() != 0:
        return "not root"
    for words in (["ip", "-V"], ["unshare", "--version"], ["nsenter", "--version"]):
        try:
            run(*words)
        except (OSError, subprocess.CalledProcessError):
            return f"no {words[0]}"
    probe = run("unshare", "--net", "--uts", "--pid", "--fork", "--mount", "--mount-proc", "true", check=False)
    if probe.returncode != 0:
        return f"unshare: {probe.stderr.strip()}"
    probe = run("unshare", "--net", "ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b", check=False)
    return f"veth: {probe.stderr.strip()}" if probe.returncode != 0 else None


class Host:
    """One host; its first process sleeps and reaps."""

    def __init__(self, cluster, number):
        self.cluster, self.number = cluster, number
        self.name = f"algo-{number}"
        self.address = f"{NETWORK}.{10 + number}"
        self.namespace = f"{cluster.prefix}-{number}"
        self.folder = os.path.join(cluster.folder, self.name)
        os.makedirs(self.folder, exist_ok=True)
        run("ip", "netns", "add", self.namespace)
        switch = f"{cluster.prefix}-sw"
        run("ip", "link", "add", "name", "eth0", "netns", self.namespace,
            "type", "veth", "peer", "name", f"v{number}", "netns", switch)
        run("ip", "-n", switch, "link", "set", f"v{number}", "master", "br0", "up")
        run("ip", "-n", self.namespace, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            run("ip", "-n", self.namespace, "link", "set", device, "up")
        self.start()

    def start(self):
        setup = (
            f'hostname ip-10-88-0-{10 + self.number}; mount --bind "{self.cluster.hosts_file}" /etc/hosts; '
            f'mount --bind "{self.folder}" "{ROOT}"; echo up; '
            "trap : TERM INT; while :; do sleep 1000 & wait $!; done"
        )
        self.shell = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "--uts", "--pid", "--mount", "--fork",
             "--kill-child", "--mount-proc", "bash", "-c", setup],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        self.shell.stdout.readline()
        with open(f"/proc/{self.shell.pid}/task/{self.shell.pid}/children") as file:
            self.first = int(file.read().split()[0])

    def command(self, words):
        return ["nsenter", "-t", str(self.first), "-n", "-u", "-p", "-m", "--", *words]

    def popen(self, words, log, environment):
        return subprocess.Popen(self.command(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env=environment, start_new_session=True)

    def run(self, *words):
        run(*self.command(words))

    def processes(self):
        """Every process on the host but the first and its sleep, by this machine's numbers."""
        own = os.readlink(f"/proc/{self.first}/ns/pid")
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and int(name) != self.first and os.readlink(f"/proc/{name}/ns/pid") == own:
                    with open(f"/proc/{name}/comm") as file:
                        if file.read() != "sleep\n":
                            found.append(int(name))
            except OSError:
                pass  # ended meanwhile
        return found

    # What can happen to a host

    def die(self):
        os.kill(self.first, signal.SIGKILL)
        self.shell.wait()

    def freeze(self, number=signal.SIGSTOP):
        for process in self.processes():
            try:
                os.kill(process, number)
            except OSError:
                pass  # ended meanwhile

    def cut(self):
        run("ip", "-n", f"{self.cluster.prefix}-sw", "link", "set", f"v{self.number}", "down")

    def join(self):
        run("ip", "-n", f"{self.cluster.prefix}-sw", "link", "set", f"v{self.number}", "up")

    def remove(self):
        if self.shell.poll() is None:
            os.kill(self.first, signal.SIGKILL)
            self.shell.wait()
        run("ip", "netns", "del", self.namespace, check=False)


class Cluster:
    """Some hosts that know each other's names."""

    def __init__(self, folder, count):
        self.folder = folder
        self.prefix = f"brc{os.getpid() % 100000}"
        os.makedirs(ROOT, exist_ok=True)
        self.hosts_file = os.path.join(folder, "hosts")
        with open(self.hosts_file, "w") as file:
            file.write("127.0.0.1 localhost\n")
            for number in range(1, count + 1):
                file.write(f"{NETWORK}.{10 + number} algo-{number}\n")
        switch = f"{self.prefix}-sw"
        run("ip", "netns", "add", switch)
        run("ip", "-n", switch, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "br0", "up")
        self.hosts = []
        for number in range(1, count + 1):
            self.hosts.append(Host(self, number))

    def host(self, number):
        """A host by its number; made again where it has died."""
        host = self.hosts[number - 1]
        if host.shell.poll() is not None:
            host.start()
        return host

    def remove(self):
        for host in self.hosts:
            host.remove()
        run("ip", "netns", "del", f"{self.prefix}-sw", check=False)


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
