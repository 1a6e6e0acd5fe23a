"""Reads the status records that both pipelines write."""

from decimal import Decimal
from typing import Any, cast

from boto3.dynamodb.types import TypeDeserializer

from shop.stack import Stack

Record = dict[str, Any]
_deserialise = cast("Any", TypeDeserializer()).deserialize


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever DynamoDB holds
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, set, tuple)):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value


def _record(item: dict[str, Any]) -> Record:
    return {name: _plain(_deserialise(value)) for name, value in item.items()}


def get(stack: Stack, table: str, key: dict[str, str]) -> Record | None:
    """One record, read consistently; None when there is none."""
    typed = {name: {"S": value} for name, value in key.items()}
    item = stack.client("dynamodb").get_item(TableName=table, Key=typed, ConsistentRead=True).get("Item")
    return _record(item) if item else None


def query(
    stack: Stack, table: str, key: dict[str, str], *, index: str | None = None, prefix: dict[str, str] | None = None
) -> list[Record]:
    """All records of one partition, in the order of the sort key.

    `key` is the partition key, one entry; `prefix` bounds the sort key, one entry.
    """
    names: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    terms: list[str] = []
    for number, (name, value) in enumerate(key.items()):
        names[f"#k{number}"], values[f":k{number}"] = name, {"S": value}
        terms.append(f"#k{number} = :k{number}")
    for name, value in (prefix or {}).items():
        names["#p"], values[":p"] = name, {"S": value}
        terms.append("begins_with(#p, :p)")
    where: dict[str, Any] = {"IndexName": index} if index else {}
    pages = (
        stack.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression=" AND ".join(terms),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            **where,
        )
    )
    return [_record(item) for page in pages for item in page["Items"]]
