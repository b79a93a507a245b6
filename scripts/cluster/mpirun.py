"""mpirun on the hosts of hosts.py without the runner: what bench_hosts.py compares it with."""

import os
import shutil
import subprocess
from pathlib import Path

from hosts import wait_until

PORT = 22_022


def missing_program():
    """Which program there is not; None when all are there."""
    lacking = [name for name in ("mpirun", "sshd", "ssh", "ssh-keygen") if not find(name)]
    return f"no {', '.join(lacking)}" if lacking else None


def find(program):
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


class BareMPI:
    """mpirun over ssh servers that run before it; the first host leads."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        folder.mkdir()
        self.write_keys()
        self.write_settings()

    def write_keys(self):
        """One key for the client and all servers."""
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.key], check=True)
        public = Path(f"{self.key}.pub").read_text()
        (self.folder / "authorized").write_text(public)
        known = [f"[{host.address}]:{PORT} {public}" for host in self.cluster.hosts]
        (self.folder / "known").write_text("".join(known))

    def write_settings(self):
        """Those that the runner writes for its own servers and its own client."""
        (self.folder / "ssh_config").write_text(
            f"Host *\nPort {PORT}\nIdentityFile {self.key}\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.folder}/known\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n"
            "PasswordAuthentication no\nConnectTimeout 5\nLogLevel ERROR\n")
        (self.folder / "sshd_config").write_text(
            f"Port {PORT}\nHostKey {self.key}\nAuthorizedKeysFile {self.folder}/authorized\nPidFile none\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "UsePAM no\nStrictModes no\nX11Forwarding no\nAllowTcpForwarding no\nAllowAgentForwarding no\n"
            f"PrintMotd no\nLogLevel ERROR\nSetEnv \"PATH={os.environ['PATH']}\"\n")

    def start_servers(self, numbers):
        """Starts the ssh servers of all hosts but the first, and waits until they listen."""
        os.makedirs("/run/sshd", exist_ok=True)  # sshd refuses to start without
        hosts = [self.cluster.hosts[number - 1] for number in numbers[1:]]
        for host in hosts:
            words = [find("sshd"), "-D", "-e", "-f", str(self.folder / "sshd_config")]
            host.popen(words, subprocess.DEVNULL, {"PATH": os.environ["PATH"]})
        line = f":{PORT:04X} 00000000:0000 0A"
        for host in hosts:
            table = Path(f"/proc/{host.first}/net/tcp")
            wait_until(lambda: line in table.read_text(), 10, f"the ssh server of {host.name}")

    def start(self, numbers, command, shared, log):
        """Starts mpirun on the first host, one rank on each; its output goes to a file."""
        hosts = [self.cluster.hosts[number - 1] for number in numbers]
        environment = {"PATH": os.environ["PATH"], "HOME": "/root", "TEST_SHARED": shared}
        with open(log, "wb") as output:
            return hosts[0].popen([*self.mpirun(hosts), *command], output, environment)

    def mpirun(self, hosts):
        """What the runner gives mpirun, but for most variables and the program."""
        settings = {
            "btl_tcp_if_include": "eth0", "oob_tcp_if_include": "eth0", "plm_rsh_no_tree_spawn": "1", "pml": "ob1",
            "btl": "^openib", "orte_abort_on_non_zero_status": "1", "btl_vader_single_copy_mechanism": "none",
            "oob_tcp_keepalive_time": "3", "oob_tcp_keepalive_intvl": "2", "oob_tcp_keepalive_probes": "2",
            "plm_rsh_agent": "ssh", "plm_rsh_args": f"-F {self.folder}/ssh_config",
        }
        words = [word for name, value in settings.items() for word in ("-mca", name, value)]
        return [
            "mpirun", "--host", ",".join(host.address for host in hosts), "-np", str(len(hosts)),
            "--allow-run-as-root", "--display-map", "--tag-output", *words, "-bind-to", "none", "-map-by", "slot",
            "-x", "PATH", "-x", "TEST_SHARED",
        ]
