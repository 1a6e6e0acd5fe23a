"""DynamoDB's Contributor Insights: on or off per table and index, and in which mode. There are no reports.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContributorInsights.html
"""

from __future__ import annotations

import time
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response

OPERATIONS = frozenset({"UpdateContributorInsights", "DescribeContributorInsights", "ListContributorInsights"})
_ALL = "ACCESSED_AND_THROTTLED_KEYS"

_kept: dict[tuple[str, str, str, str], dict[str, Any]] = {}
"""By account, region, table and index (empty: the table itself)."""


def serve(request: Request) -> Response:
    """Answer one of `OPERATIONS`."""
    body: dict[str, Any] = request.json()
    place = (request.caller.account_id if request.caller else "", request.region)
    table, index = str(body.get("TableName", "")).rpartition("/")[2], str(body.get("IndexName") or "")
    with lock_of("dynamodb"):
        if request.target == "ListContributorInsights":
            found = [one for key, one in sorted(_kept.items()) if key[:2] == place and table in ("", key[2])]
            wanted = ("TableName", "IndexName", "ContributorInsightsStatus", "ContributorInsightsMode")
            rows = [{name: one[name] for name in wanted if name in one} for one in found]
            return Response.of_json({"ContributorInsightsSummaries": rows})
        known: Any = dynamodb_backends[place[0]][place[1]].tables.get(table)
        if known is None or (index and index not in {one.name for one in known.global_indexes}):
            what = f"Index: {index} of table: {table}" if index else f"Table: {table}"
            return Response.of_error("ResourceNotFoundException", f"Requested resource not found: {what}")
        key = (*place, table, index)
        if request.target == "UpdateContributorInsights":
            _kept[key] = _described(table, index, body)
        given = _kept.get(key) or _described(table, index, {"ContributorInsightsAction": "DISABLE"})
    return Response.of_json(given)


def forget(request: Request) -> None:
    """The table is gone."""
    place = (request.caller.account_id if request.caller else "", request.region)
    table = str(request.json().get("TableName", "")).rpartition("/")[2]
    with lock_of("dynamodb"):
        for key in [key for key in _kept if key[:3] == (*place, table)]:
            del _kept[key]


def _described(table: str, index: str, body: dict[str, Any]) -> dict[str, Any]:
    enabled = body.get("ContributorInsightsAction") == "ENABLE"
    return {
        "TableName": table,
        **({"IndexName": index} if index else {}),
        "ContributorInsightsStatus": "ENABLED" if enabled else "DISABLED",
        **({"ContributorInsightsMode": body.get("ContributorInsightsMode") or _ALL} if enabled else {}),
        "LastUpdateDateTime": int(time.time()),
    }
