"""What holds of the images themselves and of processes in them."""

import json

from imagetest.containers import run_once, started, stop
from imagetest.engine import ADDON, IMAGE, NONROOT, podman
from imagetest.report import check, expect

ZOMBIES = """\
import os, pathlib, subprocess, time
print("init", os.readlink("/proc/1/exe"), os.getppid() == 1)
for _ in range(20):
    subprocess.run(["sh", "-c", "sleep 0.1 & exit 0"], check=True)

def states():
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            yield stat.read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            pass

# An orphan is a zombie for an instant in any case; only one that stays is a fault.
for _ in range(100):
    time.sleep(0.1)
    zombies = list(states()).count("Z")
    sleepers = subprocess.run(["sh", "-c", "cat /proc/[0-9]*/comm"], capture_output=True, text=True).stdout.count("sleep")
    if zombies == sleepers == 0:
        break
print("zombies", zombies, "sleepers", sleepers)
"""
KEYS = r"find / -xdev \( -name 'ssh_host_*' -o -name 'id_*sa*' -o -name 'id_ed25519*' -o -name authorized_keys \) -print"


def configuration(image):
    """The image's settings as the engine has them."""
    return json.loads(podman("image", "inspect", image).stdout)[0]


@check("the entry point is the runner in exec form, and what the SDK and the toolkit look for is set")
def settings(folder):
    for image in (IMAGE, NONROOT, ADDON):
        config = configuration(image)["Config"]
        expect(config["Entrypoint"] == ["braket-runner"], image, config.get("Entrypoint"))
        for variable in ("SAGEMAKER_PROGRAM=braket_container.py", "PYTHONUNBUFFERED=1"):
            expect(variable in config["Env"], image, variable, config["Env"])
    labels = configuration(IMAGE)["Config"]["Labels"]
    for name in ("title", "licenses", "version", "revision"):
        expect(labels.get(f"org.opencontainers.image.{name}"), name, labels)
    expect("--health" in str(configuration(IMAGE)), "no health check")
    expect(configuration(NONROOT)["Config"]["User"] == "1000", configuration(NONROOT)["Config"])


@check("no key of any host or user is in the image, and no /opt/ml/input/data")
def no_keys(folder):
    code, output = run_once("sh", "-c", f"{KEYS}; ls -d /opt/ml/input/data 2>/dev/null; readlink /opt/braket; command -v sshd")
    expect(output.split() == ["/opt/ml", "/usr/sbin/sshd"], code, output)


@check("Python, the Braket SDK and Open MPI with mpi4py work in it")
def contents(folder):
    code, output = run_once("python", "-c", "import braket.aws, cloudpickle; print('sdk', braket.aws.__name__)")
    expect(code == 0 and "sdk braket.aws" in output, code, output)
    # One write a rank: print() makes several of one line where output is not buffered, and those of two ranks mix.
    ranks = "import os; from mpi4py import MPI; os.write(1, b'size %d\\n' % MPI.COMM_WORLD.allreduce(1))"
    code, output = run_once("mpirun", "--oversubscribe", "-np", "2", "python", "-c", ranks)
    expect(code == 0 and output.count("size 2") == 2, code, output)


@check("PID 1 is the runner's init: it reaps orphans and hands on exit codes")
def reaping(folder):
    code, output = run_once("python", "-c", ZOMBIES)
    expect(code == 0, code, output)
    expect("init /usr/local/bin/braket-runner True" in output and "zombies 0 sleepers 0" in output, output)
    for command, wanted in (("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)):
        code, output = run_once("sh", "-c", command)
        expect(code == wanted, command, code, output)


@check("`tail -f /dev/null` runs on, other commands enter, and a stop ends it by SIGTERM at once")
def tail(folder):
    with started("tail", "-f", "/dev/null") as name:
        inside = podman("exec", "-w", "/opt/ml/code/", name, "sh", "-c", "pwd; printenv SAGEMAKER_PROGRAM; ls")
        expect(inside.stdout.split() == ["/opt/ml/code", "braket_container.py", "braket_container.py"], inside.stdout)
        podman("exec", name, "braket-runner", "status", "--health")
        code, output = stop(name, 60)
        expect(code == 143, "137 is the engine's SIGKILL after 60 s", code, output)


@check("`--entrypoint \"\"` runs any command of the image")
def no_entry_point(folder):
    code, output = run_once("python", "--version", options=["--entrypoint", ""])
    expect(code == 0 and output.startswith("Python 3."), code, output)
    code, output = run_once("train", options=["--entrypoint", ""])
    # No job was given: the runner says so, and it was found by that name.
    expect(code == 64 and "entry point" in output.lower(), code, output)


@check("a word that is neither a command nor a program is said in one sentence")
def unknown_word(folder):
    code, output = run_once("no-such-word")
    expect(code == 64 and "no-such-word" in output and "no program on PATH" in output, code, output)


@check("the addon puts the runner into an image that has neither Python nor anything of Braket")
def addon(folder):
    code, output = run_once("--version", image=ADDON)
    expect(code == 0, code, output)
    (folder / "run.sh").write_text("#!/bin/sh\necho ran as $0 in $PWD\n")
    words = ["--script", "/script", "--entry-point", "run.sh", "--storage", "file:/tmp/store", "--output", "s3://b/out"]
    code, output = run_once(*words, options=["--volume", f"{folder}:/script:ro"], image=ADDON)
    expect(code == 0 and "ran as" in output, code, output)
