"""Pulumi's resource types as CloudFormation has them: type, and what is named or placed otherwise there.

Several of Pulumi's resources are one there: a `host` is the input through which such a one names it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """`root`: the property that holds all others. `drop`: input → why CloudFormation has nothing like it.

    `shape` rearranges the inputs first; names in it are found whatever their case. What has a host is merged into it,
    or `replaces` what that says.
    """

    type: str = ""
    host: str = ""
    root: str = ""
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    drop: Mapping[str, str] = field(default_factory=dict[str, str])
    shape: Callable[[Values], Values] | None = None
    untagged: bool = False
    replaces: bool = False


NO_EQUIVALENT: Mapping[str, str] = {
    "index:Image": "An image is built, not deployed; CloudFormation only names it.",
    "s3/bucketObjectv2:BucketObjectv2": "CloudFormation puts no objects into buckets.",
    "dynamodb/contributorInsights:ContributorInsights": "A property of the table there; nothing else to be said of it.",
}

_OWN = "It steers Pulumi's provider, not AWS."


def _json(*keys: str) -> Callable[[Values], Values]:
    def parse(given: Values) -> Values:
        return {key: json.loads(value) if key in keys else value for key, value in given.items()}

    return parse


def _distribution(given: Values) -> Values:
    for origin in given.get("origins", []):
        origin["id"] = origin.pop("originId")
        if "customOriginConfig" in origin:
            custom = origin["customOriginConfig"]
            origin["customOriginConfig"] = {
                {"httpPort": "HTTPPort", "httpsPort": "HTTPSPort", "originSslProtocols": "OriginSSLProtocols"}.get(
                    key, key
                ): value
                for key, value in custom.items()
            }
        else:
            # CloudFormation wants it to be said that an origin is a bucket, even where there is nothing else to say.
            origin.setdefault("s3OriginConfig", {"originAccessIdentity": ""})
        headers = origin.pop("customHeaders", None)
        if headers:
            origin["originCustomHeaders"] = [
                {"headerName": header["name"], "headerValue": header["value"]} for header in headers
            ]
    return given


def _cache_key(given: Values) -> Values:
    key = given["parametersInCacheKeyAndForwardedToOrigin"]
    for config, items in (
        ("headersConfig", "headers"),
        ("cookiesConfig", "cookies"),
        ("queryStringsConfig", "queryStrings"),
    ):
        if items in key[config]:
            key[config][items] = key[config][items]["items"]
    return given


def _request_policy(given: Values) -> Values:
    for config, items in (
        ("headersConfig", "headers"),
        ("cookiesConfig", "cookies"),
        ("queryStringsConfig", "queryStrings"),
    ):
        if items in given[config]:
            given[config][items] = given[config][items]["items"]
    return given


def _target(given: Values) -> Values:
    given["id"] = given.pop("targetId")
    if "inputTransformer" in given:
        transformer = given["inputTransformer"]
        given["inputTransformer"] = {
            "inputPathsMap": transformer.get("inputPaths"),
            "inputTemplate": transformer["inputTemplate"],
        }
    return {"targets": [given]}


def _dimensions(given: Mapping[str, str]) -> list[Values]:
    return [{"name": name, "value": value} for name, value in given.items()]


def _alarm(given: Values) -> Values:
    queries = given.pop("metricQueries", [])
    for query in queries:
        metric = query.pop("metric", None)
        if metric:
            named = {"namespace": metric["namespace"], "metricName": metric["metricName"]}
            named["dimensions"] = _dimensions(metric.get("dimensions", {}))
            query["metricStat"] = {"metric": named, "period": metric["period"], "stat": metric["stat"]}
    if queries:
        given["metrics"] = queries
    if "dimensions" in given:
        given["dimensions"] = _dimensions(given["dimensions"])
    return given


def _key_schema(given: Values) -> list[Values]:
    keys = [(given.pop("hashKey"), "HASH"), (given.pop("rangeKey", None), "RANGE")]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys if name]


def _table(given: Values) -> Values:
    indexes = [
        {
            "indexName": index["name"],
            "projection": {
                "projectionType": index["projectionType"],
                "nonKeyAttributes": index.get("nonKeyAttributes"),
            },
            "keySchema": _key_schema(dict(index)),
            "onDemandThroughput": index.get("onDemandThroughput"),
        }
        for index in given.pop("globalSecondaryIndexes", [])
    ]
    ttl, recovery, encryption = (given.pop(key, None) for key in ("ttl", "pointInTimeRecovery", "serverSideEncryption"))
    stream = given.pop("streamViewType", None)
    given.pop("streamEnabled", None)
    return given | {
        "attributeDefinitions": [
            {"attributeName": each["name"], "attributeType": each["type"]} for each in given.pop("attributes")
        ],
        "keySchema": _key_schema(given),
        "globalSecondaryIndexes": indexes or None,
        "timeToLiveSpecification": ttl and {"attributeName": ttl["attributeName"], "enabled": ttl["enabled"]},
        "pointInTimeRecoverySpecification": recovery
        and {
            "pointInTimeRecoveryEnabled": recovery["enabled"],
            "recoveryPeriodInDays": recovery.get("recoveryPeriodInDays"),
        },
        "sseSpecification": encryption
        and {"sseEnabled": encryption["enabled"], "kmsMasterKeyId": encryption.get("kmsKeyArn"), "sseType": "KMS"},
        "streamSpecification": stream and {"streamViewType": stream},
    }


def _function(given: Values) -> Values:
    given["code"] = {"imageUri": given.pop("imageUri", None)}
    if "imageConfig" in given:
        names = {"commands": "command", "entryPoints": "entryPoint"}
        given["imageConfig"] = {names.get(key, key): value for key, value in given["imageConfig"].items()}
    return given


def _lifecycle(given: Values) -> Values:
    rules: list[Values] = []
    for rule in given["rules"]:
        made: Values = dict(rule)
        condition: Values = made.pop("filter", {})
        condition = {**condition, **condition.pop("and", {})} if "and" in condition else dict(condition)
        tags = {condition["tag"]["key"]: condition["tag"]["value"]} if "tag" in condition else condition.pop("tags", {})
        condition.pop("tag", None)
        made |= {key: value for key, value in condition.items() if value != ""}
        if tags:
            made["tagFilters"] = [{"key": key, "value": value} for key, value in tags.items()]
        expiration: Values = made.pop("expiration", {})
        made |= {
            "expirationInDays": expiration.get("days"),
            "expiredObjectDeleteMarker": expiration.get("expiredObjectDeleteMarker"),
        }
        for key in ("transitions", "noncurrentVersionTransitions"):
            days = "transitionInDays"
            names = {"days": days, "noncurrentDays": days}
            made[key] = [{names.get(name, name): value for name, value in each.items()} for each in made.get(key, [])]
            made[key] = made[key] or None
        rules.append(made)
    return {"lifecycleConfiguration": {"rules": rules}}


def _encryption(given: Values) -> Values:
    rules = [
        {
            "bucketKeyEnabled": rule.get("bucketKeyEnabled"),
            "serverSideEncryptionByDefault": {
                "sseAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
                "kmsMasterKeyId": rule["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId"),
            },
            "blockedEncryptionTypes": rule.get("blockedEncryptionTypes"),
        }
        for rule in given["rules"]
    ]
    return {"bucketEncryption": {"serverSideEncryptionConfiguration": rules}}


def _tiering(given: Values) -> Values:
    condition: Values = given.pop("filter", None) or {}
    tags: Mapping[str, str] = condition.get("tags") or {}
    tiers = [{"accessTier": each["accessTier"], "days": each["days"]} for each in given.pop("tierings")]
    made = {
        "id": given.pop("name"),
        "status": given.pop("status"),
        "prefix": condition.get("prefix"),
        "tagFilters": [{"key": key, "value": value} for key, value in tags.items()] or None,
        "tierings": tiers,
    }
    return {"intelligentTieringConfigurations": [made], **given}


def _machine(given: Values) -> Values:
    logging = given.get("loggingConfiguration")
    if logging and "logDestination" in logging:
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": logging.pop("logDestination")}}
        logging["destinations"] = [group]
    return given


def _topic_policy(given: Values) -> Values:
    return {"topics": [given["arn"]], "policyDocument": json.loads(given["policy"])}


def _queue_policy(given: Values) -> Values:
    return {"queues": [given["queueUrl"]], "policyDocument": json.loads(given["policy"])}


def _bucket_logging(given: Values) -> Values:
    form = given.pop("targetObjectKeyFormat", None)
    return {
        "loggingConfiguration": {
            "destinationBucketName": given.pop("targetBucket"),
            "logFilePrefix": given.pop("targetPrefix", None),
            "targetObjectKeyFormat": form,
            **given,
        }
    }


def _budget(given: Values) -> Values:
    notifications = [
        {
            "notification": {
                "comparisonOperator": each["comparisonOperator"],
                "notificationType": each["notificationType"],
                "threshold": each["threshold"],
                "thresholdType": each["thresholdType"],
            },
            "subscribers": [
                {"subscriptionType": kind, "address": address}
                for kind, key in (("SNS", "subscriberSnsTopicArns"), ("EMAIL", "subscriberEmailAddresses"))
                for address in each.get(key, [])
            ],
        }
        for each in given.pop("notifications", [])
    ]
    limit = {"amount": float(given.pop("limitAmount")), "unit": given.pop("limitUnit")}
    filters = {each["name"]: each["values"] for each in given.pop("costFilters", [])}
    given["budgetName"] = given.pop("name")
    expression: Values | None = given.pop("filterExpression", None)
    if expression:
        names = {"ands": "and", "ors": "or"}
        given["filterExpression"] = {names.get(key, key): value for key, value in expression.items()}
    if "metrics" in given:
        given["metrics"] = [given.pop("metrics")]
    budget = {**given, "budgetLimit": limit, "costFilters": filters or None}
    return {"budget": budget, "notificationsWithSubscribers": notifications}


def _cors(given: Values) -> Values:
    names = {"allowHeaders": "allowHeaders"}
    if "corsConfiguration" in given:
        given["corsConfiguration"] = {names.get(key, key): value for key, value in given["corsConfiguration"].items()}
    return given


def _stage(given: Values) -> Values:
    if "routeSettings" in given:
        given["routeSettings"] = {
            each["routeKey"]: {key[0].upper() + key[1:]: value for key, value in each.items() if key != "routeKey"}
            for each in given["routeSettings"]
        }
    return given


def _bucket_cors(given: Values) -> Values:
    names = {"exposeHeaders": "exposedHeaders", "maxAgeSeconds": "maxAge"}
    rules = [{names.get(key, key): value for key, value in rule.items()} for rule in given["corsRules"]]
    return {"corsConfiguration": {"corsRules": rules}}


_CLOUDFRONT = "AWS::CloudFront::"
_API = "AWS::ApiGatewayV2::"

TYPES: Mapping[str, Row] = {
    "apigatewayv2/api:Api": Row(type=_API + "Api", shape=_cors),
    "apigatewayv2/integration:Integration": Row(
        type=_API + "Integration", rename={"timeoutMilliseconds": "timeoutInMillis"}
    ),
    "apigatewayv2/route:Route": Row(type=_API + "Route"),
    "apigatewayv2/stage:Stage": Row(type=_API + "Stage", rename={"name": "stageName"}, shape=_stage),
    "apigatewayv2/authorizer:Authorizer": Row(
        type=_API + "Authorizer", rename={"jwtConfigurations": "jwtConfiguration"}
    ),
    "apigatewayv2/domainName:DomainName": Row(type=_API + "DomainName"),
    "apigatewayv2/apiMapping:ApiMapping": Row(type=_API + "ApiMapping"),
    "budgets/budget:Budget": Row(type="AWS::Budgets::Budget", shape=_budget),
    "cloudfront/cachePolicy:CachePolicy": Row(
        type=_CLOUDFRONT + "CachePolicy", root="CachePolicyConfig", shape=_cache_key
    ),
    "cloudfront/distribution:Distribution": Row(
        type=_CLOUDFRONT + "Distribution",
        root="DistributionConfig",
        rename={"orderedCacheBehaviors": "cacheBehaviors", "isIpv6Enabled": "ipv6Enabled", "loggingConfig": "logging"},
        drop={"waitForDeployment": _OWN, "retainOnDelete": _OWN},
        shape=_distribution,
    ),
    "cloudfront/monitoringSubscription:MonitoringSubscription": Row(type=_CLOUDFRONT + "MonitoringSubscription"),
    "cloudfront/originAccessControl:OriginAccessControl": Row(
        type=_CLOUDFRONT + "OriginAccessControl", root="OriginAccessControlConfig"
    ),
    "cloudfront/originRequestPolicy:OriginRequestPolicy": Row(
        type=_CLOUDFRONT + "OriginRequestPolicy", root="OriginRequestPolicyConfig", shape=_request_policy
    ),
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Row(
        type=_CLOUDFRONT + "ResponseHeadersPolicy", root="ResponseHeadersPolicyConfig"
    ),
    "cloudwatch/dashboard:Dashboard": Row(type="AWS::CloudWatch::Dashboard"),
    "cloudwatch/eventBus:EventBus": Row(type="AWS::Events::EventBus"),
    "cloudwatch/eventRule:EventRule": Row(type="AWS::Events::Rule", shape=_json("eventPattern"), untagged=True),
    "cloudwatch/eventTarget:EventTarget": Row(
        type="AWS::Events::Rule", host="rule", shape=_target, drop={"eventBusName": "The rule says it."}
    ),
    "cloudwatch/logDelivery:LogDelivery": Row(type="AWS::Logs::Delivery"),
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": Row(
        type="AWS::Logs::DeliveryDestination",
        shape=lambda given: {**given.pop("deliveryDestinationConfiguration"), **given},
    ),
    "cloudwatch/logDeliverySource:LogDeliverySource": Row(type="AWS::Logs::DeliverySource"),
    "cloudwatch/logGroup:LogGroup": Row(
        type="AWS::Logs::LogGroup", rename={"name": "logGroupName"}, drop={"skipDestroy": _OWN}
    ),
    "cloudwatch/logResourcePolicy:LogResourcePolicy": Row(type="AWS::Logs::ResourcePolicy"),
    "cloudwatch/metricAlarm:MetricAlarm": Row(
        type="AWS::CloudWatch::Alarm", rename={"name": "alarmName"}, shape=_alarm
    ),
    "dynamodb/table:Table": Row(type="AWS::DynamoDB::Table", rename={"name": "tableName"}, shape=_table),
    "iam/role:Role": Row(
        type="AWS::IAM::Role",
        rename={"name": "roleName", "assumeRolePolicy": "assumeRolePolicyDocument"},
        drop={"forceDetachPolicies": _OWN},
        shape=_json("assumeRolePolicy"),
    ),
    "iam/rolePolicy:RolePolicy": Row(
        type="AWS::IAM::RolePolicy",
        rename={"name": "policyName", "role": "roleName", "policy": "policyDocument"},
        shape=_json("policy"),
    ),
    "kms/alias:Alias": Row(type="AWS::KMS::Alias", rename={"name": "aliasName"}),
    "kms/key:Key": Row(
        type="AWS::KMS::Key",
        rename={
            "policy": "keyPolicy",
            "deletionWindowInDays": "pendingWindowInDays",
            "customerMasterKeySpec": "keySpec",
        },
        shape=_json("policy"),
    ),
    "kms/keyPolicy:KeyPolicy": Row(
        type="AWS::KMS::Key", host="keyId", replaces=True, rename={"policy": "keyPolicy"}, shape=_json("policy")
    ),
    "lambda/alias:Alias": Row(type="AWS::Lambda::Alias"),
    "lambda/eventSourceMapping:EventSourceMapping": Row(type="AWS::Lambda::EventSourceMapping"),
    "lambda/function:Function": Row(
        type="AWS::Lambda::Function",
        rename={"name": "functionName"},
        drop={
            "publish": "A version is a resource of its own there.",
            "skipDestroy": _OWN,
            "sourceCodeHash": _OWN,
        },
        shape=_function,
    ),
    "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Row(
        type="AWS::Lambda::EventInvokeConfig", shape=lambda given: {"qualifier": "$LATEST", **given}
    ),
    "lambda/permission:Permission": Row(
        type="AWS::Lambda::Permission",
        rename={"function": "functionName"},
        drop={"statementId": "CloudFormation chooses it.", "qualifier": "Part of the function's name there."},
    ),
    "s3/bucket:Bucket": Row(type="AWS::S3::Bucket", rename={"bucket": "bucketName"}, drop={"forceDestroy": _OWN}),
    "s3/bucketCorsConfiguration:BucketCorsConfiguration": Row(
        type="AWS::S3::Bucket", host="bucket", shape=_bucket_cors
    ),
    "s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": Row(
        type="AWS::S3::Bucket", host="bucket", shape=_tiering
    ),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Row(
        type="AWS::S3::Bucket", host="bucket", shape=_lifecycle
    ),
    "s3/bucketLogging:BucketLogging": Row(type="AWS::S3::Bucket", host="bucket", shape=_bucket_logging),
    "s3/bucketNotification:BucketNotification": Row(
        type="AWS::S3::Bucket",
        host="bucket",
        shape=lambda given: {
            "notificationConfiguration": {
                "eventBridgeConfiguration": {"eventBridgeEnabled": given.pop("eventbridge")},
                **given,
            }
        },
    ),
    "s3/bucketOwnershipControls:BucketOwnershipControls": Row(
        type="AWS::S3::Bucket", host="bucket", shape=lambda given: {"ownershipControls": {"rules": [given["rule"]]}}
    ),
    "s3/bucketPolicy:BucketPolicy": Row(
        type="AWS::S3::BucketPolicy", rename={"policy": "policyDocument"}, shape=_json("policy")
    ),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Row(
        type="AWS::S3::Bucket",
        host="bucket",
        drop={"skipDestroy": _OWN},
        shape=lambda given: {"publicAccessBlockConfiguration": given},
    ),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Row(
        type="AWS::S3::Bucket", host="bucket", shape=_encryption
    ),
    "s3/bucketVersioning:BucketVersioning": Row(type="AWS::S3::Bucket", host="bucket"),
    "sfn/alias:Alias": Row(
        type="AWS::StepFunctions::StateMachineAlias", rename={"routingConfigurations": "routingConfiguration"}
    ),
    "sfn/stateMachine:StateMachine": Row(
        type="AWS::StepFunctions::StateMachine",
        rename={"definition": "definitionString", "name": "stateMachineName", "type": "stateMachineType"},
        drop={"publish": "A version is a resource of its own there.", "versionDescription": "As `publish`."},
        shape=_machine,
    ),
    "sns/topic:Topic": Row(type="AWS::SNS::Topic", rename={"name": "topicName"}),
    "sns/topicPolicy:TopicPolicy": Row(type="AWS::SNS::TopicPolicy", shape=_topic_policy),
    "sns/topicSubscription:TopicSubscription": Row(type="AWS::SNS::Subscription", rename={"topic": "topicArn"}),
    "sqs/queue:Queue": Row(
        type="AWS::SQS::Queue",
        rename={
            "name": "queueName",
            "visibilityTimeoutSeconds": "visibilityTimeout",
            "messageRetentionSeconds": "messageRetentionPeriod",
            "receiveWaitTimeSeconds": "receiveMessageWaitTimeSeconds",
        },
        shape=_json("redrivePolicy"),
    ),
    "sqs/queuePolicy:QueuePolicy": Row(type="AWS::SQS::QueuePolicy", shape=_queue_policy),
    "sqs/redriveAllowPolicy:RedriveAllowPolicy": Row(
        type="AWS::SQS::Queue", host="queueUrl", shape=_json("redriveAllowPolicy")
    ),
    "wafv2/webAcl:WebAcl": Row(type="AWS::WAFv2::WebACL"),
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Row(
        type="AWS::WAFv2::LoggingConfiguration", rename={"logDestinationConfigs": "logDestinationConfigs"}
    ),
}
