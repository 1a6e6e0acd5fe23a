"""A topic for alarms: encrypted, TLS only, published to by this account's alarms and no one else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import resource_policy, tls_only
from infra.components.key import Key
from infra.naming import Scope


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    scope: Scope
    key: Key
    """Must allow `alarms_service`."""
    emails: Sequence[str]
    """Each gets a message that asks to confirm the subscription."""


@final
class AlarmTopic(pulumi.ComponentResource):
    """An SNS topic and its subscribers."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:operations:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, kms_master_key_id=args.key.arn, opts=child)
        aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=resource_policy(
                [
                    tls_only("TlsOnly", "sns:Publish", [topic.arn]),
                    {
                        "Sid": "Alarms",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": topic.arn,
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": args.scope.account_id},
                            "ArnLike": {"aws:SourceArn": args.scope.arn("cloudwatch", "alarm:*")},
                        },
                    },
                ]
            ),
            opts=child,
        )
        for index, email in enumerate(args.emails):
            aws.sns.TopicSubscription(f"{name}-{index}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
