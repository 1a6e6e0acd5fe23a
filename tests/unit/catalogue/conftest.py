from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.support.account import make_bucket, make_table, own_account
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
            make_bucket(bucket)
        make_table("imports", "shop_id", "record")
        make_table("products", "product_id", "revision")

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
    with own_account(monkeypatch, VARIABLES):
        yield Account()
