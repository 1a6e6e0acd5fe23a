"""CloudFront: distributions, origin access, and policies for caching and response headers."""

from collections.abc import Mapping
from typing import Any

from embedded.engine.model import Created
from embedded.engine.values import Value
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind

# The hosted zone of every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
_HOSTED_ZONE = "Z2FDTNDATAQYW2"
_GLOBAL = "us-east-1"


def _configured(token: str, noun: str, name: Naming, rename: Mapping[str, str]) -> None:
    """A type whose call takes one `…Config` structure and answers with an id and an ETag."""
    arn = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("-")
    config = f"{noun}Config"

    def steps(request: Request) -> Steps:
        given = request.arguments.take_rest()
        old = request.old
        operation = f"Update{noun}" if old else f"Create{noun}"
        params = {"Id": old.id, "IfMatch": old.outputs["etag"]} if old else {}
        paths = {f"config.{path}": target for path, target in rename.items()}
        response = yield Call(
            operation=operation, arguments={"config": given}, rename={"config": config, **paths}, params=params
        )
        identity = response[noun]["Id"]
        outputs = {"etag": response["ETag"], "arn": request.arn("cloudfront", f"{arn}/{identity}", region="")}
        return Created(id=str(identity), outputs=outputs)

    def remove(request: Request) -> Removal:
        assert request.old is not None  # noqa: S101
        params = {"Id": request.old.id, "IfMatch": request.old.outputs["etag"]}
        yield Call(operation=f"Delete{noun}", params=params)

    kind(token, "cloudfront", naming=name, region=_GLOBAL, put=True, delete=remove, volatile=("etag",))(steps)


_configured(
    "aws:cloudfront/originAccessControl:OriginAccessControl",
    "OriginAccessControl",
    Naming(longest=64, changeable=True),
    {},
)
_configured(
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    "ResponseHeadersPolicy",
    Naming(longest=128, changeable=True),
    {},
)
_configured("aws:cloudfront/cachePolicy:CachePolicy", "CachePolicy", Naming(longest=128, changeable=True), {})

_RENAME = {
    "distributionConfig.origins.originId": "Id",
    "distributionConfig.orderedCacheBehaviors": "CacheBehaviors",
    "distributionConfig.restrictions.geoRestriction.locations": "Items",
    "distributionConfig.customErrorResponses.errorCachingMinTtl": "ErrorCachingMinTTL",
    "distributionConfig.loggingConfig": "Logging",
    "distributionConfig.origins.customHeaders.name": "HeaderName",
    "distributionConfig.origins.customHeaders.value": "HeaderValue",
}


def _behaviour(behaviour: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(behaviour)
    if "allowedMethods" in rest:
        cached = rest.pop("cachedMethods", ["GET", "HEAD"])
        rest["allowedMethods"] = {"items": rest["allowedMethods"], "cachedMethods": cached}
    for lists in ("trustedSigners", "trustedKeyGroups"):
        if lists in rest:
            rest[lists] = {"enabled": bool(rest[lists]), "items": rest[lists]}
    return rest


def _origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    if "customOriginConfig" in origin or "s3OriginConfig" in origin:
        return dict(origin)
    # An S3 origin under origin access control still names an (empty) identity.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    return {**origin, "s3OriginConfig": {"originAccessIdentity": ""}}


def _config(request: Request) -> dict[str, Any]:
    arguments = request.arguments
    arguments.take_some("retainOnDelete", "waitForDeployment")
    config: dict[str, Any] = {"comment": "", **arguments.take_rest()}
    config["defaultCacheBehavior"] = _behaviour(config["defaultCacheBehavior"])
    if "orderedCacheBehaviors" in config:
        config["orderedCacheBehaviors"] = [_behaviour(item) for item in config["orderedCacheBehaviors"]]
    config["origins"] = [_origin(origin) for origin in config["origins"]]
    restrictions = dict(config["restrictions"])
    config["restrictions"] = {**restrictions, "geoRestriction": {"locations": [], **restrictions["geoRestriction"]}}
    if "loggingConfig" in config:
        config["loggingConfig"] = {"enabled": True, "includeCookies": False, "prefix": "", **config["loggingConfig"]}
    return config


def _outputs(request: Request, response: Value, reference: str) -> Created:
    distribution = response["Distribution"]
    outputs = {
        "arn": request.arn("cloudfront", f"distribution/{distribution['Id']}", region=""),
        "domainName": distribution["DomainName"],
        "hostedZoneId": _HOSTED_ZONE,
        "etag": response["ETag"],
        "status": distribution["Status"],
        "callerReference": reference,
        "lastModifiedTime": str(distribution["LastModifiedTime"]),
    }
    return Created(id=str(distribution["Id"]), outputs=outputs)


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    reference = old.outputs["callerReference"]
    config = _config(request) | {"callerReference": reference}
    current = yield Call(operation="GetDistributionConfig", params={"Id": old.id})
    response = yield Call(
        operation="UpdateDistribution",
        arguments={"distributionConfig": config},
        rename=_RENAME,
        params={"Id": old.id, "IfMatch": current["ETag"]},
    )
    return _outputs(request, response, reference)


def _remove(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    # Only a disabled one can be deleted.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HowToDeleteDistribution.html
    current = yield Call(operation="GetDistributionConfig", params={"Id": old.id})
    params = {"Id": old.id, "IfMatch": current["ETag"]}
    disabled = {**current["DistributionConfig"], "Enabled": False}
    response = yield Call(operation="UpdateDistribution", params={**params, "DistributionConfig": disabled})
    if not old.inputs.get("retainOnDelete"):
        yield Call(operation="DeleteDistribution", params={"Id": old.id, "IfMatch": response["ETag"]})


@kind(
    "aws:cloudfront/distribution:Distribution",
    "cloudfront",
    tags=True,
    region=_GLOBAL,
    put=True,
    identity=("staging",),
    update=_change,
    delete=_remove,
    volatile=("etag", "lastModifiedTime"),
)
def distribution(request: Request) -> Steps:
    """A distribution."""
    tags: Mapping[str, str] = request.arguments.take("tags", {})
    reference = request.goal.urn
    config = _config(request) | {"callerReference": reference}
    prefix = "distributionConfigWithTags"
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    response = yield Call(
        operation="CreateDistributionWithTags",
        arguments={prefix: {"distributionConfig": config}},
        rename={f"{prefix}.{path}": target for path, target in _RENAME.items()},
        params={"DistributionConfigWithTags": {"Tags": {"Items": pairs}}},
    )
    return _outputs(request, response, reference)
