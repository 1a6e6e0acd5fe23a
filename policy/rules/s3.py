"""Buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"""

from collections.abc import Iterator

from policy.document import allowed, denies_plain_http, statements
from policy.model import (
    GUARDED,
    Resource,
    ResourceRule,
    Stack,
    StackRule,
    dig,
    environment,
    every_has,
    forbidden,
    unless,
)

_BUCKET = "s3/bucket:Bucket"
_ENCRYPTION = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_LIFECYCLE = "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_LOGGING = "s3/bucketLogging:BucketLogging"
_POLICY = "s3/bucketPolicy:BucketPolicy"
_BLOCK = "s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_OWNERSHIP = "s3/bucketOwnershipControls:BucketOwnershipControls"
_VERSIONING = "s3/bucketVersioning:BucketVersioning"
_TIERING = "s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"

_MULTIPART_DAYS = 7
_COLD = frozenset(("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"))
ORIGINALS = ("videos/",)
"""What may be archived: only reading these has a branch that restores first."""

_KEY_HEADER = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def holds_logs(bucket: Resource, stack: Stack) -> bool:
    """Whether server access logs are delivered to it: such a bucket takes SSE-S3 only, and logging it would not end.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    return stack.uses(bucket, _LOGGING, "targetBucket")


def _whole_block(block: Resource) -> Iterator[str]:
    for setting in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        yield from unless(block.get(setting) is True, f"{setting} is not true")


def _ownership(controls: Resource) -> Iterator[str]:
    yield from unless(
        controls.get("rule.objectOwnership") == "BucketOwnerEnforced", "ACLs are in effect: not BucketOwnerEnforced"
    )


def _no_acl(bucket: Resource) -> Iterator[str]:
    yield from unless(not bucket.get("acl") and not bucket.each("grants"), "it has an ACL")


def _encrypted(bucket: Resource, stack: Stack) -> Iterator[str]:
    wanted = "AES256" if holds_logs(bucket, stack) else "aws:kms"
    found = stack.attached(bucket, _ENCRYPTION, "bucket")
    yield from unless(found, "no default encryption is set")
    for configuration in found:
        for rule in configuration.each("rules"):
            default = "applyServerSideEncryptionByDefault"
            yield from unless(dig(rule, f"{default}.sseAlgorithm") == wanted, f"default encryption is not {wanted}")
            if wanted == "aws:kms":
                yield from unless(dig(rule, f"{default}.kmsMasterKeyId"), "no key of ours")
                yield from unless(rule.get("bucketKeyEnabled") is True, "every object calls KMS: no bucket key")


def _versioned(versioning: Resource) -> Iterator[str]:
    yield from unless(versioning.get("versioningConfiguration.status") == "Enabled", "versions are not kept")


def _lifecycle(bucket: Resource, stack: Stack) -> Iterator[str]:
    found = stack.attached(bucket, _LIFECYCLE, "bucket")
    yield from unless(found, "no lifecycle is set")
    for configuration in found:
        whole = [
            rule
            for rule in configuration.each("rules")
            if rule.get("status") == "Enabled" and not dig(rule, "filter.prefix")
        ]
        days = [dig(rule, "abortIncompleteMultipartUpload.daysAfterInitiation") for rule in whole]
        yield from unless(
            any(one is not None and one <= _MULTIPART_DAYS for one in days),
            f"unfinished multipart uploads outlive {_MULTIPART_DAYS} days",
        )
        yield from unless(
            any(dig(rule, "noncurrentVersionExpiration.noncurrentDays") for rule in whole),
            "noncurrent versions are kept for ever",
        )


def _archived_prefixes(configuration: Resource) -> Iterator[str]:
    for rule in configuration.each("rules"):
        classes = {one.get("storageClass") for one in rule.get("transitions") or ()}
        if classes & _COLD:
            yield dig(rule, "filter.prefix") or ""
    if configuration.each("tierings"):
        yield configuration.get("filter.prefix") or ""


def _archive(configuration: Resource) -> Iterator[str]:
    for prefix in _archived_prefixes(configuration):
        yield from unless(
            prefix.startswith(ORIGINALS), f"archives {prefix or 'everything'}: nothing restores it before it is read"
        )


def _tls(bucket: Resource, stack: Stack) -> Iterator[str]:
    arn = str(bucket.get("arn"))
    found = stack.attached(bucket, _POLICY, "bucket")
    yield from unless(found, "no bucket policy is set")
    for policy in found:
        whole = denies_plain_http(policy.get("policy"), [arn, f"{arn}/*"], "s3")
        yield from unless(whole, "plain HTTP is not denied on the bucket and its objects")


def _other_keys(bucket: Resource, stack: Stack) -> Iterator[str]:
    if holds_logs(bucket, stack):
        return
    for policy in stack.attached(bucket, _POLICY, "bucket"):
        denied = any(
            not statement.allows
            and "s3:PutObject" in statement.actions
            and statement.conditions.get("StringNotEquals", {}).get(_KEY_HEADER)
            for statement in statements(policy.get("policy"))
        )
        yield from unless(denied, "an object may be put under another key")


def _logged(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not holds_logs(bucket, stack):
        yield from unless(stack.uses(bucket, _LOGGING, "bucket"), "who reads it is written down nowhere")


def _private(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy.get("policy")):
        yield from unless(not statement.anyone, f"{statement.sid} allows anyone")
        for kind, _ in statement.principals:
            if kind == "Service":
                yield from unless(
                    statement.keys & {"aws:sourcearn", "aws:sourceaccount"}, f"{statement.sid} names no source"
                )
            else:
                yield f"{statement.sid} lets in a principal that is no AWS service"


def _kept(bucket: Resource, _stack: Stack) -> Iterator[str]:
    if environment(bucket) in GUARDED:
        yield from unless(bucket.protect, "pulumi may delete it")
        yield from unless(bucket.get("forceDestroy") is not True, "pulumi may empty it")


RULES = (
    every_has(
        name="s3-public-access-block",
        subject=_BUCKET,
        attachment=_BLOCK,
        by="bucket",
        severity="critical",
        demands="Every bucket has a public access block",
    ),
    ResourceRule(
        name="s3-public-access-block-whole",
        demands="A public access block leaves nothing open",
        types=(_BLOCK, "s3/accountPublicAccessBlock:AccountPublicAccessBlock"),
        severity="critical",
        check=_whole_block,
    ),
    every_has(
        name="s3-ownership-controls",
        subject=_BUCKET,
        attachment=_OWNERSHIP,
        by="bucket",
        severity="medium",
        demands="Every bucket says who owns its objects",
    ),
    ResourceRule(
        name="s3-owner-enforced",
        demands="Whoever owns the bucket owns its objects, and ACLs are off",
        types=(_OWNERSHIP,),
        severity="medium",
        check=_ownership,
    ),
    ResourceRule(name="s3-no-acl", demands="No bucket has an ACL", types=(_BUCKET,), severity="high", check=_no_acl),
    forbidden(
        name="s3-no-acl-resources",
        types=("s3/bucketAcl:BucketAcl", "s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"),
        severity="high",
        demands="No ACLs and no website endpoints: objects leave through CloudFront",
        why="buckets are reached by policy, and by CloudFront only",
    ),
    StackRule(
        name="s3-encrypted",
        demands="Objects are encrypted under a key of ours with a bucket key; access logs under S3's own",
        types=(_BUCKET,),
        severity="high",
        check=_encrypted,
    ),
    every_has(
        name="s3-versioning",
        subject=_BUCKET,
        attachment=_VERSIONING,
        by="bucket",
        severity="medium",
        demands="Every bucket says whether it keeps versions",
    ),
    ResourceRule(
        name="s3-versioned",
        demands="What is overwritten or deleted can be brought back",
        types=(_VERSIONING,),
        severity="medium",
        check=_versioned,
    ),
    StackRule(
        name="s3-lifecycle",
        demands="Every bucket cleans up after itself: old versions and unfinished uploads",
        types=(_BUCKET,),
        severity="low",
        check=_lifecycle,
    ),
    ResourceRule(
        name="s3-archive",
        demands="Only originals are archived",
        types=(_LIFECYCLE, _TIERING),
        severity="high",
        check=_archive,
    ),
    StackRule(
        name="s3-tls",
        demands="Every bucket refuses what is not sent over TLS",
        types=(_BUCKET,),
        severity="high",
        check=_tls,
    ),
    StackRule(
        name="s3-one-key",
        demands="Objects cannot be put under another key than the bucket's",
        types=(_BUCKET,),
        severity="medium",
        check=_other_keys,
    ),
    StackRule(
        name="s3-access-logs",
        demands="Requests to every bucket are logged",
        types=(_BUCKET,),
        severity="medium",
        check=_logged,
    ),
    ResourceRule(
        name="s3-private",
        demands="Bucket policies let in AWS services on behalf of named resources, and nobody else",
        types=(_POLICY,),
        severity="critical",
        check=_private,
    ),
    StackRule(
        name="s3-kept",
        demands="In staging and prod no update deletes or empties a bucket",
        types=(_BUCKET,),
        severity="high",
        check=_kept,
    ),
)
