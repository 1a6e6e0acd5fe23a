"""A queue that loses nothing: encrypted, TLS only; what cannot be handled waits ten days in its dead-letter queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement, resource_policy, tls_only
from infra.components.key import Key
from infra.naming import title

_DAY_SECONDS = 24 * 3600
_RETENTION_SECONDS = 4 * _DAY_SECONDS
_DEAD_RETENTION_SECONDS = 14 * _DAY_SECONDS
"""SQS's longest: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html

A message keeps its age when it moves, so that a dead-letter queue must keep messages for longer than the queue that
they come from: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

_DATA_KEY_REUSE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class DeadLettersArgs:
    key: Key
    senders: Sequence[pulumi.Input[str]] = ()
    """ARNs (or patterns of them) of what in EventBridge leaves here what it could not deliver."""


@final
class DeadLetters(pulumi.ComponentResource):
    """A queue that nobody reads but a person: what failed for good, from one or more senders."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:DeadLetters", name, None, opts)
        self.label = name
        self._key = args.key
        queue = _queue(name, args.key, args.senders, _DEAD_RETENTION_SECONDS, parent=self)
        self.name = queue.name
        self.arn = queue.arn
        self.url = queue.url
        self.register_outputs({"name": self.name, "arn": self.arn})

    def send_access(self) -> Access:
        """Leaving a message here."""
        return _send_access(self.label, self.arn, self._key)


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    key: Key
    visibility_timeout_seconds: int
    """At least six times the timeout of the function that reads it, see `Consumer`."""
    max_receives: int = 5
    senders: Sequence[pulumi.Input[str]] = ()
    """ARNs of rules that send here."""

    def __post_init__(self) -> None:
        if not 0 <= self.visibility_timeout_seconds <= 43_200:
            message = f"visibility_timeout_seconds is {self.visibility_timeout_seconds}; SQS takes 0 to 43200"
            raise ValueError(message)


@final
class Queue(pulumi.ComponentResource):
    """A queue and its dead-letter queue."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    dead_letters: DeadLetters

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:Queue", name, None, opts)
        self.label = name
        self.visibility_timeout_seconds = args.visibility_timeout_seconds
        self._key = args.key
        self.dead_letters = DeadLetters(
            f"{name}-dead",
            DeadLettersArgs(key=args.key, senders=args.senders),
            pulumi.ResourceOptions(parent=self),
        )
        queue = _queue(
            name,
            args.key,
            args.senders,
            _RETENTION_SECONDS,
            parent=self,
            visibility_timeout_seconds=args.visibility_timeout_seconds,
            redrive=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": self.dead_letters.arn, "maxReceiveCount": args.max_receives}
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            name,
            queue_url=self.dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = queue.name
        self.arn = queue.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def receive_access(self) -> Access:
        """What an event-source mapping does under its function's role.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
        """
        return Access(
            (
                Statement(
                    sid=f"Receive{title(self.label)}",
                    actions=("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                    resources=(self.arn,),
                ),
                self._key.via(
                    "sqs",
                    ("kms:Decrypt",),
                    purpose=f"Receive{title(self.label)}",
                    context={"aws:sqs:arn": self.arn},
                ),
            )
        )


def _queue(
    name: str,
    key: Key,
    senders: Sequence[pulumi.Input[str]],
    retention_seconds: int,
    *,
    parent: pulumi.Resource,
    redrive: pulumi.Output[str] | None = None,
    visibility_timeout_seconds: int | None = None,
) -> aws.sqs.Queue:
    queue = aws.sqs.Queue(
        name,
        kms_master_key_id=key.arn,
        kms_data_key_reuse_period_seconds=_DATA_KEY_REUSE_SECONDS,
        message_retention_seconds=retention_seconds,
        redrive_policy=redrive,
        visibility_timeout_seconds=visibility_timeout_seconds,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    statements: list[dict[str, Any]] = [tls_only("TlsOnly", "sqs:*", [queue.arn])]
    if senders:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
        statements.append(
            {
                "Sid": "EventBridge",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnLike": {"aws:SourceArn": list(senders)}},
            }
        )
    aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=resource_policy(statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return queue


def _send_access(label: str, arn: pulumi.Output[str], key: Key) -> Access:
    return Access(
        (
            Statement(sid=f"SendTo{title(label)}", actions=("sqs:SendMessage",), resources=(arn,)),
            key.via(
                "sqs",
                ("kms:Decrypt", "kms:GenerateDataKey"),
                purpose=f"SendTo{title(label)}",
                context={"aws:sqs:arn": arn},
            ),
        )
    )
