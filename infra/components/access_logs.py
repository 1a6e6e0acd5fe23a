"""Where access logs lie, of other buckets and of the distribution: private, TLS only, without ACLs, and expiring.

It differs from `Bucket` where S3 wants it: logs are delivered only to a bucket under S3's own keys (SSE-S3), and a
bucket that logged into itself would log its own logs without end.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
"""

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import resource_policy, tls_only
from infra.components.log_delivery import delivery_service
from infra.naming import Scope

_PREFIX = "s3/"
_ABORT_MULTIPART_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    scope: Scope
    days: int
    """After them a log expires."""
    deletion_protection: bool

    def __post_init__(self) -> None:
        if self.days < 1:
            message = f"days is {self.days}; S3 takes 1 or more"
            raise ValueError(message)


@final
class AccessLogs(pulumi.ComponentResource):
    """The bucket that server access logs of this project's buckets are delivered to, below `s3/` by bucket and day."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:storage:AccessLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            force_destroy=not args.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.name = bucket.bucket
        self.arn = bucket.arn
        block = private(name, bucket, parent=self)
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.days},
                    "noncurrent_version_expiration": {"noncurrent_days": 1},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": _ABORT_MULTIPART_DAYS},
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        deliveries = delivery_service(args.scope)
        self.policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=resource_policy(
                [
                    tls_only("TlsOnly", "s3:*", [self.arn, pulumi.Output.concat(self.arn, "/*")]),
                    {
                        "Sid": "AccessLogs",
                        "Effect": "Allow",
                        "Principal": {"Service": "logging.s3.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": pulumi.Output.concat(self.arn, f"/{_PREFIX}*"),
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": args.scope.account_id},
                            # The buckets that log are made later; their names begin like this.
                            "ArnLike": {
                                "aws:SourceArn": args.scope.bucket_arn(
                                    f"{args.scope.project}-{args.scope.environment}-*"
                                )
                            },
                        },
                    },
                    {
                        **deliveries.document(),
                        "Resource": [pulumi.Output.concat(self.arn, "/", path) for path in deliveries.resources],
                    },
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        self.register_outputs({"name": self.name, "arn": self.arn})

    def of(self, name: str, bucket: aws.s3.Bucket, *, parent: pulumi.Resource) -> None:
        """Logs the accesses to a bucket here. Delivery is best effort, and takes hours."""
        aws.s3.BucketLogging(
            name,
            bucket=bucket.id,
            target_bucket=self.name,
            target_prefix=_PREFIX,
            target_object_key_format={"partitioned_prefix": {"partition_date_source": "EventTime"}},
            # S3 refuses a target that the logging service may not write to.
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[self.policy]),
        )


def private(name: str, bucket: aws.s3.Bucket, *, parent: pulumi.Resource) -> aws.s3.BucketPublicAccessBlock:
    """No ACLs, and nothing public whatever a policy says. What sets the bucket's policy waits for the result."""
    child = pulumi.ResourceOptions(parent=parent)
    aws.s3.BucketOwnershipControls(name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child)
    return aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
