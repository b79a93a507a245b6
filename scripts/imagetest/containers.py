"""Containers of the image under test, and jobs in them."""

import contextlib
import json
import subprocess
import uuid

from imagetest.engine import IMAGE, podman

JOB = ["--script", "/script", "--entry-point", "alg", "--storage", "file:/store"]
JOB += ["--output", "s3://bucket/out", "--checkpoints", "s3://bucket/checkpoints", "--job-name", "job"]


def run_once(*words, options=(), image=IMAGE):
    """Runs a container to its end and removes it.

    `words`: what follows the image's name; `options`: what precedes it. Returns the exit code and the output, both
    streams joined.
    """
    # Without systemd podman complains on standard error that it cannot repeat the health check.
    done = podman("run", "--rm", "--no-healthcheck", *options, image, *words, check=False)
    return done.returncode, done.stdout


def script_options(folder, script):
    """Writes the script and returns the options that mount it, its store, and the platform's output folder."""
    for name in ("script", "store", "output"):
        (folder / name).mkdir()
        # For containers whose user is not root.
        (folder / name).chmod(0o777)
    (folder / "script/alg.py").write_text(script)
    return [
        "--volume", f"{folder}/script:/script:ro", "--volume", f"{folder}/store:/store",
        "--volume", f"{folder}/output:/opt/ml/output",
    ]  # fmt: skip


def run_job(folder, script, *words, options=(), image=IMAGE):
    """Runs a job of one script file to its end, as `run_once` does."""
    return run_once(*JOB, *words, options=[*script_options(folder, script), *options], image=image)


def record(folder):
    """The record that the job left in the store."""
    return json.loads((folder / "store/bucket/out/output/job.json").read_text())


@contextlib.contextmanager
def started(*words, options=(), image=IMAGE):
    """Starts a container, hands its name to the block, and removes it afterwards."""
    name = f"braket-runner-{uuid.uuid4().hex[:12]}"
    podman("run", "--detach", "--name", name, *options, image, *words)
    try:
        yield name
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)


def wait_for_line(name, text):
    """Waits until the container's output has a line with the text; raises RuntimeError when it ends without one."""
    command = ["podman", "logs", "--follow", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as logs:
        seen = []
        for line in logs.stdout:
            seen.append(line)
            if text in line:
                logs.kill()
                return
    raise RuntimeError(f"{name} ended without {text!r}:\n{''.join(seen[-20:])}")


def stop(name, seconds):
    """Stops a container as `docker stop` does and returns its exit code and output.

    137 is the engine's SIGKILL: the container was not done in time.
    """
    podman("stop", "--time", seconds, name)
    code = podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()
    return int(code), podman("logs", name).stdout
