"""The CDN over a real cloud: what a viewer gets, and what is withheld."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.cloud.cdn import Access, CdnServer
from embedded.cloud.cdn.access import allowed
from embedded.cloud.cdn.cache import Cache
from embedded.cloud.cdn.distribution import Ttl
from embedded.cloud.cdn.origin import Found
from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique

SHOP = "https://shop.example"
CORS_S3_ORIGIN = "88a5eaf4-2fd4-4709-b370-b0c650ea3fcf"
PAGE = "<!doctype html>" + "<p>a page</p>" * 200


@dataclass
class Site:
    """A distribution with a private bucket behind it."""

    cloud: RunningCloud
    bucket: str
    key_arn: str
    distribution_id: str
    arn: str
    server: CdnServer

    def put(self, key: str, body: str | bytes, **options: Any) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.cloud.client("s3").put_object(
            Bucket=self.bucket, Key=key, Body=data, ServerSideEncryption="aws:kms", SSEKMSKeyId=self.key_arn, **options
        )

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.server.url.rpartition(":")[2]), timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Accept-Encoding": "identity", **sent})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body

    def allow(self, *actions: str, arn: str | None = None) -> None:
        """The bucket's policy: what CloudFront may do for this distribution, or for another."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": list(actions),
            "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"],
            "Condition": {"StringEquals": {"aws:SourceArn": arn or self.arn}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.cloud.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def restart(self) -> None:
        """An edge that remembers nothing."""
        self.server.stop()
        self.server = start(self.cloud, self.distribution_id)


def start(cloud: RunningCloud, distribution_id: str) -> CdnServer:
    access = Access(cloud.url, REGION, cloud.facts["access_key_id"], cloud.facts["secret_access_key"])
    return CdnServer(access, distribution_id).start()


def cache_policy(client: Any, seconds: int) -> str:
    parameters = {
        "EnableAcceptEncodingGzip": True,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }
    config = {"Name": unique("cache"), "MinTTL": 0, "DefaultTTL": seconds, "MaxTTL": seconds}
    made = client.create_cache_policy(
        CachePolicyConfig={**config, "ParametersInCacheKeyAndForwardedToOrigin": parameters}
    )
    return made["CachePolicy"]["Id"]


def headers_policy(client: Any) -> str:
    config = {
        "Name": unique("headers"),
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'self'", "Override": True},
            "ContentTypeOptions": {"Override": True},
        },
        "CorsConfig": {
            "AccessControlAllowCredentials": False,
            "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["Range"]},
            "AccessControlAllowMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            "AccessControlAllowOrigins": {"Quantity": 1, "Items": [SHOP]},
            "AccessControlExposeHeaders": {"Quantity": 1, "Items": ["ETag"]},
            "OriginOverride": True,
        },
    }
    return client.create_response_headers_policy(ResponseHeadersPolicyConfig=config)["ResponseHeadersPolicy"]["Id"]


def make_distribution(cloud: RunningCloud, bucket: str) -> tuple[str, str]:
    client = cloud.client("cloudfront")
    common = {
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": {"Quantity": 3, "Items": ["GET", "HEAD", "OPTIONS"]},
        "Compress": True,
        "ResponseHeadersPolicyId": headers_policy(client),
    }
    shared = {"OriginRequestPolicyId": CORS_S3_ORIGIN}
    short, long = cache_policy(client, 0), cache_policy(client, 3600)

    def origin(name: str, path: str) -> dict[str, Any]:
        domain = f"{bucket}.s3.{REGION}.amazonaws.com"
        return {"Id": name, "DomainName": domain, "OriginPath": path, "S3OriginConfig": {"OriginAccessIdentity": ""}}

    config = {
        "CallerReference": unique("reference"),
        "Comment": "",
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": {"Quantity": 2, "Items": [origin("site", "/player"), origin("objects", "")]},
        "DefaultCacheBehavior": {"TargetOriginId": "site", "CachePolicyId": short, **common},
        "CacheBehaviors": {
            "Quantity": 2,
            "Items": [
                {"PathPattern": "media/*", "TargetOriginId": "objects", "CachePolicyId": long, **common, **shared},
                {"PathPattern": "live/*.json", "TargetOriginId": "objects", "CachePolicyId": short, **common},
            ],
        },
        "CustomErrorResponses": {"Quantity": 1, "Items": [{"ErrorCode": 403, "ErrorCachingMinTTL": 0}]},
    }
    made = client.create_distribution(DistributionConfig=config)["Distribution"]
    return made["Id"], made["ARN"]


@pytest.fixture
def site(cloud: RunningCloud) -> Iterator[Site]:
    bucket = cloud.bucket()
    distribution_id, arn = make_distribution(cloud, bucket)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
    }
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [owner, statement]})
    key_arn = cloud.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    made = Site(cloud, bucket, key_arn, distribution_id, arn, start(cloud, distribution_id))
    made.allow("s3:GetObject")
    yield made
    made.server.stop()


def test_the_root_serves_the_root_object_of_the_site_with_its_type(site: Site) -> None:
    site.put("player/index.html", PAGE, ContentType="text/html; charset=utf-8", CacheControl="public, max-age=60")
    status, headers, body = site.ask("/")
    assert (status, body.decode()) == (200, PAGE)
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "public, max-age=60"
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["x-content-type-options"] == "nosniff"


def test_behaviours_choose_the_origin_by_the_path(site: Site) -> None:
    site.put("media/a.txt", "object")
    site.put("player/app.js", "script")
    site.put("player/live/a.txt", "of the site")
    site.put("live/a.json", "of the objects")
    paths = ("/media/a.txt", "/app.js", "/live/a.txt", "/live/a.json")
    assert [site.ask(path)[2].decode() for path in paths] == ["object", "script", "of the site", "of the objects"]


def test_a_key_with_signs_blanks_and_umlauts_is_found(site: Site) -> None:
    site.put("media/a+b %2B ü.mp4", "x")
    assert site.ask("/media/a+b%20%252B%20%C3%BC.mp4")[2] == b"x"


def test_head_has_the_headers_and_no_body(site: Site) -> None:
    site.put("media/a.txt", "object")
    status, headers, body = site.ask("/media/a.txt", "HEAD")
    assert (status, headers["content-length"], body) == (200, "6", b"")


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=3-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
    ],
)
def test_ranges(site: Site, asked: str, status: int, body: bytes, content_range: str | None) -> None:
    site.put("media/digits", "0123456789")
    answered, headers, found = site.ask("/media/digits", Range=asked)
    assert (answered, found, headers.get("content-range")) == (status, body, content_range)


def test_validators_spare_the_body_and_guard_ranges(site: Site) -> None:
    site.put("media/a.txt", "object")
    _, headers, _ = site.ask("/media/a.txt")
    assert site.ask("/media/a.txt", If_None_Match=headers["etag"])[::2] == (304, b"")
    assert site.ask("/media/a.txt", If_None_Match='"other"')[0] == 200
    assert site.ask("/media/a.txt", If_Modified_Since=headers["last-modified"])[0] == 304
    assert site.ask("/media/a.txt", Range="bytes=0-1", If_Range='"other"')[0] == 200
    assert site.ask("/media/a.txt", Range="bytes=0-1", If_Range=headers["etag"])[0] == 206


def test_text_is_compressed_for_who_takes_it(site: Site) -> None:
    site.put("player/index.html", PAGE, ContentType="text/html")
    _, headers, body = site.ask("/", Accept_Encoding="br, gzip;q=0.5")
    assert headers["content-encoding"] == "gzip"
    assert headers["etag"].startswith('W/"')
    assert "Accept-Encoding" in headers["vary"]
    assert gzip.decompress(body).decode() == PAGE
    assert "content-encoding" not in site.ask("/", Accept_Encoding="gzip;q=0")[1]
    site.put("media/a.ts", PAGE, ContentType="video/mp2t")
    assert "content-encoding" not in site.ask("/media/a.ts", Accept_Encoding="gzip")[1]


def test_cross_origin_headers_are_for_the_shops_named(site: Site) -> None:
    site.put("media/a.txt", "object")
    _, headers, _ = site.ask("/media/a.txt", Origin=SHOP)
    assert headers["access-control-allow-origin"] == SHOP
    assert headers["access-control-expose-headers"] == "ETag"
    assert headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in site.ask("/media/a.txt", Origin="https://other.example")[1]
    assert "access-control-allow-origin" not in site.ask("/media/a.txt")[1]


PREFLIGHT = {"Origin": SHOP, "Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "range"}


def _let_shop_read(site: Site) -> None:
    rule = {"AllowedOrigins": [SHOP], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"], "MaxAgeSeconds": 60}
    site.cloud.client("s3").put_bucket_cors(Bucket=site.bucket, CORSConfiguration={"CORSRules": [rule]})


def test_a_preflight_is_the_buckets_to_answer(site: Site) -> None:
    site.allow("s3:GetObject")
    site.cloud.client("s3").delete_bucket_cors(Bucket=site.bucket)
    assert site.ask("/media/preflight", "OPTIONS", **PREFLIGHT)[0] == 403
    _let_shop_read(site)
    status, headers, _ = site.ask("/media/preflight", "OPTIONS", **PREFLIGHT)
    assert status == 200
    assert headers["access-control-allow-origin"] == SHOP
    assert headers["access-control-allow-headers"].lower() == "range"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Origin", "https://elsewhere.example"),
        ("Access_Control_Request_Method", "PUT"),
        ("Access_Control_Request_Headers", "range, authorization"),
    ],
)
def test_a_preflight_for_more_than_the_bucket_allows_is_refused(site: Site, header: str, value: str) -> None:
    _let_shop_read(site)
    assert site.ask("/media/preflight", "OPTIONS", **(PREFLIGHT | {header: value}))[0] == 403


def test_a_bucket_never_sees_the_preflight_of_a_behaviour_that_forwards_no_headers(site: Site) -> None:
    _let_shop_read(site)
    status, _, body = site.ask("/index.html", "OPTIONS", **PREFLIGHT)
    assert status == 400
    assert b"Origin request header needed" in body


def test_a_managed_policy_is_nobodys_to_delete(site: Site) -> None:
    with pytest.raises(ClientError, match="IllegalDelete"):
        site.cloud.client("cloudfront").delete_origin_request_policy(Id=CORS_S3_ORIGIN, IfMatch="E")


def test_methods_that_the_behaviour_does_not_name_are_refused(site: Site) -> None:
    assert site.ask("/media/a.txt", "POST")[0] == 403
    assert site.ask("/media/a.txt", "DELETE")[0] == 403


def test_what_is_absent_is_forbidden_unless_the_policy_allows_to_list(site: Site) -> None:
    assert site.ask("/live/none.json")[0] == 403
    site.allow("s3:GetObject", "s3:ListBucket")
    site.restart()
    assert site.ask("/live/none.json")[0] == 404


def test_another_distributions_grant_opens_nothing(site: Site) -> None:
    site.put("media/a.txt", "object")
    site.allow("s3:GetObject", arn=site.arn[:-4] + "ELSE")
    site.restart()
    assert site.ask("/media/a.txt")[0] == 403


def test_a_key_that_does_not_name_the_distribution_keeps_its_objects_closed(site: Site) -> None:
    site.put("media/a.txt", "object")
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
    site.cloud.client("kms").put_key_policy(KeyId=site.key_arn, PolicyName="default", Policy=policy)
    assert site.ask("/media/a.txt")[0] == 403


def test_an_object_is_kept_until_it_is_invalidated(site: Site) -> None:
    site.put("media/a.txt", "one")
    assert site.ask("/media/a.txt")[1]["x-cache"] == "Miss from cloudfront"
    site.put("media/a.txt", "two")
    _, headers, body = site.ask("/media/a.txt")
    assert (headers["x-cache"], body) == ("Hit from cloudfront", b"one")
    batch = {"Paths": {"Quantity": 1, "Items": ["/media/*"]}, "CallerReference": unique("batch")}
    client = site.cloud.client("cloudfront")
    client.create_invalidation(DistributionId=site.distribution_id, InvalidationBatch=batch)
    deadline = time.monotonic() + 10
    while site.ask("/media/a.txt")[2] != b"two":
        assert time.monotonic() < deadline


def test_an_object_with_a_time_to_live_of_zero_is_always_fetched(site: Site) -> None:
    for text in ("one", "two"):
        site.put("live/a.json", text)
        assert site.ask("/live/a.json")[2].decode() == text


def test_an_error_page_takes_the_place_of_the_error(site: Site) -> None:
    client = site.cloud.client("cloudfront")
    current = client.get_distribution_config(Id=site.distribution_id)
    config = current["DistributionConfig"]
    page = {"ErrorCode": 403, "ResponsePagePath": "/sorry.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0}
    config["CustomErrorResponses"] = {"Quantity": 1, "Items": [page]}
    client.update_distribution(Id=site.distribution_id, IfMatch=current["ETag"], DistributionConfig=config)
    site.put("player/sorry.html", "sorry", ContentType="text/html")
    site.restart()
    assert site.ask("/nowhere")[::2] == (200, b"sorry")


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", 30),
        ("max-age=5", 5),
        ("max-age=500", 60),
        ("public, max-age=5, s-maxage=20", 20),
        ("no-store", 1),
        ("max-age=0", 1),
    ],
)
def test_cache_control_counts_within_the_policys_limits(cache_control: str, seconds: float) -> None:
    assert Ttl(1, 30, 60).of(cache_control) == seconds


def test_the_cache_makes_room_by_dropping_what_was_not_used() -> None:
    now = [0.0]
    cache = Cache(room=20, clock=lambda: now[0])
    for path in ("/a", "/b"):
        cache.put(path, Found(200, {}, b"12345678"), 100)
    now[0] = 7
    assert cache.get("/a") == (Found(200, {}, b"12345678"), 7)
    cache.put("/c", Found(200, {}, b"12345678"), 100)
    assert cache.get("/b") is None
    assert cache.get("/a") is not None
    now[0] = 100
    assert cache.get("/a") is None


def test_an_invalidation_takes_what_its_pattern_matches() -> None:
    cache = Cache()
    for path in ("/a/1", "/a/2", "/b/1"):
        cache.put(path, Found(200, {}, b""), 100)
    assert cache.invalidate("/a/*") == 2
    assert cache.get("/b/1") is not None


ARN = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
GRANT = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:Get*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "open_"),
    [
        ([], False),
        ([GRANT], True),
        ([{**GRANT, "Principal": {"Service": "s3.amazonaws.com"}}], False),
        ([{**GRANT, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}], False),
        ([{**GRANT, "Action": ["s3:PutObject"]}], False),
        ([{**GRANT, "Resource": "arn:aws:s3:::b/media/*"}], True),
        ([{**GRANT, "Resource": "arn:aws:s3:::b/other/*"}], False),
        ([{**GRANT, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::*:distribution/*"}}}], True),
        ([{**GRANT, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}], False),
        ([{**GRANT, "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}], False),
        (
            [
                GRANT,
                {**GRANT, "Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": False}}},
            ],
            True,
        ),
        ([GRANT, {**GRANT, "Effect": "Deny", "Principal": "*"}], False),
    ],
)
def test_policies_of_the_bucket_decide(statements: list, open_: bool) -> None:
    policy = json.dumps({"Statement": statements})
    assert allowed(policy, "s3:GetObject", "arn:aws:s3:::b/media/a", distribution_arn=ARN) is open_
