"""What a user of the Braket SDK writes: jobs in local mode. Run by local_checks.py in a folder of its own.

usage: local_driver.py IMAGE MODE
  MODE  create: LocalQuantumJob.create of job.py; decorator: @hybrid_job(local=True)

Prints one line of JSON: what the SDK hands back.
"""

import json
import os
import sys

import boto3
from braket.aws import AwsSession
from braket.jobs import hybrid_job, save_job_result
from braket.jobs.metrics import log_metric
from braket.jobs.local import LocalQuantumJob

IMAGE, MODE = sys.argv[1:]
IAM = boto3.client("iam")
try:
    IAM.create_role(RoleName="AmazonBraketJobsExecutionRole", AssumeRolePolicyDocument="{}", Path="/service-role/")
except IAM.exceptions.EntityAlreadyExistsException:
    pass


def facts(job):
    """What a user can ask of a job."""
    try:
        result = job.result()
    except ValueError as error:
        result = str(error)
    return {"name": job.name, "state": job.state(), "result": result, "metrics": job.metrics()}


def create(name, fails):
    """A job of one file, with an input channel and checkpoints."""
    return facts(
        LocalQuantumJob.create(
            device="local:braket/default",
            source_module="job.py",
            entry_point="job:main",
            job_name=name,
            image_uri=IMAGE,
            hyperparameters={"steps": 3, "fails": fails},
            input_data={"numbers": "numbers.txt"},
            # No default bucket: the SDK then makes it.
            aws_session=AwsSession(boto_session=boto3.Session()),
            local_container_update=False,
        )
    )


def decorate():
    """A function of this very file, which the SDK pickles and sends."""

    @hybrid_job(device="local:braket/default", local=True, image_uri=IMAGE, job_name="decorated")
    def twice(number: int):
        log_metric("energy", -1.5, iteration_number=0)
        save_job_result({"twice": 2 * number})
        return {"returned": 2 * number}

    return facts(twice(21))


if MODE == "create":
    said = [create("passing", "no"), create("failing", "yes")]
else:
    said = [decorate()]
print("SAID" + json.dumps(said), flush=True)
os._exit(0)
