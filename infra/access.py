"""What a grant is: a value that a resource hands out. A role has one inline policy made of grants, and nothing managed.

The KMS statement that goes with a grant is part of it, so that no one has to remember it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra.naming import Scope

Conditions = Mapping[str, Mapping[str, pulumi.Input[Any]]]
"""Operator → condition key → value or values, as in a policy document."""

UNSCOPED: Mapping[str, str] = {
    # The only actions that any role here may have on `*`, each with its reason.
    **dict.fromkeys(
        (
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ),
        "log delivery accepts no resource: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    ),
    **dict.fromkeys(
        (
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ),
        "X-Ray has no resource for them: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """An Allow. `sid` is unique in a policy and says what for."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...]
    conditions: Conditions = field(default_factory=dict[str, Mapping[str, pulumi.Input[Any]]])

    def __post_init__(self) -> None:
        if not self.sid.isalnum() or not self.sid.isascii():
            message = f"Sid {self.sid!r} must be ASCII letters and digits"
            raise ValueError(message)
        for resource in self.resources:
            if resource == "*" and (unlisted := [action for action in self.actions if action not in UNSCOPED]):
                message = f"{self.sid}: {unlisted} on every resource; name the resource, or give a reason in UNSCOPED"
                raise ValueError(message)

    def document(self) -> dict[str, Any]:
        """The statement as in a policy document; still holds outputs."""
        body: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.conditions:
            body["Condition"] = {operator: dict(keys) for operator, keys in self.conditions.items()}
        return body


@dataclass(frozen=True)
class Access:
    """One or more statements that belong together. `+` joins two grants."""

    statements: tuple[Statement, ...]

    def __add__(self, other: "Access") -> "Access":
        return Access(self.statements + other.statements)


LOG_DELIVERY = Access(
    (
        Statement(
            sid="DeliverLogs",
            actions=tuple(action for action in UNSCOPED if action.startswith("logs:")),
            resources=("*",),
        ),
    )
)

_TRACING_STATES = tuple(action for action in UNSCOPED if action.startswith("xray:"))

TRACING_OF_FUNCTIONS = Access((Statement(sid="Trace", actions=_TRACING_STATES[:2], resources=("*",)),))
"""https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""

TRACING_OF_STATE_MACHINES = Access((Statement(sid="Trace", actions=_TRACING_STATES, resources=("*",)),))
"""https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html"""


def policy(grants: Iterable[Access]) -> pulumi.Output[str]:
    """The policy document of a role. The same statement twice is one; two different under one Sid raise ValueError."""
    statements: dict[str, Statement] = {}
    for grant in grants:
        for statement in grant.statements:
            known = statements.setdefault(statement.sid, statement)
            # Outputs are the same if they are one object: a grant is made of what its resource keeps.
            if known != statement:
                message = f"two different statements are called {statement.sid}: {known}, {statement}"
                raise ValueError(message)
    return _document([statement.document() for statement in statements.values()])


def trust(service: str, *, scope: Scope, source: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    """Who may assume a role: one AWS service, and where `source` is given only for that ARN in this account."""
    statement: dict[str, Any] = {
        "Sid": "Assume",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if source is not None:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": source},
        }
    return _document([statement])


@dataclass(frozen=True, kw_only=True)
class ServiceStatement:
    """An Allow for an AWS service in a resource's own policy; `conditions` say on whose behalf it may act."""

    sid: str
    service: str
    actions: tuple[str, ...]
    conditions: Conditions
    resources: tuple[pulumi.Input[str], ...] = ("*",)
    """In a key's policy `*` is the key itself."""

    def document(self) -> dict[str, Any]:
        """The statement as in a policy document; still holds outputs."""
        body: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": {"Service": self.service},
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.conditions:
            body["Condition"] = {operator: dict(keys) for operator, keys in self.conditions.items()}
        return body


def tls_only(sid: str, actions: str, resources: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    """Denies everyone what is not sent over TLS."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def resource_policy(statements: Sequence[dict[str, Any]]) -> pulumi.Output[str]:
    """The policy document of a resource."""
    return _document(statements)


def _document(statements: Sequence[dict[str, Any]]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
