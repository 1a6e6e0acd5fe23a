"""A topic for alarms: encrypted, TLS only, published to by this account's alarms and budgets and no one else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import ServiceStatement, resource_policy, tls_only
from infra.components.key import Key
from infra.naming import Scope, title


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    scope: Scope
    key: Key
    """Must allow `alarms_service` and `budgets_service`."""
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
        policy = aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=resource_policy(
                [
                    tls_only("TlsOnly", "sns:Publish", [topic.arn]),
                    *(
                        ServiceStatement(
                            sid=title(service),
                            service=f"{service}.amazonaws.com",
                            actions=("sns:Publish",),
                            resources=(topic.arn,),
                            conditions={
                                "StringEquals": {"aws:SourceAccount": args.scope.account_id},
                                "ArnLike": {"aws:SourceArn": source},
                            },
                        ).document()
                        for service, source in (
                            # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
                            ("cloudwatch", args.scope.arn("cloudwatch", "alarm:*")),
                            # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
                            ("budgets", args.scope.arn("budgets", "*", region="")),
                        )
                    ),
                ]
            ),
            opts=child,
        )
        for index, email in enumerate(args.emails):
            aws.sns.TopicSubscription(f"{name}-{index}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
        # A budget is refused whose topic does not let it publish.
        self.arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"arn": self.arn})
