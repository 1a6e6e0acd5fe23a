"""The `live` record of a shop in the imports table: which revision of its catalogue is the current one."""

from typing import TYPE_CHECKING, Any

from functions.contracts.base import Contract, Identifier
from functions.shared.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD = "live"


class LiveCatalogue(Contract):
    """The pointer: everything of a revision is found from here. Keys are of the catalogue bucket."""

    shop_id: Identifier
    revision: Identifier
    products_key: str
    manifest_key: str
    sequencer: str
    """Of the feed's S3 event: an older version of a feed never replaces a newer one."""
    feed_key: str = ""
    """The feed's key: S3 orders the events of one key only."""
    products: int
    offers_pending: frozenset[str] = frozenset()
    """Revisions whose imports began to write offers and did not come to their end."""


def serialise(fields: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's typed attribute values of plain values; None fields are left out (floats must be Decimals)."""
    from boto3.dynamodb.types import TypeSerializer

    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in fields.items() if value is not None}


def deserialise(item: dict[str, Any]) -> dict[str, Any]:
    """Plain values of a DynamoDB item; numbers come as Decimal."""
    from boto3.dynamodb.types import TypeDeserializer

    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


def find_live(dynamodb: "DynamoDBClient", table: str, shop_id: str) -> LiveCatalogue | None:
    """The shop's live catalogue (strongly consistent), or None before its first import."""
    with aws_errors(f"get {RECORD} of {shop_id}"):
        answer = dynamodb.get_item(
            TableName=table, Key={"shop_id": {"S": shop_id}, "record": {"S": RECORD}}, ConsistentRead=True
        )
    item = deserialise(answer.get("Item") or {})
    if "revision" not in item:
        # A first import that is under way may have left its mark here already.
        return None
    return LiveCatalogue.model_validate({name: item[name] for name in LiveCatalogue.model_fields if name in item})
