"""The service's way in with a store: the platform moves the data, the runner fetches the script and nothing else."""

import io
import json
import tarfile

from imagetest.containers import run_once
from imagetest.engine import run
from imagetest.local_checks import PYTHON, moto
from imagetest.report import check, expect
from imagetest.toolkit_checks import platform

SCRIPT = """\
import os, pathlib
pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "results.json").write_text("{}")
pathlib.Path("/opt/ml/checkpoints").mkdir(exist_ok=True)
pathlib.Path("/opt/ml/checkpoints/last").write_text("1")
print("RAN")
"""
# By an independent client: what is in the bucket, after putting what is on standard input there.
CLIENT = """\
import boto3, json, sys
client = boto3.client("s3")
if sys.argv[1] == "put":
    client.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    client.upload_file(sys.argv[2], "bucket", "jobs/x/script/source.tar.gz")
print(json.dumps(sorted(entry["Key"] for entry in client.list_objects_v2(Bucket="bucket")["Contents"])))
"""


@check("`train`: the script comes from S3, and nothing is uploaded that the platform uploads")
def managed(folder):
    archive = folder / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        member = tarfile.TarInfo("alg.py")
        member.size = len(SCRIPT)
        packed.addfile(member, io.BytesIO(SCRIPT.encode()))
    with moto(folder) as address:
        variables = {
            "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-west-2", "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": "GZIP",
            "AMZN_BRAKET_SCRIPT_S3_URI": "s3://bucket/jobs/x/script/source.tar.gz",
            "AMZN_BRAKET_OUT_S3_BUCKET": "bucket", "AMZN_BRAKET_CHECKPOINT_DIR": "/opt/ml/checkpoints",
        }  # fmt: skip
        run(PYTHON, "-c", CLIENT, "put", archive, env=variables)
        options = platform(folder / "job", "service")
        (folder / "job/model").mkdir()
        options += ["--volume", f"{folder}/job/model:/opt/ml/model"]
        options += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        code, output = run_once("train", options=options)
        expect(code == 0 and "RAN" in output, code, output)
        keys = json.loads(run(PYTHON, "-c", CLIENT, "list", env=variables).stdout)
    expect(keys == ["jobs/x/script/source.tar.gz"], keys)
    expect((folder / "job/model/results.json").exists(), "the platform would find no results")
