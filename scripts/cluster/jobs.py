"""Jobs on the hosts of hosts.py: starts the runner on each, and looks at what is left."""

import glob
import json
import os
import shutil
import tarfile
import time

from hosts import ROOT, wait_until

# Every host's script says that it is there, and goes on until it is told to go, or forever.
SCRIPT = '''
import os, select, sys, time, socket
# time.sleep fails under libfaketime, which gives a host another time of day.
def pause(seconds): select.select([], [], [], max(0, seconds))
host = os.environ["SM_CURRENT_HOST"]
shared = os.environ["TEST_SHARED"]
results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
with open(os.path.join(results, f"of-{host}.txt"), "w") as file: file.write(host)
with open(os.path.join(results, "same.txt"), "w") as file: file.write(host)
with open(os.path.join(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"], f"step-{host}.txt"), "w") as file: file.write(host)
print("host", host, "begins", flush=True)
if os.environ.get("TEST_TORCH"):
    import torch, torch.distributed
    torch.distributed.init_process_group("gloo")
    sum = torch.tensor([float(os.environ["RANK"])])
    torch.distributed.all_reduce(sum)
    print("rank", os.environ["RANK"], "of", os.environ["WORLD_SIZE"], "on", host, "sum", sum.item(), flush=True)
name = f"{host}-{os.environ.get('OMPI_COMM_WORLD_RANK', '')}"
if os.environ.get("TEST_MPI"):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    word = world.bcast("word" if world.rank == 0 else None, root=0)
    total = world.allreduce(world.rank)
    print("rank", world.rank, "of", world.size, "on", host, word, total, os.environ["AMZN_BRAKET_JOB_NAME"], flush=True)
open(os.path.join(shared, f"started-{name}"), "w").write(str(time.monotonic()))
while not os.path.exists(os.path.join(shared, "go")):
    order = os.path.join(shared, f"order-{name}")
    if os.path.exists(order):
        exec(open(order).read())
    if os.environ.get("TEST_MPI") == "busy":
        world.allreduce(1)
    pause(0.05)
print("done", host, flush=True)
'''


def faketime_library():
    """The library that gives a process another time of day; Debian's folder has the architecture in its name."""
    return glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]


class Job:
    """One job on some hosts of a cluster."""

    def __init__(self, cluster, binary, folder, hosts, launch="none", ranks=1, mpi=None, source="resourceconfig",
                 secrets=None, options=(), managed=False, python="/usr/bin/python3", clocks=None):
        self.cluster, self.binary, self.numbers = cluster, binary, list(range(1, hosts + 1))
        self.launch, self.ranks, self.mpi, self.source = launch, ranks, mpi, source
        self.python = python
        self.clocks = clocks or {}
        self.secrets, self.options, self.managed = secrets or {}, list(options), managed
        self.folder = folder
        self.shared = os.path.join(folder, "shared")
        self.store = os.path.join(folder, "store")
        for path in (self.shared, self.store, os.path.join(folder, "script")):
            os.makedirs(path)
        with open(os.path.join(folder, "script", "alg.py"), "w") as file:
            file.write(SCRIPT)
        self.processes, self.ended, self.codes = {}, {}, {}

    # Starting

    def prepare(self, number):
        """The host, made again where it has died, with an empty root."""
        host = self.cluster.host(number)
        # Not the folder itself, which is the host's root.
        for name in os.listdir(host.folder):
            path = os.path.join(host.folder, name)
            if os.path.islink(path):
                os.remove(path)
            else:
                shutil.rmtree(path)
        return host

    def start(self, number):
        host = self.prepare(number)
        words = [
            self.binary, "run", "--root", ROOT, "--script", os.path.join(self.folder, "script"),
            "--entry-point", "alg", "--job-name", "cluster-job", "--python", self.python, *self.options,
        ]
        if not self.managed:
            words += ["--storage", f"file:{self.store}", "--output", "s3://bucket/out",
                      "--checkpoints", "s3://bucket/checkpoints"]
        if self.launch == "auto-mpi":
            words += ["--hyperparameter", "sagemaker_mpi_enabled=true",
                      "--hyperparameter", f"sagemaker_mpi_num_of_processes_per_host={self.ranks}"]
        else:
            words += ["--launch", self.launch, "--ranks-per-host", str(self.ranks)]
        if self.source == "resourceconfig":
            self.write_resource_config(host)
        else:
            words += ["--hosts", f"algo-[1-{len(self.numbers)}]", "--host-index", str(number - 1)]
        # What a host that dies leaves of temporary files goes with the job.
        environment = {"PATH": os.environ["PATH"], "HOME": "/root", "TEST_SHARED": self.shared, "TMPDIR": self.folder,
                       "BRAKET_RUNNER_CLUSTER_SECRET": self.secrets.get(number, "the job's")}
        if self.managed:
            environment["AMZN_BRAKET_HP_FILE"] = os.path.join(ROOT, "braket/input/config/hyperparameters.json")
        if self.launch == "torchrun":
            environment.update({"TEST_TORCH": "1", "GLOO_SOCKET_IFNAME": "eth0", "OMP_NUM_THREADS": "1",
                                "PATH": os.path.dirname(self.python) + ":" + os.environ["PATH"]})
        if number in self.clocks:
            environment.update({"LD_PRELOAD": faketime_library(), "FAKETIME": f"{self.clocks[number]:+}s",
                                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"})
        if self.mpi:
            environment["TEST_MPI"] = self.mpi
        log = open(self.log_file(number), "wb")
        self.processes[number] = host.popen(words, log, environment)

    def write_resource_config(self, host):
        folder = os.path.join(host.folder, "ml", "input", "config")
        os.makedirs(folder)
        hosts = sorted(f"algo-{number}" for number in self.numbers)
        with open(os.path.join(folder, "resourceconfig.json"), "w") as file:
            json.dump({"current_host": host.name, "hosts": hosts, "network_interface_name": "eth0",
                       "current_group_name": "homogeneousCluster",
                       "instance_groups": [{"instance_group_name": "homogeneousCluster", "hosts": hosts}]}, file)

    def start_all(self, seconds=60):
        for number in self.numbers:
            self.start(number)
        self.wait_for_scripts(seconds)

    def wait_for_scripts(self, seconds=60):
        wait_until(lambda: len(self.scripts()) >= len(self.numbers) * self.ranks or self.poll(), seconds,
                   "the scripts did not start")
        assert not self.codes, f"ended before the scripts began: {self.codes}"

    def scripts(self):
        return [name for name in os.listdir(self.shared) if name.startswith("started-")]

    def go(self):
        open(os.path.join(self.shared, "go"), "w").close()

    def order(self, name, text):
        path = os.path.join(self.shared, f"order-{name}")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    # The end

    def poll(self):
        for number, process in self.processes.items():
            if number not in self.codes and process.poll() is not None:
                self.codes[number], self.ended[number] = process.returncode, time.monotonic()
        return self.codes

    def wait(self, numbers=None, seconds=40):
        numbers = numbers or self.numbers
        wait_until(lambda: all(number in self.poll() for number in numbers), seconds, "the hosts did not end")
        return max(self.ended[number] for number in numbers)

    def kill(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
        for number in self.numbers:
            host = self.cluster.hosts[number - 1]
            if host.shell.poll() is None:
                host.join()
                host.die()

    # What is left

    def log_file(self, number):
        return os.path.join(self.folder, f"log-{number}")

    def log(self, number):
        with open(self.log_file(number), errors="replace") as file:
            return file.read()

    def record(self, number):
        path = os.path.join(self.cluster.hosts[number - 1].folder, "ml", "output", "job.json")
        with open(path) as file:
            return json.load(file)

    def sentence(self, number):
        return self.record(number)["runner"].get("verdict", {}).get("sentence", "")

    def stored(self, *path):
        return os.path.join(self.store, "bucket", *path)

    def archive(self, *path):
        with tarfile.open(self.stored(*path)) as archive:
            return {member.name.removeprefix("./"): archive.extractfile(member).read().decode()
                    for member in archive.getmembers() if member.isfile()}
