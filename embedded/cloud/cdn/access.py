"""May CloudFront read this object? Answered from the policies of bucket and key, the distribution being the caller.

A service principal has no identity policy: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from typing import Any, cast

Json = Any
SERVICE = "cloudfront.amazonaws.com"


def allowed(policy: str | None, action: str, resource: str, *, distribution_arn: str) -> bool:
    """Whether a resource policy allows it: one Allow and no Deny."""
    document: Json = json.loads(policy) if policy else {}
    statements = _listed(document.get("Statement", []))
    context = {
        "aws:sourcearn": distribution_arn,
        "aws:sourceaccount": distribution_arn.split(":")[4],
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": SERVICE,
    }
    effects: set[str] = {
        statement["Effect"] for statement in statements if _applies(statement, action, resource, context)
    }
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Json], action: str, resource: str, context: Mapping[str, str]) -> bool:
    if not _principal(statement):
        return False
    if "NotAction" in statement:
        if _any(statement["NotAction"], action, ignore_case=True):
            return False
    elif not _any(statement.get("Action", []), action, ignore_case=True):
        return False
    if "NotResource" in statement:
        if _any(statement["NotResource"], resource):
            return False
    elif not _any(statement.get("Resource", []), resource):
        return False
    conditions: Mapping[str, Mapping[str, Json]] = statement.get("Condition", {})
    # A test that is not understood must not let anything through: it holds for Deny and fails for Allow.
    unknown = statement["Effect"] == "Deny"
    return all(
        _condition(operator, name, wanted, context, unknown=unknown)
        for operator, tests in conditions.items()
        for name, wanted in tests.items()
    )


def _principal(statement: Mapping[str, Json]) -> bool:
    if "NotPrincipal" in statement:
        return not _names_service(statement["NotPrincipal"])
    return _names_service(statement.get("Principal"))


def _names_service(principal: Json) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    named = cast("Mapping[str, Json]", principal)
    return SERVICE in _listed(named.get("Service", [])) or "*" in _listed(named.get("AWS", []))


def _condition(operator: str, name: str, wanted: Json, context: Mapping[str, str], *, unknown: bool) -> bool:
    plain = operator.removesuffix("IfExists")
    held = context.get(name.lower())
    if held is None:
        return operator.endswith("IfExists") or plain.startswith(("StringNot", "ArnNot"))
    values = [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(wanted)]
    match plain:
        case "StringEquals":
            return held in values
        case "StringNotEquals":
            return held not in values
        case "Bool":
            return held.lower() in [value.lower() for value in values]
        case "StringLike" | "ArnLike" | "ArnEquals":
            return _any(values, held)
        case "StringNotLike" | "ArnNotLike" | "ArnNotEquals":
            return not _any(values, held)
        case _:
            return unknown


def _any(patterns: Json, value: str, *, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    return any(re.match(_pattern(str(pattern)), value, flags) for pattern in _listed(patterns))


def _pattern(text: str) -> str:
    return fnmatch.translate(re.sub(r"[\[\]]", lambda bracket: f"[{bracket.group()}]", text))


def _listed(value: Json) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else [value]
