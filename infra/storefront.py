"""The storefront: what the public may read, and the distribution that it is read through."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import ServiceStatement
from infra.components.alarms import Alarm, AlarmArgs
from infra.components.bucket import Bucket, BucketArgs, BucketPolicy, BucketPolicyArgs
from infra.components.distribution import Behaviour, Distribution, DistributionArgs, Ttl
from infra.components.firewall import Firewall, FirewallArgs
from infra.components.key import (
    Key,
    KeyArgs,
    KeyPolicy,
    KeyPolicyArgs,
    alarms_service,
    budgets_service,
    distribution_service,
    logs_service,
)
from infra.components.log_delivery import LogDelivery, LogDeliveryArgs
from infra.components.topic import AlarmTopic, AlarmTopicArgs
from infra.foundation import Foundation
from infra.naming import EDGE_REGION

_ERRORS_PERCENT = 5
_SITE = "player"
_INDEX = "index.html"
_CONFIG = "config.json"
_SHORT = Ttl(name="short", default_seconds=30, max_seconds=60)
_IMMUTABLE = Ttl(name="immutable", default_seconds=31_536_000, max_seconds=31_536_000)
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, kw_only=True)
class StorefrontArgs:
    foundation: Foundation
    edge: aws.Provider
    """Of us-east-1, where CloudFront's metrics, logs and firewall are."""
    player: Path
    """Directory of the built player."""

    def __post_init__(self) -> None:
        if not (self.player / _INDEX).is_file():
            message = f"{self.player} holds no built player ({_INDEX} is missing): run `make web`"
            raise FileNotFoundError(message)


@final
class Storefront(pulumi.ComponentResource):
    """The delivery bucket, its key, the distribution in front of it and the player in it; and what watches over it."""

    def __init__(self, name: str, args: StorefrontArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Storefront", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, settings = args.foundation, args.foundation.settings
        self.key = Key(
            "delivery",
            KeyArgs(
                scope=foundation.scope,
                description="What the public reads",
                policy_follows=True,
                protect=settings.deletion_protection,
            ),
            child,
        )
        self.delivery = Bucket(
            "delivery",
            BucketArgs(
                scope=foundation.scope,
                key=self.key,
                access_logs=foundation.access_logs,
                deletion_protection=settings.deletion_protection,
                noncurrent_days=settings.noncurrent_days,
                policy_follows=True,
            ),
            child,
        )
        self._at_edge = pulumi.ResourceOptions(parent=self, providers=[args.edge])
        self._edge = replace(foundation.scope, region=EDGE_REGION)
        self._edge_key = self._make_edge_key(foundation)
        self.distribution = self._distribute(foundation, self._firewall(foundation))
        self._let_in(foundation)
        self._watch(foundation)
        for path in sorted(args.player.rglob("*")):
            if path.is_file() and path != args.player / _CONFIG:
                self._upload(path.relative_to(args.player).as_posix(), path.read_bytes(), pulumi.FileAsset(str(path)))
        # The one file of the player that differs between environments.
        config = json.dumps({"cart_origins": list(settings.shop_origins)})
        self._upload(_CONFIG, config.encode(), pulumi.StringAsset(config))
        self.register_outputs({})

    def _make_edge_key(self, foundation: Foundation) -> Key:
        """Keys are of one region, so what is encrypted in us-east-1 needs one there."""
        return Key(
            "edge",
            KeyArgs(
                scope=self._edge,
                description="Alarms of the distribution and logs of its firewall",
                services=(alarms_service(self._edge), budgets_service(self._edge), logs_service(self._edge)),
                protect=foundation.settings.deletion_protection,
            ),
            self._at_edge,
        )

    def _firewall(self, foundation: Foundation) -> Firewall | None:
        settings = foundation.settings
        if not settings.firewall:
            return None
        return Firewall(
            "storefront",
            FirewallArgs(
                scope=self._edge,
                logs_key=self._edge_key,
                log_retention_days=settings.log_retention_days,
                requests_per_window=settings.firewall_rate_limit,
            ),
            self._at_edge,
        )

    def _watch(self, foundation: Foundation) -> None:
        """An alarm acts only on a topic of its own region, and CloudFront's metrics are in us-east-1 alone."""
        logs = foundation.access_logs
        LogDelivery(
            "storefront",
            LogDeliveryArgs(
                scope=self._edge,
                distribution_arn=self.distribution.arn,
                bucket_arn=logs.arn,
                bucket_policy=logs.policy,
            ),
            self._at_edge,
        )
        topic = AlarmTopic(
            "edge-alarms",
            AlarmTopicArgs(scope=self._edge, key=self._edge_key, emails=foundation.settings.alarm_emails),
            self._at_edge,
        )
        Alarm(
            "storefront-errors",
            AlarmArgs(
                description="The storefront answers with errors. See docs/runbooks/storefront-errors.md",
                namespace="AWS/CloudFront",
                metric="5xxErrorRate",
                # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
                dimensions={"DistributionId": self.distribution.id, "Region": "Global"},
                statistic="Average",
                threshold=_ERRORS_PERCENT,
                lasting=True,
                actions=[topic.arn],
            ),
            self._at_edge,
        )

    def _distribute(self, foundation: Foundation, firewall: Firewall | None) -> Distribution:
        settings = foundation.settings
        return Distribution(
            "storefront",
            DistributionArgs(
                comment=f"{foundation.scope.project} {foundation.scope.environment}",
                bucket=self.delivery,
                site_path=f"/{_SITE}",
                root_object=_INDEX,
                site_ttl=_SHORT,
                behaviours=(
                    Behaviour(pattern="videos/*", ttl=_SHORT),
                    Behaviour(pattern="offers/*", ttl=_SHORT),
                    Behaviour(pattern="media/*", ttl=_IMMUTABLE),
                    Behaviour(pattern="timelines/*", ttl=_IMMUTABLE),
                    Behaviour(pattern="images/*", ttl=_IMMUTABLE),
                ),
                content_security_policy=_content_security_policy(settings.shop_origins),
                allowed_origins=settings.shop_origins,
                domain=settings.domain,
                certificate_arn=settings.certificate_arn,
                price_class=settings.price_class,
                web_acl_arn=firewall.arn if firewall else None,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _let_in(self, foundation: Foundation) -> None:
        """Both policies name the distribution, which needs the bucket, which needs the key."""
        child = pulumi.ResourceOptions(parent=self)
        KeyPolicy(
            "delivery",
            KeyPolicyArgs(
                scope=foundation.scope,
                key=self.key,
                services=(distribution_service(self.distribution.arn),),
            ),
            child,
        )
        BucketPolicy(
            "delivery",
            BucketPolicyArgs(
                bucket=self.delivery,
                readers=(
                    ServiceStatement(
                        sid="CloudFront",
                        service="cloudfront.amazonaws.com",
                        actions=("s3:GetObject",),
                        resources=("*",),
                        conditions={"StringEquals": {"aws:SourceArn": self.distribution.arn}},
                    ),
                ),
            ),
            child,
        )

    def _upload(self, path: str, content: bytes, source: pulumi.Asset) -> None:
        aws.s3.BucketObjectv2(
            f"{_SITE}/{path}",
            bucket=self.delivery.name,
            key=f"{_SITE}/{path}",
            source=source,
            # With KMS the ETag is no digest of the content, so a change is seen by this.
            source_hash=hashlib.sha256(content).hexdigest(),
            content_type=_content_type(path),
            cache_control="public, max-age=60",
            # Encryption and versioning are resources of their own: what comes before them has neither.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.delivery]),
        )


def _content_type(path: str) -> str:
    # A table of our own: what mimetypes knows differs from machine to machine.
    known = _CONTENT_TYPES.get(Path(path).suffix)
    if known is None:
        message = f"{path}: no content type is known for {Path(path).suffix!r}; add it to infra/storefront.py"
        raise ValueError(message)
    return known


def _content_security_policy(shops: tuple[str, ...]) -> str:
    """hls.js plays from blob: URLs and may parse in a worker; product pictures may lie elsewhere over https."""
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: https:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "style-src 'self' 'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            " ".join(("frame-ancestors 'self'", *shops)),
        )
    )
