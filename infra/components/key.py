"""A customer-managed key: rotated every year, for those whom IAM policies of the account allow, and named services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from infra.access import ServiceStatement, Statement, resource_policy
from infra.naming import Scope, title

_DELETION_WINDOW_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    scope: Scope
    description: str
    services: Sequence[ServiceStatement] = ()
    """Services that use the key without a role of ours. They hold before anything that needs the key is made."""
    policy_follows: bool = False
    """A `KeyPolicy` sets the whole policy later: where a service's condition names something that needs this key."""
    protect: bool = True


@final
class Key(pulumi.ComponentResource):
    """A KMS key, its alias and its policy."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:security:Key", name, None, opts)
        self.name = name
        self._scope = args.scope
        key = aws.kms.Key(
            name,
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=_key_policy(args.scope, args.services),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # Two owners would undo each other at every update.
                ignore_changes=["policy"] if args.policy_follows else None,
            ),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{args.scope.name(name, kind='key alias')}",
            target_key_id=key.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})

    def via(
        self,
        service: str,
        actions: Sequence[str],
        *,
        purpose: str,
        context: dict[str, pulumi.Input[Any]] | None = None,
    ) -> Statement:
        """Use of the key through a regional service only, and only under the given encryption context.

        `purpose` (`ReadUploads`) makes the statement's id. Keys of `context` are without `kms:EncryptionContext:`.
        """
        conditions: dict[str, pulumi.Input[Any]] = {"kms:ViaService": self._scope.service(service)}
        for key, value in (context or {}).items():
            conditions[f"kms:EncryptionContext:{key}"] = value
        return Statement(
            sid=f"{purpose}With{title(self.name)}",
            actions=tuple(actions),
            resources=(self.arn,),
            conditions={"StringEquals": conditions},
        )


@dataclass(frozen=True, kw_only=True)
class KeyPolicyArgs:
    scope: Scope
    key: Key
    """Made with `policy_follows`."""
    services: Sequence[ServiceStatement]


@final
class KeyPolicy(pulumi.ComponentResource):
    """The policy of a key, set after what it names."""

    def __init__(self, name: str, args: KeyPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:security:KeyPolicy", name, None, opts)
        aws.kms.KeyPolicy(
            name,
            key_id=args.key.arn,
            policy=_key_policy(args.scope, args.services),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def logs_service(scope: Scope) -> ServiceStatement:
    """CloudWatch Logs, for log groups of this account and region.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return ServiceStatement(
        sid="CloudWatchLogs",
        service=scope.service("logs"),
        actions=("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"),
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": scope.arn("logs", "log-group:*")}},
    )


def log_delivery_service(scope: Scope) -> ServiceStatement:
    """Log delivery, for execution data of state machines under the key; their roles made it with the same context.

    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    return ServiceStatement(
        sid="LogDelivery",
        service="delivery.logs.amazonaws.com",
        actions=("kms:Decrypt",),
        conditions={"StringEquals": {"kms:EncryptionContext:SourceArn": scope.arn("logs", "*")}},
    )


def rules_service(scope: Scope) -> ServiceStatement:
    """EventBridge, for what this account's rules and buses send to encrypted queues.

    To topics it would come without a source, and these conditions would drop every event:
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    return ServiceStatement(
        sid="EventBridgeToQueues",
        service="events.amazonaws.com",
        actions=("kms:Decrypt", "kms:GenerateDataKey"),
        conditions={
            "ArnLike": {
                "kms:EncryptionContext:aws:sqs:arn": scope.arn("sqs", "*"),
                "aws:SourceArn": [scope.arn("events", "rule/*"), scope.arn("events", "event-bus/*")],
            },
        },
    )


def buses_services(scope: Scope) -> tuple[ServiceStatement, ServiceStatement]:
    """EventBridge, for this account's encrypted buses.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html
    """
    buses = scope.arn("events", "event-bus/*")
    return (
        # Looking at a key has no source and no encryption context to put a condition on.
        ServiceStatement(
            sid="EventBusesLook", service="events.amazonaws.com", actions=("kms:DescribeKey",), conditions={}
        ),
        ServiceStatement(
            sid="EventBuses",
            service="events.amazonaws.com",
            actions=("kms:Decrypt", "kms:GenerateDataKey"),
            conditions={
                "ArnLike": {"aws:SourceArn": buses, "kms:EncryptionContext:aws:events:event-bus:arn": buses},
            },
        ),
    )


def alarms_service(scope: Scope) -> ServiceStatement:
    """CloudWatch, for what this account's alarms send to encrypted topics.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return ServiceStatement(
        sid="AlarmsToTopics",
        service="cloudwatch.amazonaws.com",
        actions=("kms:Decrypt", "kms:GenerateDataKey*"),
        conditions={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": scope.arn("cloudwatch", "alarm:*")},
        },
    )


def budgets_service(scope: Scope) -> ServiceStatement:
    """AWS Budgets, for what this account's budgets send to encrypted topics.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    """
    return ServiceStatement(
        sid="BudgetsToTopics",
        service="budgets.amazonaws.com",
        actions=("kms:Decrypt", "kms:GenerateDataKey*"),
        conditions={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": scope.arn("budgets", "*", region="")},
        },
    )


def distribution_service(arn: pulumi.Input[str]) -> ServiceStatement:
    """CloudFront, for one distribution that reads an encrypted bucket.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    return ServiceStatement(
        sid="CloudFront",
        service="cloudfront.amazonaws.com",
        actions=("kms:Decrypt",),
        conditions={"StringEquals": {"aws:SourceArn": arn}},
    )


def _key_policy(scope: Scope, services: Sequence[ServiceStatement]) -> pulumi.Output[str]:
    # What KMS itself puts into a key's policy, and recommends: it lets in no one but whom an IAM policy of the account
    # lets in, and keeps the key manageable. Without it no IAM policy has any effect, and no one can repair this one.
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    root: dict[str, Any] = {
        "Sid": "AccountPolicies",
        "Effect": "Allow",
        "Principal": {"AWS": scope.arn("iam", "root", region="")},
        "Action": "kms:*",
        "Resource": "*",
    }
    return resource_policy([root, *(service.document() for service in services)])
