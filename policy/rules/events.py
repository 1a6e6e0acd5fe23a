"""Buses, rules and targets: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-security-best-practices.html"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from policy.document import allowed
from policy.model import Resource, ResourceRule, Value, text, unless

_BUS = "cloudwatch/eventBus:EventBus"
_ENVELOPE = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html"""

_EVENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # Source → type → the fields of its detail. A pattern that names anything else matches nothing, and nobody says so.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    "aws.s3": {
        "Object Created": (
            "version",
            "bucket",
            "object",
            "request-id",
            "requester",
            "source-ip-address",
            "reason",
        ),
    },
    # https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    "aws.states": {
        "Step Functions Execution Status Change": (
            "executionArn",
            "stateMachineArn",
            "stateMachineVersionArn",
            "stateMachineAliasArn",
            "name",
            "status",
            "startDate",
            "stopDate",
            "input",
            "output",
            "error",
            "cause",
        ),
    },
}


def _encrypted(bus: Resource) -> Iterator[str]:
    yield from unless(bus.get("kmsKeyIdentifier"), "no key of ours")


def _dead_letters(target: Resource) -> Iterator[str]:
    yield from unless(target.get("deadLetterConfig.arn"), "what cannot be delivered is lost")


def _sent(rule: Resource) -> Iterator[str]:
    pattern: Value = text(rule.get("eventPattern"))
    if not pattern:
        return
    for field in pattern:
        yield from unless(field in _ENVELOPE, f"no event has a field {field}: it matches nothing")
    for source in cast("list[str]", pattern.get("source") or [""]):
        types = _EVENTS.get(source, {})
        yield from unless(types, f"nothing that is known here sends events as {source!r}")
        for kind in cast("list[str]", pattern.get("detail-type") or [""]) if types else ():
            yield from unless(kind in types, f"{source} sends no {kind!r}")
            for field in cast("Mapping[str, Any]", pattern.get("detail") or {}):
                sent = kind not in types or field in types[kind]
                yield from unless(sent, f"{kind} of {source} has no detail.{field}: it matches nothing")


def _private(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy.get("policy")):
        yield from unless(not statement.anyone or statement.keys, f"{statement.sid} lets anyone put events")


RULES = (
    ResourceRule(
        name="events-encrypted",
        demands="A bus is encrypted under a key of ours",
        types=(_BUS,),
        severity="medium",
        check=_encrypted,
    ),
    ResourceRule(
        name="events-dead-letters",
        demands="Events that cannot be delivered are kept",
        types=(_BUS, "cloudwatch/eventTarget:EventTarget"),
        severity="high",
        check=_dead_letters,
    ),
    ResourceRule(
        name="events-sent",
        demands="A rule's pattern names a source, a type and fields of events that are known to be sent",
        types=("cloudwatch/eventRule:EventRule",),
        severity="high",
        check=_sent,
    ),
    ResourceRule(
        name="events-private",
        demands="A bus takes events from principals that it names",
        types=("cloudwatch/eventBusPolicy:EventBusPolicy",),
        severity="high",
        check=_private,
    ),
)
