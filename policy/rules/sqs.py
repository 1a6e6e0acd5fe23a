"""Queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html"""

from collections.abc import Iterator

from policy.document import allowed, denies_plain_http
from policy.model import Resource, ResourceRule, Stack, StackRule, unless

_QUEUE = "sqs/queue:Queue"
_POLICY = "sqs/queuePolicy:QueuePolicy"
_RETENTION_SECONDS = 14 * 24 * 3600

_SENDS = (
    (_QUEUE, "redrivePolicy"),
    ("cloudwatch/eventTarget:EventTarget", "deadLetterConfig"),
    ("cloudwatch/eventBus:EventBus", "deadLetterConfig"),
    ("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "destinationConfig"),
    ("lambda/function:Function", "deadLetterConfig"),
    ("sns/topicSubscription:TopicSubscription", "redrivePolicy"),
)
"""Who leaves what failed for good in a queue, and the property that says in which."""


def ends_here(queue: Resource, stack: Stack) -> bool:
    """Whether it holds what others gave up: the end of the line needs no dead-letter queue of its own."""
    return any(stack.uses(queue, type_, by) for type_, by in _SENDS)


def _encrypted(queue: Resource) -> Iterator[str]:
    key = queue.get("kmsMasterKeyId")
    yield from unless(key and not str(key).endswith("alias/aws/sqs"), "no key of ours")


def _dead_letters(queue: Resource, stack: Stack) -> Iterator[str]:
    if ends_here(queue, stack):
        yield from unless(
            queue.get("messageRetentionSeconds") == _RETENTION_SECONDS, "what failed is gone before 14 days are over"
        )
    else:
        yield from unless(queue.get("redrivePolicy"), "what cannot be handled comes back until it expires")


def _one_source(queue: Resource, stack: Stack) -> Iterator[str]:
    if stack.uses(queue, _QUEUE, "redrivePolicy"):
        yield from unless(
            stack.uses(queue, "sqs/redriveAllowPolicy:RedriveAllowPolicy", "queueUrl"),
            "any queue of the account may name it as its dead-letter queue",
        )


def _tls(queue: Resource, stack: Stack) -> Iterator[str]:
    found = stack.attached(queue, _POLICY, "queueUrl")
    yield from unless(found, "no queue policy is set")
    for policy in found:
        whole = denies_plain_http(policy.get("policy"), [str(queue.get("arn"))], "sqs")
        yield from unless(whole, "plain HTTP is not denied")


def _private(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy.get("policy")):
        yield from unless(not statement.anyone, f"{statement.sid} allows anyone")
        yield from unless(statement.keys & {"aws:sourcearn", "aws:sourceaccount"}, f"{statement.sid} names no source")


RULES = (
    ResourceRule(
        name="sqs-encrypted",
        demands="Messages are encrypted under a key of ours",
        types=(_QUEUE,),
        severity="high",
        check=_encrypted,
    ),
    StackRule(
        name="sqs-dead-letters",
        demands="What cannot be handled waits 14 days in a dead-letter queue",
        types=(_QUEUE,),
        severity="high",
        check=_dead_letters,
    ),
    StackRule(
        name="sqs-redrive-allowed",
        demands="A dead-letter queue says whose it is",
        types=(_QUEUE,),
        severity="low",
        check=_one_source,
    ),
    StackRule(
        name="sqs-tls",
        demands="Every queue refuses what is not sent over TLS",
        types=(_QUEUE,),
        severity="high",
        check=_tls,
    ),
    ResourceRule(
        name="sqs-private",
        demands="Queue policies let in services on behalf of named sources, and nobody else",
        types=(_POLICY,),
        severity="critical",
        check=_private,
    ),
)
