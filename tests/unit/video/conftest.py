from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from functions.shoppable.decode import Image
from functions.shoppable.matching.port import Found, Views
from functions.video.match_frames import index
from tests.support.account import make_bucket, make_table, own_account

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
            make_bucket(bucket)
        make_table("imports", "shop_id", "record")
        make_table("videos", "video_id", "record")

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
    with own_account(monkeypatch, VARIABLES):
        yield Account()


class Blind:
    index_digest = ""

    def match(self, image: Image, views: Views) -> list[Found]:
        return []


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matching costs most of an analysis: where it is not what a test is about, no product is found."""
    monkeypatch.setattr(index, "load", lambda *_: Blind())
