"""DynamoDB in front of moto: a transaction with a token that was seen is not applied again.

Contributor Insights and limits of throughput are kept as they were set; nothing is reported, nothing is throttled.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html: a token holds for ten
minutes; the same token with other parameters is an error.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any

from embedded.cloud import contributor_insights, table_limits
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback, service

TOKEN_SECONDS = 600.0

_seen: dict[tuple[str, str], tuple[str, float, Response]] = {}
_guard = threading.Lock()


@service("dynamodb")
def serve(request: Request) -> Response:
    """Answer one DynamoDB request."""
    if request.target in contributor_insights.OPERATIONS:
        return contributor_insights.serve(request)
    if request.target in table_limits.OPERATIONS:
        response = fallback(request)
        if request.target == "DeleteTable" and response.status == 200:
            contributor_insights.forget(request)
        return table_limits.describe(request, response)
    if request.target != "TransactWriteItems":
        return fallback(request)
    body: dict[str, Any] = request.json()
    token = body.pop("ClientRequestToken", None)
    if not token:
        return fallback(request)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    with lock_of("dynamodb"):
        now = time.monotonic()
        with _guard:
            for key in [key for key, (_, at, _) in _seen.items() if now - at > TOKEN_SECONDS]:
                del _seen[key]
            known = _seen.get((request.region, token))
        if known and known[0] != digest:
            message = "The provided client token belongs to another request with other parameters"
            return Response.of_error("IdempotentParameterMismatchException", message)
        if known:
            return known[2]
        response = fallback(request)
        if response.status == 200:
            with _guard:
                _seen[request.region, token] = (digest, now, response)
        return response
