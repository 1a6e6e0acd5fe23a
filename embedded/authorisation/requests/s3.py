"""S3: objects, multipart uploads, buckets.

Actions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Encryption, Facts
from embedded.authorisation.requests.rows import Keys, Need, Row, Table, via_kms

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_"
_ACTIONS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"
_MULTIPART = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html"
_KMS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"
_HEADERS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
)


def _bucket(call: Call, _facts: Facts) -> str:
    return f"arn:aws:s3:::{call.text('Bucket')}"


def _object(call: Call, _facts: Facts) -> str:
    return _object_arn(call.text("Bucket"), call.text("Key"))


def _object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def _source(call: Call) -> tuple[str, str, str]:
    """Bucket, key and version of a copy's source, which is URL-encoded, with or without a leading slash."""
    path, _, version = call.text("CopySource").partition("?versionId=")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, version


def _with_context(call: Call, encryption: Encryption | None, bucket: str, key: str, *operations: str) -> list[Need]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""
    if encryption is None:
        return []
    about = f"arn:aws:s3:::{bucket}" if encryption.bucket_key else _object_arn(bucket, key)
    return via_kms(call, "s3", encryption.key_arn, operations, {"aws:s3:arn": about})


def _asked_for(call: Call, facts: Facts) -> Encryption | None:
    """What a new object will be encrypted with: as its request says, or as its bucket does."""
    default = facts.default_encryption(call.text("Bucket"))
    algorithm = call.headers.get("x-amz-server-side-encryption", "")
    if not algorithm:
        return default
    if not algorithm.startswith("aws:kms"):
        return None
    key = call.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    own = call.headers.get("x-amz-server-side-encryption-bucket-key-enabled", "").lower()
    bucket_key = own == "true" if own else bool(default and default.bucket_key)
    if not key:
        # The account's own key of S3, whose policy lets in whoever may use S3.
        return None
    return Encryption(facts.key_arn(key, call.region), bucket_key)


def _read(call: Call, facts: Facts) -> Iterable[Need]:
    bucket, key, version = call.text("Bucket"), call.text("Key"), call.text("VersionId")
    yield from _reading(call, facts, bucket, key, version, whole=call.operation == "GetObject")


def _reading(call: Call, facts: Facts, bucket: str, key: str, version: str, *, whole: bool) -> Iterable[Need]:
    yield Need(
        "s3:GetObjectVersion" if version else "s3:GetObject",
        _object_arn(bucket, key),
        {"s3:versionid": (version,)} if version else {},
    )
    if not facts.object_exists(bucket, key, version):
        # Who may not list learns nothing of what is there: a 403 and not a 404.
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    elif whole or call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        yield from _with_context(call, facts.object_encryption(bucket, key, version), bucket, key, "Decrypt")


def _copied(call: Call, facts: Facts) -> Iterable[Need]:
    bucket, key, version = _source(call)
    yield from _reading(call, facts, bucket, key, version, whole=True)


def _written(call: Call, facts: Facts) -> Iterable[Need]:
    yield Need("s3:PutObject", _object(call, facts), _object_keys(call))
    if "x-amz-tagging" in call.headers:
        yield Need("s3:PutObjectTagging", _object(call, facts))
    if call.headers.get("x-amz-acl", "private") != "private":
        yield Need("s3:PutObjectAcl", _object(call, facts), _object_keys(call))
    yield from _with_context(call, _asked_for(call, facts), call.text("Bucket"), call.text("Key"), "GenerateDataKey")


def _part(call: Call, facts: Facts) -> Iterable[Need]:
    yield Need("s3:PutObject", _object(call, facts), _object_keys(call))
    encryption = facts.upload_encryption(call.text("Bucket"), call.text("UploadId"))
    yield from _with_context(call, encryption, call.text("Bucket"), call.text("Key"), "GenerateDataKey", "Decrypt")


def _completed(call: Call, facts: Facts) -> Iterable[Need]:
    yield Need("s3:PutObject", _object(call, facts))
    encryption = facts.upload_encryption(call.text("Bucket"), call.text("UploadId"))
    yield from _with_context(call, encryption, call.text("Bucket"), call.text("Key"), "Decrypt")


def _deleted(call: Call, facts: Facts) -> Iterable[Need]:
    version = call.text("VersionId")
    yield Need("s3:DeleteObjectVersion" if version else "s3:DeleteObject", _object(call, facts))


def _all_deleted(call: Call, _facts: Facts) -> Iterable[Need]:
    named: list[dict[str, str]] = call.params["Delete"]["Objects"]
    for each in named:
        action = "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject"
        yield Need(action, _object_arn(call.text("Bucket"), each.get("Key", "")))


def _object_keys(call: Call) -> Keys:
    return {f"s3:{name}": (call.headers[name],) for name in _HEADERS if name in call.headers}


def _listing_keys(call: Call) -> Keys:
    given = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}
    return {key: (call.text(name),) for key, name in given.items() if name in call.params}


def _tagging(action: str) -> Row:
    def implied(call: Call, facts: Facts) -> Iterable[Need]:
        word = "Version" if call.text("VersionId") else ""
        yield Need(f"s3:{action.replace('Object', f'Object{word}')}", _object(call, facts))

    return Row(_API + action + ".html", implied=(implied,))


def _buckets(names: dict[str, str]) -> Table:
    """Bucket operation → the action it needs."""
    return {
        operation: Row(_ACTIONS, f"s3:{action}", _bucket)
        for action, operations in names.items()
        for operation in operations.split()
    }


def _listing(action: str, operations: str) -> Table:
    return {name: Row(f"{_API}{name}.html", f"s3:{action}", _bucket, _listing_keys) for name in operations.split()}


def _both(*rows: Any) -> tuple[Any, ...]:  # noqa: ANN401 - implied needs
    return rows


S3: Table = {
    "GetObject": Row(_API + "GetObject.html", implied=(_read,)),
    "HeadObject": Row(_API + "HeadObject.html", implied=(_read,)),
    "PutObject": Row(_API + "PutObject.html", implied=(_written,)),
    "CopyObject": Row(_API + "CopyObject.html", implied=_both(_copied, _written)),
    "DeleteObject": Row(_API + "DeleteObject.html", implied=(_deleted,)),
    "DeleteObjects": Row(_API + "DeleteObjects.html", implied=(_all_deleted,)),
    "CreateMultipartUpload": Row(_MULTIPART, implied=(_written,)),
    "UploadPart": Row(_MULTIPART, implied=(_part,)),
    "UploadPartCopy": Row(_MULTIPART, implied=_both(_copied, _part)),
    "CompleteMultipartUpload": Row(_MULTIPART, implied=(_completed,)),
    "AbortMultipartUpload": Row(_MULTIPART, "s3:AbortMultipartUpload", _object),
    "ListParts": Row(_MULTIPART, "s3:ListMultipartUploadParts", _object),
    "GetObjectTagging": _tagging("GetObjectTagging"),
    "PutObjectTagging": _tagging("PutObjectTagging"),
    "DeleteObjectTagging": _tagging("DeleteObjectTagging"),
    "RestoreObject": Row(_API + "RestoreObject.html", "s3:RestoreObject", _object),
    **_listing("ListBucket", "ListObjects ListObjectsV2 HeadBucket"),
    **_listing("ListBucketVersions", "ListObjectVersions"),
    **_listing("ListBucketMultipartUploads", "ListMultipartUploads"),
    "ListBuckets": Row(_ACTIONS, "s3:ListAllMyBuckets"),
    **_buckets(
        {
            "CreateBucket": "CreateBucket",
            "DeleteBucket": "DeleteBucket",
            "GetBucketLocation": "GetBucketLocation",
            "GetBucketPolicy": "GetBucketPolicy",
            "PutBucketPolicy": "PutBucketPolicy",
            "DeleteBucketPolicy": "DeleteBucketPolicy",
            "GetBucketPolicyStatus": "GetBucketPolicyStatus",
            "GetBucketAcl": "GetBucketAcl",
            "PutBucketAcl": "PutBucketAcl",
            "GetBucketVersioning": "GetBucketVersioning",
            "PutBucketVersioning": "PutBucketVersioning",
            "GetBucketTagging": "GetBucketTagging",
            "PutBucketTagging": "PutBucketTagging DeleteBucketTagging",
            "GetBucketLogging": "GetBucketLogging",
            "PutBucketLogging": "PutBucketLogging",
            "GetBucketNotification": "GetBucketNotificationConfiguration",
            "PutBucketNotification": "PutBucketNotificationConfiguration",
            "GetBucketOwnershipControls": "GetBucketOwnershipControls",
            "PutBucketOwnershipControls": "PutBucketOwnershipControls DeleteBucketOwnershipControls",
            "GetBucketPublicAccessBlock": "GetPublicAccessBlock",
            "PutBucketPublicAccessBlock": "PutPublicAccessBlock DeletePublicAccessBlock",
            "GetBucketCORS": "GetBucketCors",
            "PutBucketCORS": "PutBucketCors DeleteBucketCors",
            "GetEncryptionConfiguration": "GetBucketEncryption",
            "PutEncryptionConfiguration": "PutBucketEncryption DeleteBucketEncryption",
            "GetLifecycleConfiguration": "GetBucketLifecycleConfiguration",
            "PutLifecycleConfiguration": "PutBucketLifecycleConfiguration DeleteBucketLifecycle",
            "GetIntelligentTieringConfiguration": (
                "GetBucketIntelligentTieringConfiguration ListBucketIntelligentTieringConfigurations"
            ),
            "PutIntelligentTieringConfiguration": (
                "PutBucketIntelligentTieringConfiguration DeleteBucketIntelligentTieringConfiguration"
            ),
            "GetMetricsConfiguration": "GetBucketMetricsConfiguration ListBucketMetricsConfigurations",
            "PutMetricsConfiguration": "PutBucketMetricsConfiguration DeleteBucketMetricsConfiguration",
            "GetInventoryConfiguration": "GetBucketInventoryConfiguration ListBucketInventoryConfigurations",
            "PutInventoryConfiguration": "PutBucketInventoryConfiguration DeleteBucketInventoryConfiguration",
            "GetAnalyticsConfiguration": "GetBucketAnalyticsConfiguration ListBucketAnalyticsConfigurations",
            "PutAnalyticsConfiguration": "PutBucketAnalyticsConfiguration DeleteBucketAnalyticsConfiguration",
            "GetReplicationConfiguration": "GetBucketReplication",
            "GetAccelerateConfiguration": "GetBucketAccelerateConfiguration",
            "GetBucketWebsite": "GetBucketWebsite",
            "GetBucketRequestPayment": "GetBucketRequestPayment",
            "PutBucketRequestPayment": "PutBucketRequestPayment",
            "GetBucketObjectLockConfiguration": "GetObjectLockConfiguration",
        }
    ),
}
