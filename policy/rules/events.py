"""Buses, rules and targets: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-security-best-practices.html"""

from collections.abc import Iterator

from policy.document import allowed
from policy.model import Resource, ResourceRule, unless

_BUS = "cloudwatch/eventBus:EventBus"


def _encrypted(bus: Resource) -> Iterator[str]:
    yield from unless(bus.get("kmsKeyIdentifier"), "no key of ours")


def _dead_letters(target: Resource) -> Iterator[str]:
    yield from unless(target.get("deadLetterConfig.arn"), "what cannot be delivered is lost")


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
        name="events-private",
        demands="A bus takes events from principals that it names",
        types=("cloudwatch/eventBusPolicy:EventBusPolicy",),
        severity="high",
        check=_private,
    ),
)
