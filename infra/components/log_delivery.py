"""Who asked a distribution for what, delivered to a bucket: standard logging (v2).

The older way needs ACLs on the bucket, which a bucket with BucketOwnerEnforced has not:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
The three resources are in us-east-1, wherever the bucket is: make it with a provider and a scope of that region.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
"""

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import ServiceStatement
from infra.naming import EDGE_REGION, Scope

_SERVICE = "delivery.logs.amazonaws.com"


def delivery_service(scope: Scope) -> ServiceStatement:
    """Log delivery, for this account's sources; `resources` are key patterns of the bucket.

    The owner of a bucket without ACLs owns what is put there; the header is sent nevertheless.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
    """
    return ServiceStatement(
        sid="LogDelivery",
        service=_SERVICE,
        actions=("s3:PutObject",),
        resources=(pulumi.Output.concat("AWSLogs/", scope.account_id, "/*"),),
        conditions={
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": scope.account_id,
            },
            "ArnLike": {"aws:SourceArn": scope.arn("logs", "delivery-source:*", region=EDGE_REGION)},
        },
    )


@dataclass(frozen=True, kw_only=True)
class LogDeliveryArgs:
    scope: Scope
    distribution_arn: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    """Files come below `AWSLogs/<account>/CloudFront/`."""
    bucket_policy: pulumi.Resource
    """It must allow `delivery_service`, and comes first: where it does not, CloudWatch changes it."""

    def __post_init__(self) -> None:
        if self.scope.region != EDGE_REGION:
            message = f"a distribution's logs are delivered from {EDGE_REGION}, not from {self.scope.region}"
            raise ValueError(message)


@final
class LogDelivery(pulumi.ComponentResource):
    """Source, destination, and the delivery from the one to the other. Best effort, within minutes to hours."""

    def __init__(self, name: str, args: LogDeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:delivery:LogDelivery", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name(name, kind="log delivery")
        source = aws.cloudwatch.LogDeliverySource(
            name, name=physical, resource_arn=args.distribution_arn, log_type="ACCESS_LOGS", opts=child
        )
        destination = aws.cloudwatch.LogDeliveryDestination(
            name,
            name=physical,
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": args.bucket_arn},
            opts=child,
        )
        aws.cloudwatch.LogDelivery(
            name,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.bucket_policy]),
        )
        self.register_outputs({})
