"""A distribution over a private, encrypted bucket: HTTPS only, reads only, security headers on every answer.

Pages of other sites may read what `behaviours` serve, if they are named; what `/` serves is for this site's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement
from infra.components.bucket import Bucket
from infra.naming import title

_HSTS_SECONDS = 63_072_000
_ERROR_TTL_SECONDS = 5
_CORS_SECONDS = 3600
_READS = ["GET", "HEAD"]
_READ_HEADERS = ["Range", "If-None-Match", "If-Modified-Since"]
_SHOWN_HEADERS = ["Content-Length", "Content-Range", "ETag"]
_FORWARD_CORS = "88a5eaf4-2fd4-4709-b370-b0c650ea3fcf"
"""CloudFront's own policy CORS-S3Origin: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html"""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How paths that match `pattern` are cached."""

    pattern: str
    """As in `media/*`."""
    ttl: "Ttl"


@dataclass(frozen=True, kw_only=True)
class Ttl:
    """Seconds that an edge may keep an object: without, and at most with, a Cache-Control of the object."""

    name: str
    default_seconds: int
    max_seconds: int


@dataclass(frozen=True, kw_only=True)
class DistributionArgs:
    comment: str
    bucket: Bucket
    site_path: str
    """Folder of the bucket (`/player`) that everything but `behaviours` is served from."""
    root_object: str
    """What `/` serves, in `site_path`."""
    site_ttl: Ttl
    behaviours: Sequence[Behaviour]
    content_security_policy: str
    allowed_origins: Sequence[str]
    """Sites whose pages may read from here; none means this site's own pages only."""
    domain: str | None
    certificate_arn: str | None
    """Of a certificate in us-east-1 that covers `domain`: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"""
    price_class: str
    web_acl_arn: pulumi.Input[str] | None = None
    """Of a `Firewall`."""

    def __post_init__(self) -> None:
        if (self.domain is None) != (self.certificate_arn is None):
            message = "a domain needs a certificate and a certificate a domain: give both or neither"
            raise ValueError(message)
        if self.certificate_arn and ":acm:us-east-1:" not in self.certificate_arn:
            message = f"CloudFront takes certificates of us-east-1 only, not {self.certificate_arn}"
            raise ValueError(message)


@final
class Distribution(pulumi.ComponentResource):
    """A distribution and its policies."""

    id: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]
    """The host name that viewers use."""

    def __init__(self, name: str, args: DistributionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:delivery:Distribution", name, None, opts)
        self._title = title(name)
        child = pulumi.ResourceOptions(parent=self)
        control = aws.cloudfront.OriginAccessControl(
            name,
            description=args.comment,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=child,
        )
        headers = _headers(name, args, parent=self)
        caches = {
            ttl.name: _cache(name, ttl, parent=self)
            for ttl in dict.fromkeys((args.site_ttl, *(behaviour.ttl for behaviour in args.behaviours)))
        }

        def behaviour(
            origin: str, ttl: Ttl, *, shared: bool = False
        ) -> aws.cloudfront.DistributionDefaultCacheBehaviorArgsDict:
            given: aws.cloudfront.DistributionDefaultCacheBehaviorArgsDict = {
                "target_origin_id": origin,
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": [*_READS, "OPTIONS"] if shared else _READS,
                "cached_methods": _READS,
                "compress": True,
                "cache_policy_id": caches[ttl.name].id,
                "response_headers_policy_id": headers.id,
            }
            if shared:
                given["origin_request_policy_id"] = _FORWARD_CORS
            return given

        def origin(identifier: str, path: str) -> aws.cloudfront.DistributionOriginArgsDict:
            return {
                "origin_id": identifier,
                "origin_path": path,
                "domain_name": args.bucket.domain_name,
                "origin_access_control_id": control.id,
            }

        distribution = aws.cloudfront.Distribution(
            name,
            comment=args.comment,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            aliases=[args.domain] if args.domain else [],
            default_root_object=args.root_object,
            origins=[origin("site", args.site_path), origin("objects", "")],
            default_cache_behavior=behaviour("site", args.site_ttl),
            ordered_cache_behaviors=[
                {"path_pattern": entry.pattern, **behaviour("objects", entry.ttl, shared=bool(args.allowed_origins))}
                for entry in args.behaviours
            ],
            # S3 says 403 of what does not exist to whom may not list; it may exist a moment later.
            custom_error_responses=[
                {"error_code": code, "error_caching_min_ttl": _ERROR_TTL_SECONDS} for code in (403, 404)
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate=_certificate(args),
            web_acl_id=args.web_acl_arn,
            opts=child,
        )
        if args.allowed_origins:
            _answer_preflights(name, args, parent=self)
        self.id = distribution.id
        self.arn = distribution.arn
        self.domain = pulumi.Output.from_input(args.domain) if args.domain else distribution.domain_name
        self.register_outputs({"id": self.id, "arn": self.arn, "domain": self.domain})

    def invalidate_access(self) -> Access:
        """Dropping objects from the edges before their time."""
        return Access(
            (
                Statement(
                    sid=f"Invalidate{self._title}",
                    actions=("cloudfront:CreateInvalidation",),
                    resources=(self.arn,),
                ),
            )
        )


def _certificate(args: DistributionArgs) -> aws.cloudfront.DistributionViewerCertificateArgsDict:
    if args.certificate_arn is None:
        # CloudFront's own certificate allows TLS 1.0 and no other setting, so only an environment without a domain
        # has it: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-web-values-specify.html
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": args.certificate_arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }


def _cache(name: str, ttl: Ttl, *, parent: pulumi.Resource) -> aws.cloudfront.CachePolicy:
    return aws.cloudfront.CachePolicy(
        f"{name}-{ttl.name}",
        comment=f"{name}: {ttl.name}",
        min_ttl=0,
        default_ttl=ttl.default_seconds,
        max_ttl=ttl.max_seconds,
        parameters_in_cache_key_and_forwarded_to_origin={
            "cookies_config": {"cookie_behavior": "none"},
            "headers_config": {"header_behavior": "none"},
            "query_strings_config": {"query_string_behavior": "none"},
            "enable_accept_encoding_brotli": True,
            "enable_accept_encoding_gzip": True,
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _answer_preflights(name: str, args: DistributionArgs, *, parent: pulumi.Resource) -> None:
    """A browser asks by OPTIONS before a read with headers. CloudFront passes that on, and the bucket must answer it.

    The policy for response headers adds to an answer, it makes none: without this a preflight is a 403.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/header-caching.html#header-caching-web-cors
    """
    aws.s3.BucketCorsConfiguration(
        name,
        bucket=args.bucket.name,
        cors_rules=[
            {
                "allowed_origins": list(args.allowed_origins),
                "allowed_methods": _READS,
                "allowed_headers": _READ_HEADERS,
                "expose_headers": _SHOWN_HEADERS,
                "max_age_seconds": _CORS_SECONDS,
            }
        ],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _headers(name: str, args: DistributionArgs, *, parent: pulumi.Resource) -> aws.cloudfront.ResponseHeadersPolicy:
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        comment=args.comment,
        cors_config={
            "access_control_allow_credentials": False,
            "access_control_allow_headers": {"items": _READ_HEADERS},
            "access_control_allow_methods": {"items": _READS},
            "access_control_allow_origins": {"items": list(args.allowed_origins)},
            "access_control_expose_headers": {"items": _SHOWN_HEADERS},
            "access_control_max_age_sec": _CORS_SECONDS,
            "origin_override": True,
        }
        if args.allowed_origins
        else None,
        security_headers_config={
            "content_security_policy": {"content_security_policy": args.content_security_policy, "override": True},
            "content_type_options": {"override": True},
            "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
            "strict_transport_security": {
                "access_control_max_age_sec": _HSTS_SECONDS,
                "include_subdomains": True,
                "override": True,
            },
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )
