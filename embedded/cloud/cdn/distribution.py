"""A distribution as it is configured: origins, behaviours, policies. Read over the API, like any client would."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

Json = Any
_BUCKET = re.compile(r"(?P<bucket>[a-z0-9.-]+?)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com")
# What CloudFront keeps an error for unless told otherwise.
_ERROR_TTL_SECONDS = 10
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Origin:
    """An S3 bucket. `path` is put in front of every key."""

    bucket: str
    path: str


@dataclass(frozen=True, slots=True)
class Ttl:
    """Seconds that an object is kept, within `least` and `most` whatever its Cache-Control says."""

    least: float = 0
    default: float = _DAY
    most: float = 365 * _DAY

    def of(self, cache_control: str) -> float:
        """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html"""
        if re.search(r"\b(no-store|no-cache|private)\b", cache_control):
            return self.least
        found = re.search(r"\bs-maxage=(\d+)", cache_control) or re.search(r"\bmax-age=(\d+)", cache_control)
        asked = float(found[1]) if found else self.default
        return min(max(asked, self.least), self.most)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the paths that match `pattern` are served."""

    pattern: str
    origin: Origin
    methods: frozenset[str]
    compress: bool
    ttl: Ttl
    headers: dict[str, Json] = field(default_factory=dict[str, Json])
    """The configuration of the response headers policy."""
    forwarded: frozenset[str] = frozenset()
    """Names (lower case) of the viewer's headers that the origin gets."""

    def matches(self, path: str) -> bool:
        """`*` stands for any characters, `?` for one; upper and lower case differ."""
        pattern = re.sub(r"[\[\]]", lambda bracket: f"[{bracket.group()}]", self.pattern.lstrip("/"))
        return fnmatch.fnmatchcase(path.lstrip("/"), pattern)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error code becomes: a page and another status, or itself, and for how long it is kept."""

    page: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """The behaviours in order of precedence; the last one is the default."""

    arn: str
    enabled: bool
    root_object: str
    behaviours: tuple[Behaviour, ...]
    errors: dict[int, ErrorPage]

    def behaviour(self, path: str) -> Behaviour:
        """The first that matches."""
        return next(entry for entry in self.behaviours if entry.matches(path))

    def error(self, status: int) -> ErrorPage:
        """How this status is answered."""
        return self.errors.get(status, ErrorPage("", status, _ERROR_TTL_SECONDS))


def load(client: CloudFrontClient, distribution_id: str) -> Distribution:
    """Read the distribution and its policies. Errors: ClientError; ValueError for an origin that is no bucket."""
    found: Json = client.get_distribution(Id=distribution_id)["Distribution"]
    config: Json = found["DistributionConfig"]
    origins = {entry["Id"]: _origin(entry) for entry in config["Origins"]["Items"]}
    entries: list[Json] = list(config.get("CacheBehaviors", {}).get("Items", []))
    behaviours = [_behaviour(client, entry, origins) for entry in [*entries, config["DefaultCacheBehavior"]]]
    errors: list[Json] = config.get("CustomErrorResponses", {}).get("Items", [])
    return Distribution(
        arn=found["ARN"],
        enabled=config["Enabled"],
        root_object=config.get("DefaultRootObject", ""),
        behaviours=tuple(behaviours),
        errors={entry["ErrorCode"]: _error(entry) for entry in errors},
    )


def _origin(entry: Json) -> Origin:
    domain: str = entry["DomainName"]
    found = _BUCKET.fullmatch(domain)
    if found is None:
        raise ValueError(f"the origin {domain} is no S3 bucket: the embedded CDN serves nothing else")
    return Origin(found["bucket"], str(entry.get("OriginPath") or "").strip("/"))


def _error(entry: Json) -> ErrorPage:
    status = int(entry.get("ResponseCode") or entry["ErrorCode"])
    return ErrorPage(
        entry.get("ResponsePagePath") or "", status, float(entry.get("ErrorCachingMinTTL", _ERROR_TTL_SECONDS))
    )


def _behaviour(client: CloudFrontClient, entry: Json, origins: dict[str, Origin]) -> Behaviour:
    ttl, compress = _cache(client, entry.get("CachePolicyId"))
    methods: list[str] = entry.get("AllowedMethods", {}).get("Items") or ["GET", "HEAD"]
    return Behaviour(
        pattern=entry.get("PathPattern", "*"),
        origin=origins[entry["TargetOriginId"]],
        methods=frozenset(methods),
        compress=bool(entry.get("Compress")) and compress,
        ttl=ttl,
        headers=_headers(client, entry.get("ResponseHeadersPolicyId")),
        forwarded=_forwarded(client, entry.get("OriginRequestPolicyId")),
    )


def _cache(client: CloudFrontClient, policy_id: str | None) -> tuple[Ttl, bool]:
    if not policy_id:
        return Ttl(), True
    try:
        config: Json = client.get_cache_policy(Id=policy_id)["CachePolicy"]["CachePolicyConfig"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchCachePolicy":
            return Ttl(), True  # one of AWS's own
        raise
    key: Json = config.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    ttl = Ttl(float(config["MinTTL"]), float(config.get("DefaultTTL", _DAY)), float(config.get("MaxTTL", 365 * _DAY)))
    return ttl, bool(key.get("EnableAcceptEncodingGzip"))


def _forwarded(client: CloudFrontClient, policy_id: str | None) -> frozenset[str]:
    if not policy_id:
        return frozenset()
    policy: Json = client.get_origin_request_policy(Id=policy_id)["OriginRequestPolicy"]
    config: Json = policy["OriginRequestPolicyConfig"]["HeadersConfig"]
    names: list[str] = config.get("Headers", {}).get("Items", [])
    return frozenset(name.lower() for name in names)


def _headers(client: CloudFrontClient, policy_id: str | None) -> dict[str, Json]:
    if not policy_id:
        return {}
    policy: Json = client.get_response_headers_policy(Id=policy_id)["ResponseHeadersPolicy"]
    return policy["ResponseHeadersPolicyConfig"]
