"""Every resource type that the provider knows: strict about its arguments, and like AWS in what it returns."""

import json
from pathlib import Path
from typing import Any

import pytest

from embedded.engine import ProviderError, Resource
from embedded.engine.model import Created, Goal, ProviderSettings
from embedded.engine.values import UNKNOWN, Archive
from embedded.provider import AwsProvider
from embedded.provider.kinds import KINDS
from tests.support.cloud import RunningCloud, unique

_REGION = "eu-west-1"
_ARN = f"arn:aws:sqs:{_REGION}:123456789012:queue"
_DIGEST = "sha256:" + "a" * 64
_IMAGE = f"123456789012.dkr.ecr.{_REGION}.amazonaws.com/api@{_DIGEST}"
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
_DISTRIBUTION: dict[str, Any] = {
    "enabled": True,
    "aliases": ["video.example"],
    "origins": [{"originId": "files", "domainName": "b.s3.amazonaws.com", "originAccessControlId": "E1"}],
    "defaultCacheBehavior": {
        "targetOriginId": "files",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "compress": True,
    },
    "orderedCacheBehaviors": [
        {
            "pathPattern": "/videos/*",
            "targetOriginId": "files",
            "viewerProtocolPolicy": "https-only",
            "allowedMethods": ["GET", "HEAD", "OPTIONS"],
            "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        }
    ],
    "customErrorResponses": [{"errorCode": 403, "responseCode": 404, "responsePagePath": "/404.html"}],
    "restrictions": {"geoRestriction": {"restrictionType": "none"}},
    "viewerCertificate": {"cloudfrontDefaultCertificate": True},
}

TYPICAL: dict[str, dict[str, Any]] = {
    "aws:apigatewayv2/api:Api": {
        "protocolType": "HTTP",
        "corsConfiguration": {"allowOrigins": ["https://shop.example"], "allowMethods": ["GET"], "maxAge": 60},
    },
    "aws:apigatewayv2/authorizer:Authorizer": {
        "apiId": "a",
        "authorizerType": "JWT",
        "identitySources": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": "https://login.example", "audiences": ["shop"]},
    },
    "aws:apigatewayv2/integration:Integration": {
        "apiId": "a",
        "integrationType": "AWS_PROXY",
        "integrationUri": _ARN,
        "payloadFormatVersion": "2.0",
    },
    "aws:apigatewayv2/route:Route": {
        "apiId": "a",
        "routeKey": "GET /videos",
        "target": "integrations/i",
        "authorizationType": "AWS_IAM",
    },
    "aws:apigatewayv2/stage:Stage": {
        "apiId": "a",
        "autoDeploy": True,
        "accessLogSettings": {"destinationArn": _ARN, "format": "{}"},
        "defaultRouteSettings": {"throttlingBurstLimit": 1, "throttlingRateLimit": 1},
    },
    "aws:budgets/budget:Budget": {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "10",
        "limitUnit": "USD",
        "notifications": [
            {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": "ACTUAL",
                "threshold": 80,
                "thresholdType": "PERCENTAGE",
                "subscriberEmailAddresses": ["ops@shop.example"],
            }
        ],
    },
    "aws:cloudfront/cachePolicy:CachePolicy": {
        "minTtl": 0,
        "maxTtl": 60,
        "defaultTtl": 10,
        "parametersInCacheKeyAndForwardedToOrigin": {
            "cookiesConfig": {"cookieBehavior": "none"},
            "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["origin"]}},
            "queryStringsConfig": {"queryStringBehavior": "none"},
            "enableAcceptEncodingGzip": True,
        },
    },
    "aws:cloudfront/distribution:Distribution": _DISTRIBUTION,
    "aws:cloudfront/originAccessControl:OriginAccessControl": {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    },
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": {
        "corsConfig": {
            "accessControlAllowCredentials": False,
            "accessControlAllowHeaders": {"items": ["*"]},
            "accessControlAllowMethods": {"items": ["GET"]},
            "accessControlAllowOrigins": {"items": ["https://shop.example"]},
            "originOverride": True,
        },
        "securityHeadersConfig": {
            "contentTypeOptions": {"override": True},
            "strictTransportSecurity": {"accessControlMaxAgeSec": 60, "override": True},
        },
    },
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardBody": '{"widgets": []}'},
    "aws:cloudwatch/eventBus:EventBus": {},
    "aws:cloudwatch/eventRule:EventRule": {"eventPattern": '{"source": ["aws.s3"]}'},
    "aws:cloudwatch/eventTarget:EventTarget": {
        "rule": "rule",
        "arn": _ARN,
        "deadLetterConfig": {"arn": _ARN},
        "retryPolicy": {"maximumRetryAttempts": 3},
        "inputTransformer": {"inputPaths": {"key": "$.detail.object.key"}, "inputTemplate": '{"key": <key>}'},
    },
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 7},
    "aws:cloudwatch/logDelivery:LogDelivery": {"deliverySourceName": "d", "deliveryDestinationArn": _ARN},
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": {
        "name": "d",
        "outputFormat": "json",
        "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::logs"},
    },
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": {
        "name": "d",
        "logType": "ACCESS_LOGS",
        "resourceArn": "arn:aws:cloudfront::123456789012:distribution/E1",
    },
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
        "logGroupName": "group",
        "pattern": "ERROR",
        "metricTransformation": {"name": "errors", "namespace": "shop", "value": "1"},
    },
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {"policyName": "events", "policyDocument": _POLICY},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "ApproximateNumberOfMessagesVisible",
        "namespace": "AWS/SQS",
        "dimensions": {"QueueName": "queue"},
        "period": 60,
        "statistic": "Maximum",
        "threshold": 0,
        "alarmActions": [f"arn:aws:sns:{_REGION}:123456789012:topic"],
        "okActions": [f"arn:aws:sns:{_REGION}:123456789012:topic"],
        "treatMissingData": "notBreaching",
    },
    "aws:dynamodb/contributorInsights:ContributorInsights": {
        "tableName": "t",
        "indexName": "by-shop",
        "mode": "THROTTLED_KEYS",
    },
    "aws:dynamodb/table:Table": {
        "hashKey": "shop_id",
        "rangeKey": "record",
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": name, "type": "S"} for name in ("shop_id", "record", "updated_at")],
        "globalSecondaryIndexes": [
            {"name": "by-shop", "hashKey": "shop_id", "rangeKey": "updated_at", "projectionType": "ALL"}
        ],
        "pointInTimeRecovery": {"enabled": True},
        "ttl": {"attributeName": "expires_at", "enabled": True},
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": f"arn:aws:kms:{_REGION}:123456789012:key/k"},
        "deletionProtectionEnabled": True,
        "streamEnabled": True,
        "streamViewType": "NEW_IMAGE",
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": {"repository": "api", "policy": '{"rules": []}' + " " * 100},
    "aws:ecr/repository:Repository": {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "forceDelete": True,
    },
    "aws:ecr/repositoryPolicy:RepositoryPolicy": {"repository": "api", "policy": _POLICY},
    "aws:iam/role:Role": {"assumeRolePolicy": _POLICY, "maxSessionDuration": 3600, "path": "/"},
    "aws:iam/rolePolicy:RolePolicy": {"role": "role", "policy": _POLICY},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "role": "role",
        "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    },
    "aws:kms/alias:Alias": {"targetKeyId": "key"},
    "aws:kms/key:Key": {"description": "all", "enableKeyRotation": True, "deletionWindowInDays": 7, "policy": _POLICY},
    "aws:kms/keyPolicy:KeyPolicy": {"keyId": "key", "policy": _POLICY},
    "aws:lambda/alias:Alias": {
        "functionName": "function",
        "functionVersion": "1",
        "name": "live",
        "description": "What runs",
    },
    "aws:lambda/eventSourceMapping:EventSourceMapping": {
        "functionName": "function",
        "eventSourceArn": _ARN,
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 5},
        "filterCriteria": {"filters": [{"pattern": "{}"}]},
    },
    "aws:lambda/function:Function": {
        "role": "arn:aws:iam::123456789012:role/role",
        "packageType": "Image",
        "imageUri": _IMAGE,
        "imageConfig": {"commands": ["functions.video.publish.handler.handler"]},
        "architectures": ["arm64"],
        "memorySize": 1024,
        "timeout": 60,
        "ephemeralStorage": {"size": 1024},
        "environment": {"variables": {"SHOP": "1"}},
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/f"},
        "reservedConcurrentExecutions": -1,
    },
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
        "functionName": "function",
        "maximumRetryAttempts": 1,
        "destinationConfig": {"onFailure": {"destination": _ARN}},
    },
    "aws:lambda/permission:Permission": {
        "function": "function",
        "action": "lambda:InvokeFunction",
        "principal": "events.amazonaws.com",
        "sourceArn": f"arn:aws:events:{_REGION}:123456789012:rule/r",
    },
    "aws:mediaconvert/queue:Queue": {"pricingPlan": "ON_DEMAND"},
    "aws:s3/bucket:Bucket": {"forceDestroy": True},
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": {
        "bucket": "b",
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"], "maxAgeSeconds": 60}],
    },
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": {
        "bucket": "b",
        "filter": {"prefix": "videos/"},
        "tierings": [{"accessTier": "ARCHIVE_ACCESS", "days": 90}],
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "bucket": "b",
        "rules": [
            {
                "id": "old",
                "status": "Enabled",
                "filter": {"prefix": "frames/"},
                "expiration": {"days": 30},
                "noncurrentVersionExpiration": {"noncurrentDays": 30},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                "transitions": [{"days": 0, "storageClass": "INTELLIGENT_TIERING"}],
            }
        ],
    },
    "aws:s3/bucketLogging:BucketLogging": {"bucket": "b", "targetBucket": "logs", "targetPrefix": "b/"},
    "aws:s3/bucketNotification:BucketNotification": {
        "bucket": "b",
        "eventbridge": True,
        "queues": [{"queueArn": _ARN, "events": ["s3:ObjectCreated:*"], "filterPrefix": "a/"}],
    },
    "aws:s3/bucketObject:BucketObject": {"bucket": "b", "key": "k", "content": "text"},
    "aws:s3/bucketObjectv2:BucketObjectv2": {
        "bucket": "b",
        "key": "k",
        "content": "text",
        "contentType": "text/plain",
        "cacheControl": "no-cache",
        "serverSideEncryption": "aws:kms",
        "kmsKeyId": "key",
    },
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
        "bucket": "b",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "b", "policy": _POLICY},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "bucket": "b",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "b",
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "key"},
                "bucketKeyEnabled": True,
            }
        ],
    },
    "aws:s3/bucketVersioning:BucketVersioning": {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
    "aws:sfn/alias:Alias": {
        "name": "live",
        "description": "What runs",
        "routingConfigurations": [
            {
                "stateMachineVersionArn": f"arn:aws:states:{_REGION}:123456789012:stateMachine:machine:1",
                "weight": 100,
            }
        ],
    },
    "aws:sfn/stateMachine:StateMachine": {
        "roleArn": "arn:aws:iam::123456789012:role/role",
        "definition": '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        "loggingConfiguration": {
            "level": "ALL",
            "includeExecutionData": True,
            "logDestination": f"arn:aws:logs:{_REGION}:123456789012:log-group:/aws/vendedlogs/m:*",
        },
        "tracingConfiguration": {"enabled": True},
        "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "key"},
    },
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "key", "displayName": "alarms"},
    "aws:sns/topicPolicy:TopicPolicy": {"arn": f"arn:aws:sns:{_REGION}:123456789012:topic", "policy": _POLICY},
    "aws:sns/topicSubscription:TopicSubscription": {
        "topic": f"arn:aws:sns:{_REGION}:123456789012:topic",
        "protocol": "email",
        "endpoint": "ops@shop.example",
    },
    "aws:sqs/queue:Queue": {
        "visibilityTimeoutSeconds": 180,
        "messageRetentionSeconds": 1209600,
        "kmsMasterKeyId": "key",
        "redrivePolicy": "{}",
    },
    "aws:sqs/queuePolicy:QueuePolicy": {"queueUrl": "https://queue", "policy": _POLICY},
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": {"queueUrl": "https://queue", "redriveAllowPolicy": "{}"},
    "aws:sqs/redrivePolicy:RedrivePolicy": {"queueUrl": "https://queue", "redrivePolicy": "{}"},
    "docker-build:index:Image": {
        "push": False,
        "context": {"location": "."},
        "target": "api",
        "platforms": ["linux/arm64"],
        "tags": ["repo/api:dev"],
    },
    "aws:wafv2/webAcl:WebAcl": {
        "scope": "CLOUDFRONT",
        "defaultAction": {"allow": {}},
        "rules": [
            {
                "name": "rate",
                "priority": 0,
                "action": {"block": {}},
                "statement": {"rateBasedStatement": {"limit": 100, "aggregateKeyType": "IP"}},
                "visibilityConfig": {
                    "cloudwatchMetricsEnabled": True,
                    "metricName": "rate",
                    "sampledRequestsEnabled": True,
                },
            }
        ],
        "visibilityConfig": {"cloudwatchMetricsEnabled": True, "metricName": "acl", "sampledRequestsEnabled": True},
    },
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
        "resourceArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/1",
        "logDestinationConfigs": ["arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-a"],
    },
}


def _goal(token: str, inputs: dict[str, Any], name: str = "thing") -> Goal:
    urn = f"urn:pulumi:dev::example::{token}::{name}"
    return Goal(urn=urn, type=token, name=name, inputs=inputs, settings=ProviderSettings(region=_REGION))


@pytest.fixture
def offline(tmp_path: Path) -> AwsProvider:
    """A provider that has nothing to call."""
    return AwsProvider(root=tmp_path, endpoint_url="http://127.0.0.1:9")


@pytest.fixture
def provider(tmp_path: Path, cloud: RunningCloud) -> AwsProvider:
    return AwsProvider(
        root=tmp_path,
        endpoint_url=cloud.url,
        access_key_id=cloud.facts["access_key_id"],
        secret_access_key=cloud.facts["secret_access_key"],
    )


def _make(provider: AwsProvider, token: str, inputs: dict[str, Any], name: str) -> tuple[Goal, Created]:
    goal = _goal(token, inputs, name)
    goal = _goal(token, provider.check(goal, None), name)
    return goal, provider.create(goal)


def _resource(goal: Goal, made: Created) -> Resource:
    outputs = {**goal.inputs, **made.outputs}
    return Resource(
        urn=goal.urn, type=goal.type, name=goal.name, custom=True, parent="", id=made.id,
        inputs=dict(goal.inputs), outputs=outputs,
    )  # fmt: skip


def test_should_have_a_typical_use_of_every_type_in_this_test(offline: AwsProvider) -> None:
    assert sorted(TYPICAL) == sorted(KINDS)


@pytest.mark.parametrize("token", sorted(TYPICAL))
def test_should_accept_the_typical_arguments_of(offline: AwsProvider, token: str) -> None:
    checked = offline.check(_goal(token, TYPICAL[token]), None)
    assert TYPICAL[token].items() <= checked.items()


@pytest.mark.parametrize("token", sorted(TYPICAL))
def test_should_refuse_an_argument_that_does_not_exist_for(offline: AwsProvider, token: str) -> None:
    with pytest.raises(ProviderError, match="bogusArgument"):
        offline.check(_goal(token, {**TYPICAL[token], "bogusArgument": "x"}), None)


def _nested(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all groups of arguments inside, but for those whose keys are the user's own."""
    found: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        if path and path[-1] not in {"tags", "variables", "dimensions", "inputPaths"}:
            found.append(path)
        for key, item in value.items():
            found += _nested(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += _nested(item, (*path, index))
    return found


_GROUPS = [(token, path) for token, inputs in TYPICAL.items() for path in _nested(inputs) if token.startswith("aws:")]


@pytest.mark.parametrize(("token", "path"), _GROUPS, ids=[f"{t}-{'.'.join(map(str, p))}" for t, p in _GROUPS])
def test_should_refuse_a_nested_argument_that_does_not_exist(
    offline: AwsProvider, token: str, path: tuple[Any, ...]
) -> None:
    inputs = json.loads(json.dumps(TYPICAL[token]))
    group = inputs
    for step in path:
        group = group[step]
    group["bogusArgument"] = "x"
    with pytest.raises(ProviderError, match="bogusArgument"):
        offline.check(_goal(token, inputs), None)


@pytest.mark.parametrize("token", sorted(TYPICAL))
def test_should_accept_unknown_values_in(offline: AwsProvider, token: str) -> None:
    inputs = {key: UNKNOWN if isinstance(value, str) else value for key, value in TYPICAL[token].items()}
    assert offline.check(_goal(token, inputs), None).items() >= inputs.items()


def test_should_refuse_an_unknown_type(offline: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="unknown resource type aws:ec2/vpc:Vpc"):
        offline.check(_goal("aws:ec2/vpc:Vpc", {}), None)


def test_should_refuse_an_account_that_the_provider_may_not_touch(offline: AwsProvider) -> None:
    settings = ProviderSettings(region=_REGION, allowed_accounts=("999999999999",))
    goal = _goal("aws:sqs/queue:Queue", {})
    with pytest.raises(ProviderError, match="123456789012 is not among"):
        offline.check(Goal(urn=goal.urn, type=goal.type, name=goal.name, inputs={}, settings=settings), None)


@pytest.mark.parametrize("image", [f"repo/api:1@{_DIGEST}", f"registry:5000/api:1@{_DIGEST}"])
def test_should_refuse_an_image_with_a_tag_and_a_digest(offline: AwsProvider, image: str) -> None:
    token = "aws:lambda/function:Function"
    with pytest.raises(ProviderError, match="has a tag and a digest"):
        offline.check(_goal(token, {**TYPICAL[token], "imageUri": image}), None)


def test_should_take_an_image_from_a_registry_with_a_port(offline: AwsProvider) -> None:
    token = "aws:lambda/function:Function"
    inputs = {**TYPICAL[token], "imageUri": f"registry:5000/api@{_DIGEST}"}
    assert offline.check(_goal(token, inputs), None)["imageUri"] == inputs["imageUri"]


@pytest.mark.parametrize(
    ("token", "inputs", "name", "expected"),
    [
        ("aws:sqs/queue:Queue", {"fifoQueue": True}, "orders", r"orders-[0-9a-f]{7}\.fifo"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, "main", r"alias/main-[0-9a-f]{7}"),
        ("aws:s3/bucket:Bucket", {"bucketPrefix": "Shop-"}, "files", r"shop-[0-9a-f]{7}"),
        ("aws:s3/bucket:Bucket", {}, "Files", r"files-[0-9a-f]{7}"),
        ("aws:s3/bucket:Bucket", {"bucket": "mine"}, "files", "mine"),
    ],
)
def test_should_name_the_unnamed(
    offline: AwsProvider, token: str, inputs: dict[str, Any], name: str, expected: str
) -> None:
    import re

    naming = KINDS[token].naming
    assert naming is not None
    assert re.fullmatch(expected, offline.check(_goal(token, inputs, name), None)[naming.property])


def test_should_refuse_an_automatic_name_that_aws_would_not_take(offline: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="has 68 characters, 64 are allowed"):
        offline.check(_goal("aws:iam/role:Role", {"assumeRolePolicy": _POLICY}, "r" * 60), None)


def test_should_digest_an_images_context_less_what_dockerignore_keeps_out(tmp_path: Path, offline: AwsProvider) -> None:
    token = "docker-build:index:Image"

    def digest() -> str:
        goal = _goal(token, TYPICAL[token])
        return offline.create(_goal(token, offline.check(goal, None))).outputs["digest"]

    (tmp_path / ".dockerignore").write_text("# all but the code\n*\n!functions\n**/*.md\n")
    (tmp_path / "functions" / "deep").mkdir(parents=True)
    (tmp_path / "functions" / "deep" / "a.py").write_text("a = 1\n")
    before = digest()
    assert before.startswith("sha256:")
    (tmp_path / "README").write_text("ignored")
    (tmp_path / "functions" / "notes.md").write_text("ignored")
    (tmp_path / "functions" / "__pycache__").mkdir()
    (tmp_path / "functions" / "__pycache__" / "a.pyc").write_text("ignored")
    assert digest() == before
    (tmp_path / "functions" / "deep" / "a.py").write_text("a = 2\n")
    assert digest() != before


def test_should_return_what_the_aws_provider_returns_for_a_bucket(provider: AwsProvider) -> None:
    name = unique("bucket")
    _, made = _make(provider, "aws:s3/bucket:Bucket", {"bucket": name}, name)
    assert made.id == name
    assert made.outputs == {
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.eu-west-1.amazonaws.com",
        "bucketRegion": _REGION,
        "hostedZoneId": "Z1BKCTXD74EZPE",
        "region": _REGION,
    }


def test_should_make_a_table_with_index_stream_recovery_and_expiry(provider: AwsProvider, cloud: RunningCloud) -> None:
    name = unique("table")
    goal, made = _make(provider, "aws:dynamodb/table:Table", TYPICAL["aws:dynamodb/table:Table"] | {"name": name}, name)
    client = cloud.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    assert made.outputs["arn"] == table["TableArn"]
    assert made.outputs["streamArn"] == table["LatestStreamArn"]
    assert table["GlobalSecondaryIndexes"][0]["KeySchema"] == [
        {"AttributeName": "shop_id", "KeyType": "HASH"},
        {"AttributeName": "updated_at", "KeyType": "RANGE"},
    ]
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"

    changed = _goal(goal.type, {**goal.inputs, "deletionProtectionEnabled": False}, name)
    provider.update(changed, _resource(goal, made))
    assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is False
    other = provider.diff(_goal(goal.type, {**goal.inputs, "rangeKey": "other"}, name), _resource(goal, made))
    assert (other.replace, other.delete_first) == (("rangeKey",), True)


def test_should_make_and_change_a_distribution(provider: AwsProvider, cloud: RunningCloud) -> None:
    token, name = "aws:cloudfront/distribution:Distribution", unique("cdn")
    goal, made = _make(provider, token, {**_DISTRIBUTION, "comment": "one", "tags": {"a": "1"}}, name)
    assert made.outputs["arn"] == f"arn:aws:cloudfront::123456789012:distribution/{made.id}"
    assert made.outputs["domainName"].endswith(".cloudfront.net")
    assert made.outputs["hostedZoneId"] == "Z2FDTNDATAQYW2"
    client = cloud.client("cloudfront")
    config = client.get_distribution_config(Id=made.id)["DistributionConfig"]
    assert config["CacheBehaviors"]["Items"][0]["PathPattern"] == "/videos/*"
    assert config["Origins"]["Items"][0]["DomainName"] == "b.s3.amazonaws.com"
    checked = provider.check(_goal(token, {**_DISTRIBUTION, "comment": "two", "tags": {"b": "2"}}, name), goal.inputs)
    provider.update(_goal(token, checked, name), _resource(goal, made))
    assert client.get_distribution_config(Id=made.id)["DistributionConfig"]["Comment"] == "two"
    tags = client.list_tags_for_resource(Resource=made.outputs["arn"])["Tags"]["Items"]
    assert tags == [{"Key": "b", "Value": "2"}]


def test_should_make_and_change_a_response_headers_policy(provider: AwsProvider, cloud: RunningCloud) -> None:
    token, name = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", unique("headers")
    goal, made = _make(provider, token, TYPICAL[token] | {"name": name}, name)
    client = cloud.client("cloudfront")

    def origins() -> list[str]:
        policy = client.get_response_headers_policy(Id=made.id)["ResponseHeadersPolicy"]
        return policy["ResponseHeadersPolicyConfig"]["CorsConfig"]["AccessControlAllowOrigins"]["Items"]

    assert origins() == ["https://shop.example"]
    inputs = json.loads(json.dumps(goal.inputs))
    inputs["corsConfig"]["accessControlAllowOrigins"]["items"] = ["https://other.example"]
    changed = provider.update(_goal(token, inputs, name), _resource(goal, made))
    assert origins() == ["https://other.example"]
    assert changed.outputs["etag"] != made.outputs["etag"]


def test_should_make_a_function_from_an_archive(tmp_path: Path, provider: AwsProvider, cloud: RunningCloud) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("def handler(event, context):\n    return event\n")
    inputs = {"role": cloud.role(), "runtime": "python3.13", "handler": "app.handler", "code": Archive(path="code")}
    name = unique("zip")
    _, made = _make(provider, "aws:lambda/function:Function", inputs, name)
    assert made.outputs["arn"] == f"arn:aws:lambda:{_REGION}:123456789012:function:{made.id}"
    assert made.outputs["invokeArn"] == (
        f"arn:aws:apigateway:{_REGION}:lambda:path/2015-03-31/functions/{made.outputs['arn']}/invocations"
    )
    assert cloud.client("lambda").get_function(FunctionName=made.id)["Configuration"]["Handler"] == "app.handler"


def test_should_bring_an_argument_that_is_dropped_back_to_its_default(
    provider: AwsProvider, cloud: RunningCloud
) -> None:
    name = unique("queue")
    goal, made = _make(provider, "aws:sqs/queue:Queue", {"delaySeconds": 3}, name)
    without = {key: value for key, value in goal.inputs.items() if key != "delaySeconds"}
    assert provider.diff(_goal(goal.type, without, name), _resource(goal, made)).changed == ("delaySeconds",)
    provider.update(_goal(goal.type, without, name), _resource(goal, made))
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=made.id, AttributeNames=["All"])["Attributes"]
    assert attributes["DelaySeconds"] == "0"


def test_should_refuse_a_change_that_it_does_not_know(provider: AwsProvider) -> None:
    name = unique("topic")
    goal, made = _make(provider, "aws:sns/topic:Topic", {"archivePolicy": "{}", "fifoTopic": True}, name)
    without = {key: value for key, value in goal.inputs.items() if key != "archivePolicy"}
    with pytest.raises(
        ProviderError, match=r"archivePolicy of aws:sns/topic:Topic .*: the provider knows no such change"
    ):
        provider.diff(_goal(goal.type, without, name), _resource(goal, made))
