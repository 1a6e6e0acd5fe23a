"""parliament over every policy document.

It knows identities' policies only. What is understood in the others is said to it: the resource of a trust is its role,
and `*` in a key's policy is the key: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
Its list of actions ends in 2023: an action that it does not know is looked up in botocore's service models, and is a
finding of its own where they do not know it either.
"""

import functools
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from typing import Any, cast

import botocore.session

from lint.documents import Document, documents
from lint.findings import Finding
from lint.naming import short
from tests.support.captured import Stack

with warnings.catch_warnings():
    # It still reads its data with pkg_resources.
    warnings.simplefilter("ignore")
    import parliament

TOOL = "parliament"
_parliament: Any = parliament

# IAM prefix → botocore's service, where they differ.
_SERVICES = {"states": "stepfunctions", "monitoring": "cloudwatch"}


def findings(stack: Stack) -> Iterator[Finding]:
    """What parliament says, documents with the same text being looked at once each."""
    for document in documents(stack):
        for issue, detail in _analysed(_explicit(document), document.kind):
            yield Finding(TOOL, issue, stack.name, document.label, detail)


def _explicit(document: Document) -> str:
    resource = document.resource
    statements = document.statements
    match short(resource):
        case "iam/role:Role":
            statements = [{**statement, "Resource": resource.outputs["arn"]} for statement in statements]
        case "kms/key:Key" | "kms/keyPolicy:KeyPolicy":
            key = resource.outputs.get("arn") or resource.inputs["keyId"]
            statements = [
                {**statement, "Resource": key} if statement.get("Resource") in ("*", ["*"]) else statement
                for statement in statements
            ]
        case _:
            return document.text
    return json.dumps({**json.loads(document.text), "Statement": statements})


@functools.cache
def _analysed(text: str, kind: str) -> Sequence[tuple[str, str]]:
    with redirect_stderr(io.StringIO()):
        policy = _parliament.analyze_policy_string(text, include_community_auditors=kind == "identity")
    found = {(str(finding.issue), _detail(finding.detail, finding.location)) for finding in policy.findings}
    return sorted(pair for pair in found if not _newer(*pair))


def _detail(detail: object, location: object) -> str:
    where = cast("dict[str, Any]", location) if isinstance(location, dict) else {}
    actions: list[str] = sorted(where.get("actions", ()))
    return " ".join(str(part) for part in (detail, actions) if part)


def _newer(issue: str, detail: str) -> bool:
    """Whether the complaint is about an action that exists since: botocore has an operation of that name."""
    if issue != "UNKNOWN_ACTION":
        return False
    prefix, _, action = detail.rpartition(" ")[2].partition(":")
    return action in _operations(_SERVICES.get(prefix, prefix))


@functools.cache
def _operations(service: str) -> frozenset[str]:
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return frozenset()
    return frozenset(session.get_service_model(service).operation_names)
