"""How a bucket answers a browser that asks before it reads from another site's page.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from embedded.cloud.cdn.answers import answer
from embedded.cloud.cdn.origin import failure
from embedded.cloud.messages import Response

Json = Any


def preflight(rules: Sequence[Json], headers: Mapping[str, str]) -> Response:
    """The answer to OPTIONS by a bucket with these CORS rules; names of `headers` are lower case."""
    origin, method = headers.get("origin", ""), headers.get("access-control-request-method", "")
    if not origin:
        return _refusal(400, "BadRequest", "Insufficient information. Origin request header needed.")
    if not method:
        return _refusal(400, "BadRequest", "Invalid Access-Control-Request-Method: null")
    if not rules:
        return _refusal(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    asked = [name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",") if name]
    rule = next((rule for rule in rules if _fits(rule, origin, method, asked)), None)
    if rule is None:
        return _refusal(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
    anyone = "*" in rule["AllowedOrigins"]
    granted = {
        "access-control-allow-origin": "*" if anyone else origin,
        "access-control-allow-methods": ", ".join(rule["AllowedMethods"]),
        "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    if asked:
        granted["access-control-allow-headers"] = ", ".join(asked)
    if rule.get("ExposeHeaders"):
        granted["access-control-expose-headers"] = ", ".join(rule["ExposeHeaders"])
    if "MaxAgeSeconds" in rule:
        granted["access-control-max-age"] = str(rule["MaxAgeSeconds"])
    if not anyone:
        granted["access-control-allow-credentials"] = "true"
    return Response(200, list(granted.items()))


def _fits(rule: Json, origin: str, method: str, asked: Sequence[str]) -> bool:
    allowed: list[str] = [name.lower() for name in rule.get("AllowedHeaders", [])]
    return (
        any(fnmatchcase(origin, one) for one in rule["AllowedOrigins"])
        and method in rule["AllowedMethods"]
        and all(any(fnmatchcase(name, one) for one in allowed) for name in asked)
    )


def _refusal(status: int, code: str, message: str) -> Response:
    return answer(failure(status, code, message), {}, {}, compress=False)
