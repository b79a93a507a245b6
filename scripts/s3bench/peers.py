"""The Python clients of the S3 benchmark, each used as its documentation says for many or large objects.

usage: peers.py boto3|crt|obstore down|up SOURCE TARGET

One of SOURCE and TARGET is s3://BUCKET/KEY; with a / at the end both are trees. Endpoint and keys come from the
environment.
"""

import asyncio
import os
import sys
from collections import deque
from pathlib import Path
from urllib.parse import quote, urlsplit

MIB = 1 << 20
PART = 8 * MIB


def main():
    client, direction, source, target = sys.argv[1:]
    remote, local = (source, target) if direction == "down" else (target, source)
    bucket, _, key = remote.removeprefix("s3://").partition("/")
    CLIENTS[client](direction, bucket, key, local)


def local_files(folder):
    """Path and name below the folder of each file, in the order of names."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            yield str(path), path.relative_to(folder).as_posix()


def local_path(folder, name, made=set()):
    """Where an object goes; its folder is made once."""
    path = os.path.join(folder, name)
    parent = os.path.dirname(path)
    if parent not in made:
        os.makedirs(parent, exist_ok=True)
        made.add(parent)
    return path


def keys(client, bucket, prefix):
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            yield item["Key"]


def with_boto3(direction, bucket, key, local):
    """s3transfer's manager with its defaults: 10 threads, parts of 8 MiB."""
    import boto3
    from boto3.s3.transfer import TransferConfig, create_transfer_manager

    client = boto3.client("s3")
    with create_transfer_manager(client, TransferConfig()) as manager:
        if direction == "up":
            files = local_files(local) if key.endswith("/") else [(local, "")]
            futures = [manager.upload(path, bucket, key + name) for path, name in files]
        else:
            names = keys(client, bucket, key) if key.endswith("/") else [key]
            futures = [manager.download(bucket, name, local_path(local, name.removeprefix(key)) if key.endswith("/") else local) for name in names]
        for future in futures:
            future.result()


def with_crt(direction, bucket, key, local):
    """awscrt.s3, the C client below boto3[crt] and mountpoint-s3."""
    from awscrt.auth import AwsCredentialsProvider
    from awscrt.http import HttpHeaders, HttpRequest
    from awscrt.io import ClientBootstrap, ClientTlsContext, DefaultHostResolver, EventLoopGroup, TlsContextOptions
    from awscrt.s3 import S3Client, S3RequestTlsMode, S3RequestType

    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    group = EventLoopGroup()
    more = {"tls_mode": S3RequestTlsMode.DISABLED}
    if endpoint.scheme == "https":
        options = TlsContextOptions()
        options.override_default_trust_store_from_path(None, os.environ["SSL_CERT_FILE"])
        more = {"tls_mode": S3RequestTlsMode.ENABLED, "tls_connection_options": ClientTlsContext(options).new_connection_options()}
    provider = AwsCredentialsProvider.new_static(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    client = S3Client(
        bootstrap=ClientBootstrap(group, DefaultHostResolver(group)), region=os.environ["AWS_REGION"],
        credential_provider=provider, part_size=PART, throughput_target_gbps=10, **more)  # fmt: skip

    def request(method, name, path):
        fields = [("host", endpoint.netloc)]
        if method == "PUT":
            fields += [("content-length", str(os.path.getsize(path))), ("content-type", "application/octet-stream")]
        kind, file = (S3RequestType.GET_OBJECT, "recv_filepath") if method == "GET" else (S3RequestType.PUT_OBJECT, "send_filepath")
        message = HttpRequest(method, f"/{bucket}/{quote(name)}", HttpHeaders(fields))
        return client.make_request(type=kind, request=message, **{file: path}).finished_future

    if direction == "up":
        files = local_files(local) if key.endswith("/") else [(local, "")]
        requests = (("PUT", key + name, path) for path, name in files)
    elif key.endswith("/"):
        # It has no listing of its own.
        import boto3

        names = keys(boto3.client("s3"), bucket, key)
        requests = (("GET", name, local_path(local, name.removeprefix(key))) for name in names)
    else:
        requests = [("GET", key, local)]
    # Each request opens its file when it is made.
    under_way = deque()
    for words in requests:
        if len(under_way) == 256:
            under_way.popleft().result()
        under_way.append(request(*words))
    for future in under_way:
        future.result()


def with_obstore(direction, bucket, key, local):
    """Rust's object_store; 8 MiB ranges, 10 at a time, for one object, and 32 objects at a time."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(bucket, endpoint=os.environ["AWS_ENDPOINT_URL"], client_options={"allow_http": True})

    async def fetch_large():
        size = (await obstore.head_async(store, key))["size"]
        file = os.open(local, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.ftruncate(file, size)

        async def fetch(begin):
            data = await obstore.get_range_async(store, key, start=begin, end=min(begin + PART, size))
            os.pwrite(file, memoryview(data), begin)

        await bounded((fetch(begin) for begin in range(0, size, PART)), 10)

    async def fetch_tree():
        async def fetch(name):
            data = await (await obstore.get_async(store, name)).bytes_async()
            with open(local_path(local, name.removeprefix(key)), "wb") as file:
                file.write(memoryview(data))

        names = [item["path"] async for batch in obstore.list(store, key) for item in batch]
        await bounded((fetch(name) for name in names), 32)

    async def send_tree():
        await bounded((obstore.put_async(store, key + name, Path(path)) for path, name in local_files(local)), 32)

    if key.endswith("/"):
        asyncio.run(fetch_tree() if direction == "down" else send_tree())
    elif direction == "down":
        asyncio.run(fetch_large())
    else:
        obstore.put(store, key, Path(local), chunk_size=PART, max_concurrency=10)


async def bounded(jobs, limit):
    """Runs jobs, `limit` at a time, without a task for each before its turn."""
    jobs = iter(jobs)

    async def work():
        for job in jobs:
            await job

    await asyncio.gather(*(work() for _ in range(limit)))


CLIENTS = {"boto3": with_boto3, "crt": with_crt, "obstore": with_obstore}

if __name__ == "__main__":
    main()
