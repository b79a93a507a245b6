"""The service's way in: `train` with the platform's files, beside the real sagemaker-training in the same image."""

import json
import tempfile
from pathlib import Path

from imagetest import engine
from imagetest.containers import run_once
from imagetest.engine import IMAGE, podman
from imagetest.report import check, expect

TOOLKIT = "localhost/braket-runner:test-toolkit"
VERSION = "5.1.1"
# What it imports and the image lacks.
REQUIREMENTS = "inotify_simple==1.2.1 paramiko protobuf psutil retrying six"
# Its C extension is compiled in a stage that does not change with the runner.
DOCKERFILE = f"""\
FROM {{base}} AS wheels
RUN apt-get update -q && apt-get install -yq --no-install-recommends gcc libc6-dev python3-dev python3-pip
RUN python3 -m pip wheel --quiet --wheel-dir /wheels {REQUIREMENTS} \\
    && python3 -m pip wheel --quiet --wheel-dir /wheels --no-deps sagemaker-training=={VERSION}
FROM {IMAGE}
COPY --from=wheels /wheels /wheels
RUN python -m pip install --quiet --no-index --find-links /wheels {REQUIREMENTS} \\
    && python -m pip install --quiet --no-index --find-links /wheels --no-deps sagemaker-training=={VERSION}
"""
DUMP = """\
import json, os, sys
print("DUMP" + json.dumps({"environment": dict(os.environ), "arguments": sys.argv[1:], "folder": os.getcwd()}), flush=True)
"""
REAL = ["python", "-c", "from sagemaker_training.cli.train import main; main()"]
RESOURCES = {
    "service": {
        "current_group_name": "homogeneousCluster", "current_host": "algo-1", "current_instance_type": "ml.c5.xlarge",
        "hosts": ["algo-1"], "network_interface_name": "eth0", "topology": None,
        "instance_groups": [
            {"hosts": ["algo-1"], "instance_group_name": "homogeneousCluster", "instance_type": "ml.c5.xlarge"}
        ],
    },
    # Docker compose by the SageMaker SDK's local mode.
    "compose": {"current_host": "algo-1-x7k2q", "hosts": ["algo-1-x7k2q"]},
    "old": {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "ethwe"},
}  # fmt: skip
HYPERPARAMETERS = {
    "service": {
        "n_qubits": "4", "eta": "1e-3", "flag": "true", "off": "False", "text": "a b; $(x)", "zero": "007", "nothing": "null",
        "quoted": "\"q\"", "list": "[1, 2.50, \"\\u00e9\"]", "dict": "{\"b\": 1, \"a\": null}", "My-Key.x": "1",
        "letters": "h\u00e9llo \u2713", "sagemaker_job_name": "j", "_tuning_objective_metric": "loss", "big": "12345678901234567890123",
        "float": "1.0", "nan": "NaN", "empty": "",
    },
    "compose": {"n": "2", "sagemaker_region": "\"us-west-2\"", "sagemaker_custom": "x"},
    "old": {},
}  # fmt: skip
CHANNELS = {
    "service": {"input": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}},
    "compose": {"my-ch.a": {"TrainingInputMode": "File"}, "b": {"TrainingInputMode": "File", "ContentType": "text/csv"}},
    "old": {},
}


def build_toolkit():
    """Builds the image with the real toolkit; layers are kept between runs."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(DOCKERFILE.format(base=engine.base))
        certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
        podman("build", "--quiet", "--network", "host", "--volume", certificates, "--tag", TOOLKIT, folder)


def platform(folder, name):
    """Writes the platform's files and returns the options that mount them and name the script."""
    config = folder / "config"
    config.mkdir(parents=True)
    for file, table in (
        ("hyperparameters", HYPERPARAMETERS), ("resourceconfig", RESOURCES), ("inputdataconfig", CHANNELS)
    ):  # fmt: skip
        (config / f"{file}.json").write_text(json.dumps(table[name]))
    (folder / "script").mkdir()
    (folder / "script/alg.py").write_text(DUMP)
    (folder / "output").mkdir()
    variables = {
        "AMZN_BRAKET_SCRIPT_S3_URI": "file:///script/alg.py",
        "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg",
        "AMZN_BRAKET_HP_FILE": "/opt/braket/input/config/hyperparameters.json",
        "AMZN_BRAKET_JOB_RESULTS_DIR": "/opt/braket/model",
        "TRAINING_JOB_NAME": "BraketJob-123456789012-x",
        "AWS_DEFAULT_REGION": "us-west-2",
    }
    return [
        "--volume", f"{config}:/opt/ml/input/config", "--volume", f"{folder}/script:/script:ro",
        "--volume", f"{folder}/output:/opt/ml/output",
        # The toolkit waits up to 15 minutes for the names of all hosts.
        *(f"--add-host={host}:127.0.0.1" for host in RESOURCES[name]["hosts"]),
        *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
    ]  # fmt: skip


def dumped(code, output):
    """What the script found."""
    lines = [line for line in output.splitlines() if line.startswith("DUMP")]
    expect(code == 0 and len(lines) == 1, code, output[-3000:])
    return json.loads(lines[0][4:])


def is_the_toolkits(name):
    """Whether a variable is one that the toolkit sets."""
    return name.startswith(("SM_", "SAGEMAKER_")) or name in ("CURRENT_HOST", "TRAINING_JOB_NAME")


@check(f"`train`: arguments and all SM_* variables are byte for byte those of the real sagemaker-training {VERSION}")
def golden(folder):
    build_toolkit()
    for name in RESOURCES:
        options = platform(folder / name, name)
        (folder / name / "program.py").write_text(DUMP)
        theirs = [*options, "--volume", f"{folder}/{name}/program.py:/opt/ml/code/braket_container.py:ro"]
        real = dumped(*run_once(*REAL, options=["--entrypoint", "", *theirs], image=TOOLKIT))
        ours = dumped(*run_once("train", options=options))
        expect(ours["arguments"] == real["arguments"], name, ours["arguments"], real["arguments"])
        differences = [
            f"{name}: {key}: {ours['environment'].get(key)!r}, the toolkit has {real['environment'].get(key)!r}"
            for key in sorted({*ours["environment"], *real["environment"]})
            if is_the_toolkits(key) and ours["environment"].get(key) != real["environment"].get(key)
        ]
        expect(sum(map(is_the_toolkits, real["environment"])) > 30, real["environment"])
        expect(not differences, *differences)


@check("the untouched toolkit's `train` runs the job through /opt/ml/code/braket_container.py")
def under_the_toolkit(folder):
    build_toolkit()
    code, output = run_once("sh", "-c", "head -c 2 $(command -v train); braket-runner --version", image=TOOLKIT)
    expect(code == 0 and output.startswith("#!"), code, output)
    found = dumped(*run_once("train", options=["--entrypoint", "", *platform(folder, "service")], image=TOOLKIT))
    expect(found["folder"].endswith("/customer_code/extracted"), found["folder"])
    expect(found["environment"]["SM_HP_N_QUBITS"] == "4", found["environment"])


@check("`train`: the standard lines are in the log, no failure text is left, and success is code 0")
def standard_lines(folder):
    code, output = run_once("train", options=platform(folder, "service"))
    expect(code == 0, code, output)
    lines = (
        "Beginning Setup", "Checking for Additional Requirements", "Additional Requirements Check Finished",
        "Running Code As Process", "Code Run Finished", "Invoking script with the following command:",
        "Reporting training SUCCESS", '"user_entry_point": "braket_container.py"',
    )  # fmt: skip
    for line in lines:
        expect(line in output, line, output)
    expect(not (folder / "output/failure").exists())


@check("`train`: a failing script leaves the text that the service shows, and code 1")
def failure_text(folder):
    options = platform(folder, "service")
    (folder / "script/alg.py").write_text("open('fake_file')\n")
    code, output = run_once("train", options=options)
    # Contract §3.10: the service puts "AlgorithmError: " before and ", exit code: 1" behind it.
    failure = (folder / "output/failure").read_text()
    wanted = "FileNotFoundError: [Errno 2] No such file or directory: 'fake_file'"
    expect(code == 1 and failure.splitlines()[0] == wanted, code, failure, output)
