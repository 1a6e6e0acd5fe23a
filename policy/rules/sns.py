"""Topics: https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html"""

from collections.abc import Iterator

from policy.document import allowed, denies_plain_http
from policy.model import Resource, ResourceRule, Stack, StackRule, unless

_TOPIC = "sns/topic:Topic"
_POLICY = "sns/topicPolicy:TopicPolicy"


def _encrypted(topic: Resource) -> Iterator[str]:
    key = topic.get("kmsMasterKeyId")
    yield from unless(key and not str(key).endswith("alias/aws/sns"), "no key of ours")


def _tls(topic: Resource, stack: Stack) -> Iterator[str]:
    found = stack.attached(topic, _POLICY, "arn")
    yield from unless(found, "no topic policy is set")
    for policy in found:
        yield from unless(
            denies_plain_http(policy.get("policy"), [str(topic.get("arn"))], "sns"), "plain HTTP is not denied"
        )


def _private(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy.get("policy")):
        yield from unless(not statement.anyone, f"{statement.sid} allows anyone")
        yield from unless(statement.keys & {"aws:sourcearn", "aws:sourceaccount"}, f"{statement.sid} names no source")


def _delivery(subscription: Resource) -> Iterator[str]:
    yield from unless(subscription.get("protocol") != "http", "its messages travel in the clear")


RULES = (
    ResourceRule(
        name="sns-encrypted",
        demands="Messages are encrypted under a key of ours",
        types=(_TOPIC,),
        severity="high",
        check=_encrypted,
    ),
    StackRule(
        name="sns-tls",
        demands="Every topic refuses what is not sent over TLS",
        types=(_TOPIC,),
        severity="high",
        check=_tls,
    ),
    ResourceRule(
        name="sns-private",
        demands="Topic policies let in services on behalf of named sources, and nobody else",
        types=(_POLICY,),
        severity="critical",
        check=_private,
    ),
    ResourceRule(
        name="sns-delivery",
        demands="Nothing is delivered over plain HTTP",
        types=("sns/topicSubscription:TopicSubscription",),
        severity="high",
        check=_delivery,
    ),
)
