from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.shared import aws, environment

VARIABLES = {
    "VIDEO_BUCKET": "video",
    "ANALYSIS_BUCKET": "analysis",
    "DELIVERY_BUCKET": "delivery",
    "CATALOGUE_BUCKET": "catalogue",
    "IMPORTS_TABLE": "imports",
    "VIDEOS_TABLE": "videos",
    "KEY_ARN": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "SEGMENT_SECONDS": "60",
    "AUTO_APPROVE_SCORE": "0.8",
    "REVIEW_SCORE": "0.4",
    "CODE_DIGEST": "2" * 64,
    "EVENT_BUS_NAME": "shoppable",
}


class Account:
    """An AWS account of moto's with the project's buckets and tables."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.dynamodb: Any = boto3.client("dynamodb")
        for bucket in ("video", "analysis", "delivery", "catalogue"):
            where = {"LocationConstraint": "eu-central-1"}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for table, key in (("imports", "shop_id"), ("videos", "video_id")):
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}, {"AttributeName": "record", "KeyType": "RANGE"}],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"},
                    {"AttributeName": "record", "AttributeType": "S"},
                ],
            )

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Its version."""
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]

    def get(self, bucket: str, key: str) -> bytes:
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def put_status(self, **given: str) -> None:
        """A status record of text attributes, with an empty progress map."""
        item: dict[str, Any] = {name: {"S": value} for name, value in given.items()}
        self.dynamodb.put_item(TableName="videos", Item={"record": {"S": "status"}, "progress": {"M": {}}, **item})

    def records(self, video_id: str) -> dict[str, dict[str, Any]]:
        """Of a video, by sort key; plain values."""
        table: Any = boto3.resource("dynamodb").Table("videos")
        return {item["record"]: item for item in table.scan()["Items"] if item["video_id"] == video_id}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    environment.forget()
    with mock_aws():
        yield Account()
    aws.forget()
    environment.forget()


class Context:
    """What Lambda passes as the second argument."""

    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "request"


@pytest.fixture
def context() -> Any:
    return Context()
