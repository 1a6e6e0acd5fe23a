"""What the public reaches, and how."""

import json

import pytest

from tests.infra.policies import statements
from tests.support.recorder import ROOT, Recording, record_project


def _distribution(recording: Recording) -> dict:
    return dict(recording.one("cloudfront/distribution:Distribution", "storefront").inputs)


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_staging_and_prod_demand_modern_tls_on_a_domain_of_their_own(recording: Recording) -> None:
    certificate = _distribution(recording)["viewerCertificate"]
    assert certificate["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert certificate["sslSupportMethod"] == "sni-only"
    assert ":acm:us-east-1:" in certificate["acmCertificateArn"]
    assert recording.outputs["distribution_domain"] in _distribution(recording)["aliases"]


def test_dev_has_the_certificate_of_cloudfront(dev: Recording) -> None:
    assert _distribution(dev)["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert _distribution(dev)["aliases"] == []


def test_viewers_use_https_and_only_read(recording: Recording) -> None:
    given = _distribution(recording)
    for behaviour in [given["defaultCacheBehavior"], *given["orderedCacheBehaviors"]]:
        assert behaviour["viewerProtocolPolicy"] == "redirect-to-https"
        assert behaviour["allowedMethods"] == ["GET", "HEAD", "OPTIONS"]
        assert behaviour["responseHeadersPolicyId"]


def test_what_may_change_is_kept_for_seconds_and_what_is_named_by_its_content_for_a_year(dev: Recording) -> None:
    given = _distribution(dev)
    ttl = {
        f"CachePolicy-{policy.name}": policy.inputs["maxTtl"] for policy in dev.of("cloudfront/cachePolicy:CachePolicy")
    }
    kept = {one["pathPattern"]: ttl[one["cachePolicyId"]] for one in given["orderedCacheBehaviors"]}
    assert kept == {
        "videos/*": 60,
        "offers/*": 60,
        "media/*": 31_536_000,
        "timelines/*": 31_536_000,
        "images/*": 31_536_000,
    }
    assert ttl[given["defaultCacheBehavior"]["cachePolicyId"]] == 60


def test_the_site_is_served_from_the_players_folder_and_the_rest_from_the_root(dev: Recording) -> None:
    given = _distribution(dev)
    origins = {origin["originId"]: origin for origin in given["origins"]}
    assert origins["site"]["originPath"] == "/player"
    assert origins["objects"]["originPath"] == ""
    assert given["defaultRootObject"] == "index.html"
    assert given["defaultCacheBehavior"]["targetOriginId"] == "site"
    assert {one["targetOriginId"] for one in given["orderedCacheBehaviors"]} == {"objects"}
    control = "OriginAccessControl-storefront"
    assert {origin["originAccessControlId"] for origin in origins.values()} == {control}


def test_cloudfront_may_read_for_this_distribution_only(recording: Recording) -> None:
    distribution = recording.one("cloudfront/distribution:Distribution", "storefront").arn
    bucket = recording.one("s3/bucket:Bucket", "delivery").arn
    (reading,) = [
        one for one in statements(recording.one("s3/bucketPolicy:BucketPolicy", "delivery")) if one["Effect"] == "Allow"
    ]
    assert reading == {
        "Sid": "CloudFront",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": ["s3:GetObject"],
        "Resource": [f"{bucket}/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
    }
    policy = recording.one("kms/keyPolicy:KeyPolicy", "delivery")
    (deciphering,) = [one for one in statements(policy) if one["Sid"] == "CloudFront"]
    assert deciphering["Action"] == ["kms:Decrypt"]
    assert deciphering["Condition"] == {"StringEquals": {"aws:SourceArn": distribution}}
    assert recording.one("kms/key:Key", "delivery").ignore_changes == ("policy",)


def test_no_other_bucket_lets_anyone_in(recording: Recording) -> None:
    for policy in recording.of("s3/bucketPolicy:BucketPolicy"):
        if policy.name != "delivery":
            assert [one["Effect"] for one in statements(policy)] == ["Deny"]


def test_every_answer_carries_security_headers(recording: Recording) -> None:
    headers = recording.one("cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "storefront").inputs
    security = headers["securityHeadersConfig"]
    assert security["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31_536_000
    assert security["contentTypeOptions"] == {"override": True}
    assert "default-src 'self'" in security["contentSecurityPolicy"]["contentSecurityPolicy"]


def test_only_the_shops_own_sites_may_embed_the_player_and_read(prod: Recording, dev: Recording) -> None:
    name = "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
    shop = prod.one(name, "storefront").inputs
    assert shop["corsConfig"]["accessControlAllowOrigins"] == {"items": ["https://shop.example.com"]}
    policy = shop["securityHeadersConfig"]["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert "frame-ancestors 'self' https://shop.example.com" in policy
    assert "corsConfig" not in dev.one(name, "storefront").inputs


def test_the_player_is_uploaded_with_types_that_browsers_need(dev: Recording) -> None:
    uploaded = {one.inputs["key"]: one.inputs["contentType"] for one in dev.of("s3/bucketObjectv2:BucketObjectv2")}
    assert uploaded == {
        "player/index.html": "text/html; charset=utf-8",
        "player/player.js": "text/javascript; charset=utf-8",
        "player/config.json": "application/json",
    }


def test_the_player_is_uploaded_once_the_bucket_encrypts_and_keeps_versions(dev: Recording) -> None:
    before = {
        dev.one(f"s3/{kind}", "delivery").urn
        for kind in (
            "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "bucketVersioning:BucketVersioning",
        )
    }
    for one in dev.of("s3/bucketObjectv2:BucketObjectv2"):
        assert before <= set(one.dependencies)


def test_the_player_hands_its_cart_to_the_shops_own_sites_only(prod: Recording, dev: Recording) -> None:
    def config(recording: Recording) -> dict:
        source = recording.one("s3/bucketObjectv2:BucketObjectv2", "player/config.json").inputs["source"]
        return json.loads(source.text)

    assert config(prod) == {"cart_origins": ["https://shop.example.com"]}
    assert config(dev) == {"cart_origins": []}


def test_a_player_that_was_not_built_is_an_error_that_says_how(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="run `make web`"):
        record_project(ROOT, "dev", playerDirectory=str(tmp_path))
