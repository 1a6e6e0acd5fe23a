"""The front door: signatures, callers, presigned addresses, errors, and a server that keeps its connections."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded.cloud.sigv4 import Scope, ScopeError, read_scope
from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique


def fetch(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_answers_its_health_without_a_signature(cloud: RunningCloud) -> None:
    status, body = fetch(f"{cloud.url}/_embedded/health")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "pid": cloud.process.pid}


def test_refuses_whatever_else_is_not_signed(cloud: RunningCloud) -> None:
    bucket = cloud.bucket()
    cloud.client("s3").put_object(Bucket=bucket, Key="k", Body=b"1", ACL="public-read")
    for path in (f"/{bucket}/k", "/", "/moto-api/data.json"):
        status, body = fetch(cloud.url + path)
        assert status == 403
        assert b"MissingAuthenticationToken" in body


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sqs", "list_queues", "InvalidClientTokenId"),
        ("iam", "list_users", "InvalidClientTokenId"),
        ("lambda", "list_functions", "InvalidClientTokenId"),
    ],
)
def test_refuses_an_unknown_access_key_in_each_protocol(
    cloud: RunningCloud, service: str, operation: str, code: str
) -> None:
    stranger = boto3.client(
        service, endpoint_url=cloud.url, region_name=REGION, aws_access_key_id="AKIAX", aws_secret_access_key="x"
    )
    with pytest.raises(ClientError, match=code):
        getattr(stranger, operation)()


def test_knows_the_session_of_an_assumed_role(cloud: RunningCloud) -> None:
    role = cloud.role()
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    client = boto3.client(
        "sts",
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert (
        client.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/tester"
    )


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_serves_a_presigned_address_until_it_expires(cloud: RunningCloud, version: str) -> None:
    bucket = cloud.bucket()
    s3 = cloud.client("s3", config=Config(signature_version=version))
    key = "a+b %2B ü.mp4"
    put_url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(put_url, data=b"by anyone", method="PUT")).close()
    lasting, short = (
        s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)
        for seconds in (60, 1)
    )
    assert fetch(lasting) == (200, b"by anyone")
    deadline = time.monotonic() + 10
    while (found := fetch(short))[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found[0] == 403
    assert b"Request has expired" in found[1]


def test_reads_the_scope_of_a_header() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261121/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    assert read_scope(header, "", "us-east-1") == Scope("AKIA1", "eu-west-1", "s3")


@pytest.mark.parametrize("expires", ["0", "604801", "soon"])
def test_refuses_a_presigned_lifetime_that_aws_refuses(expires: str) -> None:
    credential = "AKIA1%2F20261121%2Feu-west-1%2Fs3%2Faws4_request"
    query = f"X-Amz-Credential={credential}&X-Amz-Date=20261121T000000Z&X-Amz-Expires={expires}"
    with pytest.raises(ScopeError) as caught:
        read_scope("", query, "eu-west-1")
    assert caught.value.code == "AuthorizationQueryParametersError"


def test_denies_everyone_what_no_row_says_the_permissions_of(cloud: RunningCloud) -> None:
    for service, call in (("devicefarm", "list_projects"), ("rekognition", "list_collections")):
        with pytest.raises(ClientError, match=f"unmapped: {service}") as caught:
            getattr(cloud.client(service), call)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_answers_many_requests_on_one_connection(cloud: RunningCloud) -> None:
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"))
    sockets: set[Any] = set()
    for _ in range(5):
        connection.request("GET", "/_embedded/health")
        sockets.add(connection.sock)
        assert connection.getresponse().read()
    assert len(sockets) == 1


def test_takes_a_body_in_chunks(cloud: RunningCloud) -> None:
    bucket = cloud.bucket()
    url = cloud.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("PUT", f"/{path}", body=iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    assert cloud.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"one two"


def test_answers_what_is_no_http_with_400(cloud: RunningCloud) -> None:
    host, _, port = cloud.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b"hello there, server of mine\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_listens_on_loopback_only(cloud: RunningCloud) -> None:
    assert cloud.url.startswith("http://127.0.0.1:")
    port = int(cloud.url.rpartition(":")[2])
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    listening = [line[1] for line in table if line[1].endswith(f":{port:04X}") and line[3] == "0A"]
    assert listening == [f"0100007F:{port:04X}"]


def test_keeps_its_secrets_to_the_owner(cloud: RunningCloud) -> None:
    assert (cloud.state / "daemon.json").stat().st_mode & 0o077 == 0
    assert cloud.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/operator"


def test_invalidates_a_distribution(cloud: RunningCloud) -> None:
    cloudfront = cloud.client("cloudfront")
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only", "CachePolicyId": unique("policy")}
    config = {
        "CallerReference": unique("ref"),
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behaviour,
    }
    identifier = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    batch = {"Paths": {"Quantity": 1, "Items": ["/videos/*"]}, "CallerReference": unique("ref")}
    made = cloudfront.create_invalidation(DistributionId=identifier, InvalidationBatch=batch)["Invalidation"]
    assert made["InvalidationBatch"]["Paths"]["Items"] == ["/videos/*"]
    listed = cloudfront.list_invalidations(DistributionId=identifier)["InvalidationList"]["Items"]
    assert [each["Id"] for each in listed] == [made["Id"]]
