"""The SDK's local mode, unmodified: LocalQuantumJob and @hybrid_job(local=True) with podman for docker and moto for AWS."""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from imagetest import engine
from imagetest.containers import run_once
from imagetest.engine import CACHE, IMAGE, ROOT, run
from imagetest.report import Skipped, check, expect

PYTHON = ROOT / ".venv/bin/python"
DRIVER = Path(__file__).with_name("local_driver.py")
MOTO = CACHE / "moto"
REQUIREMENTS = ["moto[iam,s3,sts]", "flask", "flask-cors"]
JOB = """\
import os, pathlib
from braket.jobs import save_job_checkpoint, save_job_result
from braket.jobs.metrics import log_metric

def main(steps: int, fails: str):
    text = pathlib.Path(os.environ["AMZN_BRAKET_INPUT_DIR"], "numbers/numbers.txt").read_text()
    print("input", text.strip(), "in", os.getcwd())
    for step in range(steps):
        log_metric("energy", -1.0 * step, iteration_number=step)
    save_job_checkpoint({"step": steps})
    save_job_result({"sum": sum(map(int, text.split())), "steps": steps})
    # The SDK reads until it sees the end, so whatever is written late is what it loses.
    for line in range(2000):
        print("line", line)
    if fails == "yes":
        raise ValueError("on purpose")
"""
# `docker cp DIR CONTAINER:/not/there/` makes the folder; podman 4.3 wants it without the last slash.
DOCKER = """\
#!/bin/sh
echo "$*" >>"{log}"
[ "$1" = cp ] && exec podman cp "$2" "${{3%/}}"
exec podman "$@"
"""


@contextlib.contextmanager
def moto(folder):
    """S3, STS and IAM on loopback for the block; hands it the address."""
    if not (MOTO / "bin/moto_server").exists():
        run("python3", "-m", "venv", MOTO)
        run(MOTO / "bin/pip", "install", "--quiet", *REQUIREMENTS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with open(folder / "moto.log", "wb") as log:
        server = subprocess.Popen(
            [MOTO / "bin/moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
                break
            if server.poll() is not None:
                raise RuntimeError((folder / "moto.log").read_text())
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def drive(folder, mode):
    """Runs the driver in the folder.

    Returns what it said of its jobs, its whole output, and the docker commands that the SDK gave.
    """
    (folder / "job.py").write_text(JOB)
    (folder / "numbers.txt").write_text("1 2 3\n")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER.format(log=folder / "docker.log"))
    (programs / "docker").chmod(0o755)
    with moto(folder) as address:
        # The SDK hands no endpoint on, so every container gets it from podman's settings.
        engine.set_up([f"AWS_ENDPOINT_URL={address}"])
        try:
            done = run(
                PYTHON, DRIVER, IMAGE, mode,
                check=False,
                cwd=folder,
                env={
                    **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": address,
                    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-west-2",
                },
            )  # fmt: skip
        finally:
            engine.set_up()
    said = [line for line in done.stdout.splitlines() if line.startswith("SAID")]
    expect(done.returncode == 0 and said, done.stdout[-4000:])
    return json.loads(said[0][4:]), done.stdout, (folder / "docker.log").read_text()


@check("the SDK's LocalQuantumJob gets results, checkpoints, metrics and every line of the log, passing or failing")
def create(folder):
    (passing, failing), output, commands = drive(folder, "create")
    for job in (passing, failing):
        expect(job["state"] == "COMPLETED", job)
        expect(job["result"] == {"sum": 6, "steps": 3}, job)
        expect(job["metrics"].get("energy") == [0.0, -1.0, -2.0], job)
        log = (folder / job["name"] / "log.txt").read_text()
        lines = log.splitlines()
        expect([line for line in lines if line.startswith("line ")] == [f"line {n}" for n in range(2000)], log[-2000:])
        expect("input 1 2 3 in /opt/ml/code/customer_code/extracted" in lines, log[:2000])
        checkpoint = folder / job["name"] / "checkpoints" / f"{job['name']}.json"
        expect(json.loads(checkpoint.read_text())["dataDictionary"] == {"step": 3}, checkpoint)
    # The SDK's own line comes last; before it the runner says why, whole.
    expect(lines[-1] == "Process exited with code: 1", log[-2000:])
    expect(any("error: ValueError: on purpose" in line for line in lines[-6:]), log[-2000:])
    expect("Process exited" not in (folder / passing["name"] / "log.txt").read_text())
    expect("run -d --rm" in commands and "tail -f /dev/null" in commands and "python braket_container.py" in commands, commands)


@check("the SDK's @hybrid_job(local=True) runs a function of the caller's own file and returns its result")
def decorator(folder):
    version = ["-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    outside = run(PYTHON, *version).stdout.strip()
    inside = run_once("python", *version, options=["--entrypoint", ""])[1].strip()
    # The function goes into the container as byte code, which only the same Python can run: the SDK says so itself.
    if inside != outside:
        raise Skipped(f"the image has Python {inside}, this machine {outside}")
    (job,), output, _ = drive(folder, "decorator")
    expect(job["state"] == "COMPLETED", job, output[-3000:])
    expect(isinstance(job["result"], dict), job, output[-3000:])
    expect(job["result"].get("returned") == 42 or job["result"].get("twice") == 42, job, output[-3000:])
    expect(job["metrics"].get("energy") == [-1.5], job)
