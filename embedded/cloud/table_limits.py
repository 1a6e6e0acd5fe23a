"""Upper limits of a table's and its indexes' throughput on demand: kept and described, not enforced.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from embedded.cloud.messages import Request, Response

OPERATIONS = frozenset({"CreateTable", "UpdateTable", "DescribeTable", "DeleteTable"})
_LIMITS = "OnDemandThroughput"
_UNLIMITED = -1

_kept: dict[tuple[str, str, str], dict[str, dict[str, int]]] = {}
"""By account, region and table: limits by index (empty: the table itself)."""


def describe(request: Request, response: Response) -> Response:
    """What moto answered, with the limits that this request or one before it has set."""
    body: dict[str, Any] = request.json()
    answer: dict[str, Any] = json.loads(response.body) if isinstance(response.body, bytes) else {}
    table: dict[str, Any] = answer.get("TableDescription") or answer.get("Table") or {}
    place = (request.caller.account_id if request.caller else "", request.region, str(table.get("TableName", "")))
    if request.target in ("CreateTable", "DeleteTable"):
        _kept.pop(place, None)
    if request.target == "DeleteTable" or response.status != 200:
        return response
    limits = _kept.setdefault(place, {})
    for index, given in _given(body):
        limits[index] = {name: units for name, units in given.items() if units != _UNLIMITED}
    for index, described in [
        ("", table),
        *((one["IndexName"], one) for one in table.get("GlobalSecondaryIndexes", [])),
    ]:
        if limits.get(index):
            described[_LIMITS] = limits[index]
    headers = [
        (name, value) for name, value in response.headers if name.lower() not in ("content-length", "x-amz-crc32")
    ]
    return replace(response, headers=headers, body=json.dumps(answer).encode())


def _given(body: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    updates: list[dict[str, dict[str, Any]]] = body.get("GlobalSecondaryIndexUpdates") or []
    indexes: list[dict[str, Any]] = [
        *(body.get("GlobalSecondaryIndexes") or []),
        *(change for update in updates for change in update.values()),
    ]
    deleted: list[dict[str, Any]] = [{_LIMITS: {}, **update["Delete"]} for update in updates if "Delete" in update]
    everything: list[dict[str, Any]] = [{"IndexName": "", **body}, *deleted, *indexes]
    return [(str(one["IndexName"]), one[_LIMITS]) for one in everything if _LIMITS in one]
