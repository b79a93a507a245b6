"""Whole jobs in containers: users, roots, limits and stops."""

import tarfile
import zipfile

from imagetest.containers import JOB, record, run_job, run_once, script_options, started, stop, wait_for_line
from imagetest.engine import NONROOT, podman
from imagetest.report import Skipped, check, expect

RESULT = """\
import os, pathlib
pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "results.json").write_text("{}")
print("user", os.getuid(), "results in", os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"])
"""
EATS = "data = []\nwhile True: data.append(bytearray(b'x' * 1000000))\n"
STOPS = """\
import os, pathlib, signal, sys, time
def stop(number, frame):
    pathlib.Path(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"], "last").write_text("safe")
    pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "results.json").write_text("{}")
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("SCRIPT WAITS", flush=True)
time.sleep(600)
"""
REFUSES = """\
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "results.json").write_text("{}")
print("SCRIPT WAITS", flush=True)
time.sleep(600)
"""


def stored_results(folder):
    """The names in the stored model.tar.gz."""
    with tarfile.open(folder / "store/bucket/out/output/model.tar.gz") as archive:
        return [name.removeprefix("./") for name in archive.getnames()]


@check("a job runs as root, and its results are stored")
def as_root(folder):
    code, output = run_job(folder, RESULT)
    expect(code == 0 and "user 0 results in /opt/braket/model" in output, code, output)
    expect("results.json" in stored_results(folder), stored_results(folder))
    expect(record(folder)["status"] == "COMPLETED", record(folder))


@check("the image for user 1000 runs the same job, and its pip installs for that user")
def as_user(folder):
    options = script_options(folder, RESULT + "import tiny_requirement\n")
    # Built here, without the network: the wheel of one empty module.
    (folder / "script/requirements.txt").write_text("--no-index\n./tiny_requirement-1-py3-none-any.whl\n")
    wheel(folder / "script/tiny_requirement-1-py3-none-any.whl")
    code, output = run_once(*JOB, options=options, image=NONROOT)
    expect(code == 0 and "user 1000 results in /opt/braket/model" in output, code, output)
    expect("results.json" in stored_results(folder), stored_results(folder))


def wheel(path):
    """Writes a wheel of one empty module."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_requirement.py", "")
        data = "tiny_requirement-1.dist-info"
        archive.writestr(f"{data}/METADATA", "Metadata-Version: 2.1\nName: tiny-requirement\nVersion: 1\n")
        archive.writestr(f"{data}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{data}/RECORD", "")


@check("a root that may not be written is said with its remedy, and --root names another folder")
def foreign_user(folder):
    options = ["--user", "1000", *script_options(folder, RESULT)]
    code, output = run_once(*JOB, options=options)
    expect(code == 64 and "--root" in output, code, output)
    code, output = run_once(*JOB, "--root", "/tmp/job", options=options)
    expect(code == 0 and "user 1000 results in /tmp/job/braket/model" in output, code, output)


@check("a read-only root needs only /opt/ml in memory")
def read_only(folder):
    options = ["--read-only", "--read-only-tmpfs=false", "--tmpfs", "/opt/ml"]
    code, output = run_job(folder, RESULT, options=options)
    expect(code == 0, code, output)
    expect("results.json" in stored_results(folder), stored_results(folder))


@check("a read-only root without that is said with the path and the remedy")
def read_only_alone(folder):
    options = ["--read-only", "--read-only-tmpfs=false", "--volume", f"{folder}:/script:ro"]
    code, output = run_once(*JOB, options=options)
    expect(code == 64 and "cannot write /opt/ml/.braket-runner.lock: Read-only file system; run as" in output, code, output)


@check("a script that takes more than the container's memory is called out of memory, not just killed")
def out_of_memory(folder):
    if run_once("true", options=["--memory", "160m"])[0] != 0:
        raise Skipped("this machine sets no memory limits")
    code, output = run_job(folder, EATS, options=["--memory", "160m", "--memory-swap", "160m"])
    failure = (folder / "output/failure").read_text()
    expect(code == 137, code, output)
    expect(failure.startswith("Out of memory: the kernel killed python"), failure)
    expect(record(folder)["runner"]["verdict"]["kind"] == "out-of-memory", record(folder)["runner"]["verdict"])


@check("a stop reaches the script, whose checkpoint and results are stored before the container ends")
def stopped(folder):
    with started(*JOB, options=script_options(folder, STOPS)) as name:
        wait_for_line(name, "SCRIPT WAITS")
        code, output = stop(name, 120)
    expect(code == 143 and "saved" in output, "137 is the engine's SIGKILL", code, output)
    expect((folder / "store/bucket/checkpoints/last").read_text() == "safe")
    expect("results.json" in stored_results(folder), stored_results(folder))
    expect(record(folder)["status"] == "CANCELLED", record(folder)["status"])


@check("a script that ignores a stop is killed within --grace, and what it wrote is stored in time")
def refused_stop(folder):
    with started(*JOB, "--grace", "6", options=script_options(folder, REFUSES)) as name:
        wait_for_line(name, "SCRIPT WAITS")
        code, output = stop(name, 120)
    expect(code == 143, "137 is the engine's SIGKILL", code, output)
    expect("results.json" in stored_results(folder), stored_results(folder))


@check("the health check passes before, during and after a good job, and fails after a bad one")
def health(folder):
    options = script_options(folder, "raise ValueError('boom')\n")
    with started("tail", "-f", "/dev/null", options=options) as name:
        expect(podman("healthcheck", "run", name, check=False).returncode == 0, "before the first job")
        podman("exec", name, "braket-runner", *JOB, check=False)
        done = podman("exec", name, "braket-runner", "status", "--health", check=False)
        expect(done.returncode == 1 and "FAILED: ValueError: boom" in done.stdout, done.stdout)
        expect(podman("healthcheck", "run", name, check=False).returncode == 1, "after a failed job")


@check("two hosts of one container run under the image's Open MPI, and their results are one archive")
def mpi(folder):
    script = (
        "from mpi4py import MPI\nimport os, pathlib\nrank, size = MPI.COMM_WORLD.Get_rank(), MPI.COMM_WORLD.allreduce(1)\n"
        "pathlib.Path(os.environ['AMZN_BRAKET_JOB_RESULTS_DIR'], f'rank-{rank}').write_text(str(size))\n"
    )
    code, output = run_job(folder, script, "--instances", "2", "--launch", "mpi", "--root", "/tmp/job")
    expect(code == 0, code, output[-3000:])
    expect({"rank-0", "rank-1"} <= set(stored_results(folder)), stored_results(folder), output[-3000:])
