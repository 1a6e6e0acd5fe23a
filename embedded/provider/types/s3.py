"""Buckets, what configures them, and objects."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from embedded.engine.model import Created
from embedded.engine.values import Asset
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, Template, kind, simple, undo

_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF", "eu-west-1": "Z1BKCTXD74EZPE", "eu-central-1": "Z21DNDUVLTQW6Q"}


def _change_bucket(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    request.arguments.take_some("forceDestroy")
    yield _tagging(old.id, request.arguments.take("tags", {}))
    return Created(id=old.id, outputs={})


def _remove_bucket(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    more = bool(old.inputs.get("forceDestroy"))
    while more:
        # A page of 1000 at a time, from the start again: what was listed is gone by then.
        page = yield Call(operation="ListObjectVersions", params={"Bucket": old.id})
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if objects:
            params = {
                "Bucket": old.id,
                "Delete": {"Objects": objects, "Quiet": True},
                "BypassGovernanceRetention": True,
            }
            yield Call(operation="DeleteObjects", params=params)
        more = bool(page.get("IsTruncated"))
    yield Call(operation="DeleteBucket", params={"Bucket": old.id})


def _tagging(bucket: str, tags: Mapping[str, str]) -> Call:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return Call(operation="PutBucketTagging", params={"Bucket": bucket, "Tagging": {"TagSet": pairs}})


@kind(
    "aws:s3/bucket:Bucket",
    "s3",
    naming=Naming(property="bucket", longest=63, lower=True),
    tags=True,
    put=True,
    identity=("objectLockEnabled",),
    update=_change_bucket,
    delete=_remove_bucket,
)
def bucket(request: Request) -> Steps:
    """A bucket; versioning, encryption and the like are types of their own."""
    request.arguments.take_some("forceDestroy")
    name = request.arguments.take("bucket")
    place = None if request.region == "us-east-1" else {"LocationConstraint": request.region}
    lock = request.arguments.take("objectLockEnabled")
    params = {"Bucket": name, "CreateBucketConfiguration": place, "ObjectLockEnabledForBucket": lock}
    tags = request.arguments.take("tags")
    yield Call(operation="CreateBucket", params=params)
    if tags:
        yield _tagging(name, tags)
    outputs = {
        "arn": f"arn:{request.partition}:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{request.region}.amazonaws.com",
        "bucketRegion": request.region,
        "hostedZoneId": _ZONES.get(request.region, ""),
        "region": request.region,
    }
    return Created(id=name, outputs=outputs)


def _setting(
    token: str,
    operation: str,
    rename: Mapping[str, str],
    undone: str,
    *,
    ignore: tuple[str, ...] = (),
    **templates: Template,
) -> None:
    """A property of a bucket that is a resource of its own; deleting it is the operation `undone` on the bucket."""
    simple(
        token,
        "s3",
        operation,
        rename=rename,
        id="{bucket}",
        put=True,
        identity=("bucket",),
        ignore=ignore,
        delete=undo(undone, Bucket="{bucket}", **templates),
    )


_setting(
    "aws:s3/bucketVersioning:BucketVersioning",
    "PutBucketVersioning",
    {},
    # Versioning that has been on can only be suspended.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    "PutBucketVersioning",
    VersioningConfiguration__Status="Suspended",
)
_setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "PutBucketEncryption",
    {"rules": "ServerSideEncryptionConfiguration.Rules"},
    "DeleteBucketEncryption",
)
_setting(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "PutPublicAccessBlock",
    {
        key[0].lower() + key[1:]: f"PublicAccessBlockConfiguration.{key}"
        for key in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    },
    "DeletePublicAccessBlock",
    ignore=("skipDestroy",),
)
_setting(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "PutBucketOwnershipControls",
    {"rule": "OwnershipControls.Rules"},
    "DeleteBucketOwnershipControls",
)
_setting(
    "aws:s3/bucketPolicy:BucketPolicy",
    "PutBucketPolicy",
    {},
    "DeleteBucketPolicy",
)
_setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "PutBucketLifecycleConfiguration",
    {"rules": "LifecycleConfiguration.Rules"},
    "DeleteBucketLifecycle",
)
_setting(
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "PutBucketCors",
    {"corsRules": "CORSConfiguration.CORSRules"},
    "DeleteBucketCors",
)


def _stop_logging(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="PutBucketLogging", params={"Bucket": request.old.id, "BucketLoggingStatus": {}})


simple(
    "aws:s3/bucketLogging:BucketLogging",
    "s3",
    "PutBucketLogging",
    rename={
        key: f"BucketLoggingStatus.LoggingEnabled.{key[0].upper()}{key[1:]}"
        for key in ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
    },
    id="{bucket}",
    put=True,
    identity=("bucket",),
    delete=_stop_logging,
)


def _stop_notifying(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    params: dict[str, Any] = {"Bucket": request.old.id, "NotificationConfiguration": {}}
    yield Call(operation="PutBucketNotificationConfiguration", params=params)


@kind("aws:s3/bucketNotification:BucketNotification", "s3", put=True, identity=("bucket",), delete=_stop_notifying)
def notification(request: Request) -> Steps:
    """All of a bucket's notifications."""
    name = request.arguments.take("bucket")
    configuration: dict[str, Any] = {}
    if request.arguments.take("eventbridge"):
        configuration["eventBridgeConfiguration"] = {}
    for key, member in (
        ("lambdaFunctions", "lambdaFunctionConfigurations"),
        ("queues", "queueConfigurations"),
        ("topics", "topicConfigurations"),
    ):
        targets: list[Mapping[str, Any]] = request.arguments.take(key, [])
        if targets:
            configuration[member] = [_filtered(target) for target in targets]
    yield Call(
        operation="PutBucketNotificationConfiguration",
        params={"Bucket": name},
        arguments={"notificationConfiguration": configuration},
    )
    return Created(id=name, outputs={})


def _filtered(target: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(target)
    rules = [
        {"name": part, "value": rest.pop(key)}
        for part, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if key in rest
    ]
    return {**rest, "filter": {"key": {"filterRules": rules}}} if rules else rest


@kind(
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
    "s3",
    put=True,
    identity=("bucket",),
    naming=Naming(longest=64),
    defaults={"status": "Enabled"},
    delete=undo("DeleteBucketIntelligentTieringConfiguration", Bucket="{bucket}", Id="{name}"),
)
def intelligent_tiering(request: Request) -> Steps:
    """When a bucket's objects move to an archive tier."""
    name, identity = request.arguments.take("bucket"), request.arguments.take("name")
    condition: dict[str, Any] = dict(request.goal.inputs.get("filter") or {})
    tags: dict[str, str] = condition.get("tags", {})
    given = request.arguments.take_rest()
    if tags:
        # One tag or prefix stands alone, several conditions stand below And.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_IntelligentTieringFilter.html
        several = len(condition) > 1 or len(tags) > 1
        lone = [{"key": key, "value": value} for key, value in tags.items()]
        given["filter"] = {"and": condition} if several else {"tag": lone[0]}
    yield Call(
        operation="PutBucketIntelligentTieringConfiguration",
        params={"Bucket": name, "Id": identity},
        arguments={"intelligentTieringConfiguration": {"id": identity, **given}},
    )
    return Created(id=f"{name}:{identity}", outputs={})


def _remove_object(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    old = request.old
    where = {"Bucket": old.inputs["bucket"], "Key": old.inputs["key"]}
    if old.outputs.get("versionId") in (None, "null"):
        yield Call(operation="DeleteObject", params=where)
        return
    # All versions, as Pulumi's provider does, or a versioned bucket would stay full.
    listed = yield Call(operation="ListObjectVersions", params={"Bucket": where["Bucket"], "Prefix": where["Key"]})
    for item in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        if item["Key"] == where["Key"]:
            yield Call(operation="DeleteObject", params={**where, "VersionId": item["VersionId"]})


def _object(request: Request) -> Steps:
    arguments = request.arguments
    arguments.take_some("forceDestroy", "etag", "sourceHash")
    sources = arguments.take_some("source", "content", "contentBase64")
    tags = arguments.take("tags")
    body = b"" if request.dry else _body(request, sources)
    given = {"contentType": "application/octet-stream", **arguments.take_rest()}
    response = yield Call(
        operation="PutObject",
        arguments=given,
        rename={"kmsKeyId": "SSEKMSKeyId", "websiteRedirect": "WebsiteRedirectLocation"},
        params={"Body": body, "Tagging": urlencode(tags) if tags else None},
    )
    where = f"{given['bucket']}/{given['key']}"
    outputs = {
        "arn": f"arn:{request.partition}:s3:::{where}",
        "etag": str(response.get("ETag", "")).strip('"'),
        "versionId": response.get("VersionId"),
        "contentType": given["contentType"],
    }
    return Created(id=where, outputs=outputs)


def _body(request: Request, sources: Mapping[str, Any]) -> bytes:
    match sources:
        case {"source": Asset() as asset}:
            return asset.content(request.root)
        case {"content": str(content)}:
            return content.encode()
        case {"contentBase64": str(content)}:
            return base64.b64decode(content)
        case _:
            return b""


for _token in ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2"):
    kind(
        _token,
        "s3",
        tags=True,
        put=True,
        identity=("bucket", "key"),
        delete=_remove_object,
        volatile=("etag", "versionId"),
    )(_object)
