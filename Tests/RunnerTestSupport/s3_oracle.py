"""The tests' own S3 server and the judge of what is in it: boto3, which shares no code with the program under test.

usage: s3_oracle.py WEED

Says what it started as one JSON line, then answers one JSON line with one JSON line, in any order:

    {"id": 7, "op": "head", "bucket": "b", "key": "k"}  ->  {"id": 7, "result": {...}} or {"id": 7, "error": ..., ...}

Bytes go through files that the question names. It ends, and the server with it, at the end of standard input: however
the process of the tests ends, the kernel closes the pipe.
"""

import hashlib
import json
import os
import queue
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

import s3_server

# How many empty buckets wait; the first object of a bucket costs the server 0.2 s, which no test shall wait for.
SPARE_BUCKETS = 8
MIB = 1 << 20


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = s3_server.start_ready(sys.argv[1], is_ready)
    answers = threading.Lock()

    def say(message):
        with answers:
            print(json.dumps(message, default=str), flush=True)

    try:
        oracle = Oracle(server)
        say({
            "endpoint": server.endpoint, "tlsEndpoint": server.tls_endpoint, "ca": str(server.ca), "region": server.region,
            "accessKey": server.access_key, "secretKey": server.secret_key, "folder": str(server.folder),
        })  # fmt: skip
        workers = ThreadPoolExecutor(8)
        for line in sys.stdin:
            question = json.loads(line)
            workers.submit(lambda question=question: say({"id": question.pop("id"), **oracle.answer(question)}))
    finally:
        server.stop()
        # Not sys.exit: threads may wait for a server that is gone.
        os._exit(0)


def is_ready(server):
    client = make_client(server, server.endpoint, attempts=1)
    try:
        fresh_bucket(client, "ready")
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            return False
    except BotoCoreError:
        return False
    return has_room(client, "ready")


def make_client(server, endpoint, attempts=3):
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name=server.region, aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key, verify=str(server.ca),
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"},
            max_pool_connections=16, connect_timeout=5, read_timeout=60,
            # A test says which checksum it wants; without a word there is none.
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
        ),
    )  # fmt: skip


def fresh_bucket(client, name):
    """Makes a bucket; the server makes room for it only when it gets its first object."""
    client.create_bucket(Bucket=name)
    has_room(client, name)


def has_room(client, bucket):
    try:
        client.put_object(Bucket=bucket, Key="first", Body=b"x")
        client.delete_object(Bucket=bucket, Key="first")
    except ClientError:
        return False
    return True


class Oracle:
    """Answers questions; its methods named `do_...` are the operations."""

    def __init__(self, server):
        self.server = server
        self.clients = {}
        self.lock = threading.Lock()
        self.buckets = queue.Queue(SPARE_BUCKETS)
        self.made = 0
        for _ in range(2):
            threading.Thread(target=self._make_buckets, daemon=True).start()

    def answer(self, question):
        try:
            return {"result": getattr(self, "do_" + question.pop("op"))(**question)}
        except ClientError as error:
            answer = error.response
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return {"error": answer["Error"].get("Code", "?"), "message": str(error), "status": status}
        except Exception as error:
            return {"error": type(error).__name__, "message": str(error), "status": 0}

    def _client(self, endpoint=None):
        endpoint = endpoint or self.server.endpoint
        with self.lock:
            if endpoint not in self.clients:
                self.clients[endpoint] = make_client(self.server, endpoint)
            return self.clients[endpoint]

    def _make_buckets(self):
        while self.server.process.poll() is None:
            with self.lock:
                self.made += 1
                name = f"amazon-braket-test-{self.made}"
            fresh_bucket(self._client(), name)
            self.buckets.put(name)

    def do_bucket(self):
        return self.buckets.get(timeout=60)

    def do_put(self, bucket, key, file, checksum=None, part_size=0, full_object=False, more=None, endpoint=None):
        client, more = self._client(endpoint), more or {}
        place = {"Bucket": bucket, "Key": key}
        algorithm = {"ChecksumAlgorithm": checksum} if checksum else {}
        with open(file, "rb") as body:
            if not part_size:
                return plain(client.put_object(**place, Body=body, **algorithm, **more))
            kind = {"ChecksumType": "FULL_OBJECT" if full_object else "COMPOSITE"} if checksum else {}
            place["UploadId"] = client.create_multipart_upload(**place, **algorithm, **kind, **more)["UploadId"]
            parts = []
            while (piece := body.read(part_size)) or not parts:
                number = len(parts) + 1
                sent = client.upload_part(**place, PartNumber=number, Body=piece, **algorithm)
                # The service refuses the parts' own values in the list of an upload with a checksum of the whole.
                own = {} if full_object else {name: value for name, value in sent.items() if name.startswith("Checksum")}
                parts.append({"PartNumber": number, "ETag": sent["ETag"], **own})
            done = client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **kind)
            return plain(done)

    def do_get(self, bucket, key, file, version=None):
        more = {"VersionId": version} if version else {}
        body = self._client().get_object(Bucket=bucket, Key=key, **more)["Body"]
        with open(file, "wb") as target:
            for piece in body.iter_chunks(MIB):
                target.write(piece)
        return None

    def do_digest(self, bucket, key):
        digest, size = hashlib.sha256(), 0
        for piece in self._client().get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(MIB):
            digest.update(piece)
            size += len(piece)
        return {"sha256": digest.hexdigest(), "size": size}

    def do_head(self, bucket, key):
        answer = self._client().head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        # What came over the wire says more than what boto3 made of it.
        return {"size": answer["ContentLength"], "headers": answer["ResponseMetadata"]["HTTPHeaders"]}

    def do_list(self, bucket, prefix=""):
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            {"key": item["Key"], "size": item["Size"], "etag": item["ETag"]}
            for page in pages for item in page.get("Contents", [])
        ]  # fmt: skip

    def do_uploads(self, bucket):
        client = self._client()
        found = []
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", []):
                place = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                parts = client.get_paginator("list_parts").paginate(**place).build_full_result().get("Parts", [])
                sizes = [{"number": part["PartNumber"], "size": part["Size"]} for part in parts]
                found.append({"key": upload["Key"], "id": upload["UploadId"], "parts": sizes})
        return found

    def do_call(self, operation, arguments):
        return plain(getattr(self._client(), operation)(**arguments))

    def do_verify(self, method, target, headers, secret, body=None, token=None):
        return signature_problem(method, target, headers, secret, body, token)


def plain(answer):
    """The answer of boto3 without what it says about the exchange."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def signature_problem(method, target, headers, secret, body, token):
    """What is wrong with the Authorization header of a request; None when botocore makes the same signature.

    `headers` is the list of names and values as they were sent, `body` a file or None if the body is not known.
    """
    sent = {}
    for name, value in headers:
        sent.setdefault(name.lower(), []).append(value)

    def only(name):
        return sent[name][0] if len(sent.get(name, [])) == 1 else None

    algorithm, _, rest = (only("authorization") or "").partition(" ")
    fields = dict(item.strip().partition("=")[::2] for item in rest.split(","))
    scope = fields.get("Credential", "").split("/")
    if algorithm != "AWS4-HMAC-SHA256" or len(scope) != 5 or "Signature" not in fields:
        return "there is no Authorization header of AWS4-HMAC-SHA256"
    key_id, day, region, service, terminator = scope
    signed = fields.get("SignedHeaders", "").split(";")
    moment = only("x-amz-date") or ""
    if terminator != "aws4_request" or moment[:8] != day or len(moment) != 16:
        return f"scope {scope[1:]} and X-Amz-Date {moment!r} do not fit"
    if signed != sorted(signed):
        return f"SignedHeaders are not sorted: {signed}"
    unsigned = [name for name in sent if (name == "host" or name.startswith("x-amz-")) and name not in signed]
    if unsigned:
        return f"these headers are not signed: {unsigned}"
    if missing := [name for name in signed if name not in sent]:
        return f"these headers are signed but were not sent: {missing}"
    if token is not None and only("x-amz-security-token") != token:
        return "the session token is not the one expected"
    if problem := payload_problem(only("x-amz-content-sha256"), body, service):
        return problem
    request = AWSRequest(method=method, url=f"http://{only('host')}{target}", headers=HTTPHeaders())
    for name, value in headers:
        request.headers[name] = value
    if body is not None:
        with open(body, "rb") as file:
            request.data = file.read()
    request.context["timestamp"] = moment
    auth = recheck(S3SigV4Auth if service == "s3" else SigV4Auth, set(signed))(Credentials(key_id, secret), service, region)
    canonical = auth.canonical_request(request)
    if auth.signature(auth.string_to_sign(request, canonical), request) != fields["Signature"]:
        return f"the signature is wrong; the canonical request is:\n{canonical}"
    return None


def payload_problem(stated, body, service):
    if stated is None:
        return "there is no x-amz-content-sha256" if service == "s3" else None
    if body is None or stated == "UNSIGNED-PAYLOAD" or stated.startswith("STREAMING-"):
        return None
    with open(body, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return None if digest == stated else f"the body's SHA-256 is {digest}, x-amz-content-sha256 says {stated}"


def recheck(auth, signed):
    """A signer that signs exactly the headers which the client signed."""

    class Recheck(auth):
        def headers_to_sign(self, request):
            chosen = HTTPHeaders()
            for name, value in request.headers.items():
                if name.lower() in signed:
                    chosen[name.lower()] = value
            return chosen

    return Recheck


if __name__ == "__main__":
    main()
