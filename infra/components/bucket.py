"""A private bucket: encrypted with one customer-managed key and no other, versioned, TLS only, without ACLs, cleaned up
after; who asked it for what is logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import pulumi
import pulumi_aws as aws

from infra.access import Access, ServiceStatement, Statement, resource_policy, tls_only
from infra.components.access_logs import AccessLogs, private
from infra.components.key import Key
from infra.naming import Scope, title

Operation = Literal["GetObject", "GetObjectVersion", "PutObject", "PutObjectTagging", "DeleteObject", "RestoreObject"]

_ABORT_MULTIPART_DAYS = 7
_ENCRYPTION = "s3:x-amz-server-side-encryption"
_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMER_KEY = "s3:x-amz-server-side-encryption-customer-algorithm"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What of a bucket is archived when nobody reads it. Whoever reads it then must restore it first, and wait hours.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
    """

    prefix: str
    """Of the keys; nothing else in the bucket is archived."""
    access_days: int | None = None
    """Days unread until the Archive Access tier (3 to 5 hours); 90 or more."""
    deep_days: int | None = None
    """Days unread until the Deep Archive Access tier (up to 12 hours); 180 or more."""

    def __post_init__(self) -> None:
        for name, days, least in (("access_days", self.access_days, 90), ("deep_days", self.deep_days, 180)):
            if days is not None and not least <= days <= 730:
                message = f"{name} is {days}; S3 takes {least} to 730"
                raise ValueError(message)
        if not self.prefix:
            raise ValueError("an archive needs a prefix: what is not an original must stay readable")

    def tierings(self) -> list[aws.s3.BucketIntelligentTieringConfigurationTieringArgsDict]:
        """The tiers that are asked for; empty where nothing is archived."""
        days = {"ARCHIVE_ACCESS": self.access_days, "DEEP_ARCHIVE_ACCESS": self.deep_days}
        return [{"access_tier": tier, "days": after} for tier, after in days.items() if after is not None]


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    scope: Scope
    key: Key
    access_logs: AccessLogs
    deletion_protection: bool
    """Protects the bucket, and refuses to empty it on destruction."""
    noncurrent_days: int
    """How long an overwritten or deleted version can be brought back."""
    expire: Mapping[str, int] = field(default_factory=dict[str, int])
    """Key prefix → days after which objects below it expire."""
    archive: Archive | None = None
    emit_events: bool = False
    """Sends the bucket's events to EventBridge's default bus."""
    policy_follows: bool = False
    """A `BucketPolicy` sets the policy later: where it names something that needs this bucket."""

    def __post_init__(self) -> None:
        if self.noncurrent_days < 1:
            message = f"noncurrent_days is {self.noncurrent_days}; S3 takes 1 or more"
            raise ValueError(message)


@final
class Bucket(pulumi.ComponentResource):
    """An S3 bucket with everything that makes it safe to keep something in."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    """`<bucket>.s3.<region>.amazonaws.com`"""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:storage:Bucket", name, None, opts)
        self._title = title(name)
        self.key = args.key
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
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=_lifecycle(args),
            # Noncurrent rules mean nothing before there are versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        tierings = args.archive.tierings() if args.archive else []
        if args.archive and tierings:
            aws.s3.BucketIntelligentTieringConfiguration(
                name,
                bucket=bucket.id,
                filter={"prefix": args.archive.prefix},
                tierings=tierings,
                opts=child,
            )
        args.access_logs.of(name, bucket, parent=self)
        self.public_access_block = block
        if not args.policy_follows:
            _set_policy(name, self, bucket.id, (), parent=self)
        if args.emit_events:
            aws.s3.BucketNotification(name, bucket=bucket.id, eventbridge=True, opts=child)
        self.domain_name = bucket.bucket_regional_domain_name
        self.register_outputs({"name": self.name, "arn": self.arn})

    def access(self, *operations: Operation, prefix: str, purpose: str = "") -> Access:
        """The operations on the objects whose key starts with `prefix`, and the key's use that they need.

        A put is also the abort of a multipart upload; with a key its parts are read back, hence Decrypt:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        """
        writes = "PutObject" in operations
        reads = "GetObject" in operations or "GetObjectVersion" in operations
        actions = [f"s3:{operation}" for operation in operations] + (["s3:AbortMultipartUpload"] if writes else [])
        what = purpose or "".join(sorted({title(operation) for operation in operations}))
        statements = [
            Statement(
                sid=f"{what}In{self._title}{title(prefix.replace('/', '-'))}",
                actions=tuple(actions),
                resources=(_objects(self.arn, f"{prefix}*"),),
            )
        ]
        uses = (["kms:Decrypt"] if reads or writes else []) + (["kms:GenerateDataKey"] if writes else [])
        if uses:
            # With bucket keys the encryption context is the bucket, not the object:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
            kind = "Write" if writes else "Read"
            statements.append(
                self.key.via("s3", uses, purpose=f"{kind}{self._title}", context={"aws:s3:arn": self.arn})
            )
        return Access(tuple(statements))

    def list_access(self) -> Access:
        """Listing the keys. To whom may not list, what does not exist is a 403 and not a 404.

        Without a condition on `s3:prefix`: a GetObject has no prefix, so that its 404 would be a 403 again.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        return Access(
            (Statement(sid=f"List{self._title}", actions=("s3:ListBucket",), resources=(self.arn,)),),
        )


@dataclass(frozen=True, kw_only=True)
class BucketPolicyArgs:
    bucket: Bucket
    """Made with `policy_follows`."""
    readers: Sequence[ServiceStatement]
    """AWS services that read objects; their `resources` are key patterns."""


@final
class BucketPolicy(pulumi.ComponentResource):
    """The policy of a bucket, set after what it names. TLS only and under one key only, like every other."""

    def __init__(self, name: str, args: BucketPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:storage:BucketPolicy", name, None, opts)
        bucket = args.bucket
        _set_policy(name, bucket, bucket.name, args.readers, parent=self)
        self.register_outputs({})


def _set_policy(
    name: str,
    bucket: Bucket,
    identity: pulumi.Output[str],
    readers: Sequence[ServiceStatement],
    *,
    parent: pulumi.Resource,
) -> None:
    allowed = [
        {**reader.document(), "Resource": [_objects(bucket.arn, pattern) for pattern in reader.resources]}
        for reader in readers
    ]
    everything = _objects(bucket.arn, "*")
    aws.s3.BucketPolicy(
        name,
        bucket=identity,
        policy=resource_policy(
            [
                tls_only("TlsOnly", "s3:*", [bucket.arn, everything]),
                *_only_encrypted_with(bucket.key.arn, everything),
                *allowed,
            ]
        ),
        # A policy that is set while the block is being set can be refused as a conflicting operation.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[bucket.public_access_block]),
    )


def _only_encrypted_with(key: pulumi.Output[str], objects: pulumi.Output[str]) -> list[dict[str, Any]]:
    """Denies every put that names another encryption than the bucket's own; one that names none gets the bucket's.

    `Null` tells the two apart: on an absent header `StringNotEquals` is true. Whoever names a key names its ARN.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    conditions: dict[str, dict[str, dict[str, pulumi.Input[str]]]] = {
        "OtherEncryption": {"Null": {_ENCRYPTION: "false"}, "StringNotEquals": {_ENCRYPTION: "aws:kms"}},
        "OtherKey": {"Null": {_KEY: "false"}, "StringNotEquals": {_KEY: key}},
        # Without a key `aws:kms` means the one that AWS manages:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        "UnnamedKey": {"Null": {_ENCRYPTION: "false", _KEY: "true"}},
        # A key that the caller keeps is lost with the caller.
        "CustomerKey": {"Null": {_CUSTOMER_KEY: "false"}},
    }
    return [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": objects,
            "Condition": condition,
        }
        for sid, condition in conditions.items()
    ]


def _objects(arn: pulumi.Output[str], pattern: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(arn, "/", pattern)


def _lifecycle(args: BucketArgs) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "housekeeping",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": _ABORT_MULTIPART_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            # Objects under 128 KiB stay where they are and are not monitored:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
            "id": "intelligent-tiering",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}],
        },
    ]
    for prefix, days in args.expire.items():
        rules.append(
            {
                "id": f"expire-{prefix.strip('/')}",
                "status": "Enabled",
                "filter": {"prefix": prefix},
                "expiration": {"days": days},
            }
        )
    return rules
