from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.shared import aws, environment
from tests.unit.catalogue.builders import SHOP

VARIABLES = {
    "CATALOGUE_BUCKET": "catalogue",
    "DELIVERY_BUCKET": "delivery",
    "IMPORTS_TABLE": "imports",
    "PRODUCTS_TABLE": "products",
    "MAX_DROP_SHARE": "0.5",
    "CODE_DIGEST": "2" * 64,
}


class Account:
    """An AWS account of moto's with the catalogue's buckets and tables."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.dynamodb: Any = boto3.client("dynamodb")
        self.events: Any = boto3.client("events")
        for bucket in ("catalogue", "delivery"):
            where = {"LocationConstraint": "eu-central-1"}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for table, hash_key, range_key in (("imports", "shop_id", "record"), ("products", "product_id", "revision")):
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": hash_key, "KeyType": "HASH"},
                    {"AttributeName": range_key, "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": hash_key, "AttributeType": "S"},
                    {"AttributeName": range_key, "AttributeType": "S"},
                ],
            )

    def put(self, key: str, body: bytes, bucket: str = "catalogue") -> str:
        """Its version."""
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]

    def get(self, key: str, bucket: str = "catalogue") -> bytes:
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket: str, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def record(self, record: str) -> dict[str, Any]:
        """Of the demo shop in the imports table; plain values."""
        table: Any = boto3.resource("dynamodb").Table("imports")
        return table.get_item(Key={"shop_id": SHOP, "record": record}).get("Item", {})

    def rows(self) -> list[dict[str, Any]]:
        """All rows of the products table; plain values."""
        table: Any = boto3.resource("dynamodb").Table("products")
        return table.scan()["Items"]


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
