"""Distributions: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/security.html"""

from collections.abc import Iterator
from typing import Any

from policy.model import GUARDED, Resource, ResourceRule, Stack, StackRule, dig, environment, unless

_DISTRIBUTION = "cloudfront/distribution:Distribution"
_HEADERS = "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
_TLS = frozenset(("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"))
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html"""
_HSTS_SECONDS = 31_536_000


def _behaviours(distribution: Resource) -> Iterator[Any]:
    yield distribution.get("defaultCacheBehavior") or {}
    yield from distribution.each("orderedCacheBehaviors")


def _https(distribution: Resource) -> Iterator[str]:
    for behaviour in _behaviours(distribution):
        yield from unless(
            behaviour.get("viewerProtocolPolicy") in ("redirect-to-https", "https-only"),
            f"{behaviour.get('pathPattern') or 'the rest'} is served over plain HTTP",
        )


def _tls(distribution: Resource) -> Iterator[str]:
    if distribution.get("viewerCertificate.cloudfrontDefaultCertificate"):
        yield from unless(not distribution.each("aliases"), "a domain needs its own certificate")
    else:
        version = distribution.get("viewerCertificate.minimumProtocolVersion")
        yield from unless(version in _TLS, f"viewers may connect with {version}")
        by_name = distribution.get("viewerCertificate.sslSupportMethod") == "sni-only"
        yield from unless(by_name, "it pays for addresses of its own: not SNI")


def _certificate(distribution: Resource, _stack: Stack) -> Iterator[str]:
    if environment(distribution) in GUARDED:
        yield from unless(
            distribution.get("viewerCertificate.acmCertificateArn"), "CloudFront's own certificate allows TLS 1.0"
        )


def _firewall(distribution: Resource, _stack: Stack) -> Iterator[str]:
    if environment(distribution) in GUARDED:
        yield from unless(distribution.get("webAclId"), "no firewall stands before it")


def _private_origins(distribution: Resource) -> Iterator[str]:
    for origin in distribution.each("origins"):
        name = origin.get("originId")
        if ".s3." in str(origin.get("domainName")):
            yield from unless(origin.get("originAccessControlId"), f"{name} is read without an origin access control")
        else:
            scheme = dig(origin, "customOriginConfig.originProtocolPolicy")
            versions = set(dig(origin, "customOriginConfig.originSslProtocols") or ())
            yield from unless(scheme == "https-only", f"{name} is called over plain HTTP")
            yield from unless(versions == {"TLSv1.2"}, f"{name} is called with an old TLS")


def _signed(control: Resource) -> Iterator[str]:
    yield from unless(control.get("signingBehavior") == "always", "requests to the origin may go unsigned")


def _root(distribution: Resource) -> Iterator[str]:
    yield from unless(distribution.get("defaultRootObject"), "/ lists or fails")


def _headers(distribution: Resource) -> Iterator[str]:
    for behaviour in _behaviours(distribution):
        yield from unless(
            behaviour.get("responseHeadersPolicyId"),
            f"{behaviour.get('pathPattern') or 'the rest'} is answered without security headers",
        )


def _strict(policy: Resource) -> Iterator[str]:
    headers = "securityHeadersConfig"
    seconds = policy.get(f"{headers}.strictTransportSecurity.accessControlMaxAgeSec") or 0
    yield from unless(seconds >= _HSTS_SECONDS, "browsers forget HTTPS within a year")
    yield from unless(policy.get(f"{headers}.contentTypeOptions") is not None, "browsers may guess content types")
    csp = policy.get(f"{headers}.contentSecurityPolicy.contentSecurityPolicy")
    yield from unless(csp, "no content security policy")
    yield from unless(
        "'unsafe-eval'" not in str(csp) and "script-src *" not in str(csp), "scripts may come from anywhere"
    )
    origins = policy.each("corsConfig.accessControlAllowOrigins.items")
    yield from unless("*" not in origins, "any site may read it")


def _logged(distribution: Resource, stack: Stack) -> Iterator[str]:
    logged = (
        distribution.get("loggingConfig.bucket")
        or distribution.get("loggingV1Enabled")
        or stack.uses(distribution, "cloudwatch/logDeliverySource:LogDeliverySource", "resourceArn")
    )
    yield from unless(logged, "requests are not logged")


RULES = (
    ResourceRule(
        name="cloudfront-https",
        demands="Viewers use HTTPS",
        types=(_DISTRIBUTION,),
        severity="high",
        check=_https,
    ),
    ResourceRule(
        name="cloudfront-tls",
        demands="Under a domain viewers use TLS 1.2 or newer, by SNI",
        types=(_DISTRIBUTION,),
        severity="high",
        check=_tls,
    ),
    StackRule(
        name="cloudfront-certificate",
        demands="Staging and prod have a domain and a certificate of their own",
        types=(_DISTRIBUTION,),
        severity="high",
        check=_certificate,
    ),
    StackRule(
        name="cloudfront-firewall",
        demands="In staging and prod a firewall stands before the distribution",
        types=(_DISTRIBUTION,),
        severity="medium",
        check=_firewall,
    ),
    ResourceRule(
        name="cloudfront-origins",
        demands="Buckets are read under an origin access control, other origins over TLS 1.2",
        types=(_DISTRIBUTION,),
        severity="high",
        check=_private_origins,
    ),
    ResourceRule(
        name="cloudfront-signed",
        demands="Every request to a bucket is signed",
        types=("cloudfront/originAccessControl:OriginAccessControl",),
        severity="high",
        check=_signed,
    ),
    ResourceRule(
        name="cloudfront-root",
        demands="A distribution says what / is",
        types=(_DISTRIBUTION,),
        severity="low",
        check=_root,
    ),
    ResourceRule(
        name="cloudfront-headers",
        demands="Every answer has security headers",
        types=(_DISTRIBUTION,),
        severity="medium",
        check=_headers,
    ),
    ResourceRule(
        name="cloudfront-strict-headers",
        demands="HSTS for a year, no guessed types, a content security policy, no site but those named",
        types=(_HEADERS,),
        severity="medium",
        check=_strict,
    ),
    StackRule(
        name="cloudfront-logged",
        demands="Requests of viewers are logged",
        types=(_DISTRIBUTION,),
        severity="medium",
        check=_logged,
    ),
)
