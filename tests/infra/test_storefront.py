"""What the public reaches, and how."""

import json
from typing import Any

import pytest

from infra.components.firewall import FirewallArgs
from infra.components.log_delivery import LogDeliveryArgs
from infra.naming import Scope
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
        assert set(behaviour["allowedMethods"]) <= {"GET", "HEAD", "OPTIONS"}
        assert behaviour["responseHeadersPolicyId"]


def test_a_preflight_reaches_the_bucket_with_its_headers_and_is_answered_there(prod: Recording) -> None:
    given = _distribution(prod)
    for behaviour in given["orderedCacheBehaviors"]:
        assert "OPTIONS" in behaviour["allowedMethods"]
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
        assert behaviour["originRequestPolicyId"] == "88a5eaf4-2fd4-4709-b370-b0c650ea3fcf"
    cors = prod.one("s3/bucketCorsConfiguration:BucketCorsConfiguration", "storefront").inputs
    assert cors["bucket"] == prod.one("s3/bucket:Bucket", "delivery").state["bucket"]
    (rule,) = cors["corsRules"]
    assert rule["allowedOrigins"] == ["https://shop.example.com"]
    assert rule["allowedMethods"] == ["GET", "HEAD"]
    shown = prod.one("cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "storefront").inputs["corsConfig"]
    assert rule["allowedHeaders"] == shown["accessControlAllowHeaders"]["items"]


def test_no_other_site_is_answered_where_none_is_named_and_the_player_never_is(prod: Recording, dev: Recording) -> None:
    for behaviour in [*_distribution(dev)["orderedCacheBehaviors"], _distribution(prod)["defaultCacheBehavior"]]:
        assert behaviour["allowedMethods"] == ["GET", "HEAD"]
        assert "originRequestPolicyId" not in behaviour
    assert dev.of("s3/bucketCorsConfiguration:BucketCorsConfiguration") == []


def test_the_firewall_limits_each_address_and_keeps_what_is_known_to_be_hostile_out(prod: Recording) -> None:
    acl = prod.one("wafv2/webAcl:WebAcl", "storefront")
    assert _distribution(prod)["webAclId"] == acl.arn
    assert acl.inputs["scope"] == "CLOUDFRONT"
    rate, common = sorted(acl.inputs["rules"], key=lambda rule: rule["priority"])
    assert rate["action"] == {"block": {}}
    assert rate["statement"]["rateBasedStatement"] == {
        "limit": 3000,
        "evaluationWindowSec": 300,
        "aggregateKeyType": "IP",
    }
    # What a group of AWS decides stands: `count` here would only watch.
    assert common["overrideAction"] == {"none": {}}
    assert common["statement"]["managedRuleGroupStatement"]["name"] == "AWSManagedRulesCommonRuleSet"
    logging = prod.one("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "storefront").inputs
    assert logging["resourceArn"] == acl.arn
    group = prod.one("cloudwatch/logGroup:LogGroup", "storefront")
    assert logging["logDestinationConfigs"] == [group.arn]
    assert group.inputs["namePrefix"].startswith("aws-waf-logs-")


def test_the_firewall_is_a_setting(dev: Recording) -> None:
    assert dev.of("wafv2/webAcl:WebAcl") == []
    assert "webAclId" not in _distribution(dev)


def test_who_asked_for_what_is_delivered_to_the_bucket_of_logs(recording: Recording) -> None:
    source = recording.one("cloudwatch/logDeliverySource:LogDeliverySource", "storefront")
    assert source.inputs["resourceArn"] == recording.one("cloudfront/distribution:Distribution", "storefront").arn
    assert source.inputs["logType"] == "ACCESS_LOGS"
    logs = recording.one("s3/bucket:Bucket", "access-logs").arn
    to = recording.one("cloudwatch/logDeliveryDestination:LogDeliveryDestination", "storefront").inputs
    assert to["deliveryDestinationConfiguration"] == {"destinationResourceArn": logs}
    policy = recording.one("s3/bucketPolicy:BucketPolicy", "access-logs")
    (delivering,) = [one for one in statements(policy) if one["Sid"] == "LogDelivery"]
    assert delivering["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert delivering["Resource"] == [f"{logs}/AWSLogs/123456789012/*"]
    assert delivering["Condition"] == {
        "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:delivery-source:*"},
    }
    # Where the policy lacks this, CloudWatch adds it, and the next deployment would take it away again.
    assert policy.urn in recording.one("cloudwatch/logDelivery:LogDelivery", "storefront").dependencies


def test_errors_of_the_distribution_alarm_people_where_its_metrics_are(recording: Recording) -> None:
    alarm = recording.one("cloudwatch/metricAlarm:MetricAlarm", "storefront-errors")
    assert (alarm.inputs["namespace"], alarm.inputs["metricName"]) == ("AWS/CloudFront", "5xxErrorRate")
    assert alarm.inputs["dimensions"] == {"DistributionId": "Distribution-storefront", "Region": "Global"}
    topic = recording.one("sns/topic:Topic", "edge-alarms")
    assert alarm.inputs["alarmActions"] == [topic.arn]
    assert topic.provider == alarm.provider
    assert topic.provider.startswith(f"{recording.one('providers:aws', 'edge').urn}::")


@pytest.mark.parametrize("limit", [9, 2_000_000_001])
def test_a_firewall_takes_only_what_waf_takes(limit: int) -> None:
    nothing: Any = None
    scope = Scope(project="p", environment="dev", region="us-east-1", account_id=nothing, partition=nothing)
    with pytest.raises(ValueError, match=f"requests_per_window is {limit}; WAF takes 10 to"):
        FirewallArgs(scope=scope, logs_key=nothing, log_retention_days=7, requests_per_window=limit)


def test_firewall_and_logs_of_a_distribution_are_of_one_region() -> None:
    nothing: Any = None
    scope = Scope(project="p", environment="dev", region="eu-central-1", account_id=nothing, partition=nothing)
    with pytest.raises(ValueError, match="is in us-east-1, not in eu-central-1"):
        FirewallArgs(scope=scope, logs_key=nothing, log_retention_days=7, requests_per_window=100)
    with pytest.raises(ValueError, match="from us-east-1, not from eu-central-1"):
        LogDeliveryArgs(scope=scope, distribution_arn="d", bucket_arn="b", bucket_policy=nothing)


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


def test_no_other_bucket_lets_anyone_in_but_those_who_bring_logs(recording: Recording) -> None:
    for policy in recording.of("s3/bucketPolicy:BucketPolicy"):
        if policy.name == "delivery":
            continue
        let_in = [one for one in statements(policy) if one["Effect"] == "Allow"]
        assert {one["Principal"]["Service"] for one in let_in} == (
            {"logging.s3.amazonaws.com", "delivery.logs.amazonaws.com"} if policy.name == "access-logs" else set()
        )
        assert all(one["Action"] in ("s3:PutObject", ["s3:PutObject"]) for one in let_in)


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
