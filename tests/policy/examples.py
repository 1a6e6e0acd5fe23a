"""For each rule a mistake that it has to see, made in an environment that is otherwise right."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.policy.host import Given

Mistake = Callable[[Sequence[Given]], list[Given]]

_GONE = object()
_DISTRIBUTION = "cloudfront/distribution:Distribution"
_FUNCTION = "lambda/function:Function"
_HEADERS = "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
_MACHINE = "sfn/stateMachine:StateMachine"
_TABLE = "dynamodb/table:Table"
_ANYONE = {"Sid": "Anyone", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def change(type_: str, values: Mapping[str, Any], *, name: str = "") -> Mistake:
    """The first resource of a type (or the one of a name) with other values at some paths; `_GONE` takes one away."""

    def make(resources: Sequence[Given]) -> list[Given]:
        found = next(one for one in resources if one.type == f"aws:{type_}" and name in ("", one.name))
        changed = replace(found, inputs=_with(found.inputs, values), outputs=_with(found.outputs, values))
        return [changed if one is found else one for one in resources]

    return make


def allow(type_: str, statement: Mapping[str, Any], *, document: str = "policy", whole: bool = False) -> Mistake:
    """The first resource of a type with one statement more in its policy, or with nothing else in it."""

    def make(resources: Sequence[Given]) -> list[Given]:
        found = next(one for one in resources if one.type == f"aws:{type_}")
        policy = json.loads(found.inputs[document])
        policy["Statement"] = [statement] if whole else [*policy["Statement"], statement]
        return change(type_, {document: json.dumps(policy)}, name=found.name)(resources)

    return make


def without(type_: str) -> Mistake:
    """No resource of a type."""
    return lambda resources: [one for one in resources if one.type != f"aws:{type_}"]


def unprotected(type_: str) -> Mistake:
    """Resources of a type that Pulumi may delete."""
    return lambda resources: [replace(one, protect=False) if one.type == f"aws:{type_}" else one for one in resources]


def adding(type_: str, **values: Any) -> Mistake:
    """One resource more, alone."""
    urn = f"urn:pulumi:prod::shoppable-video::aws:{type_}::extra"
    extra = Given(urn=urn, type=f"aws:{type_}", name="extra", inputs=values, outputs=values)
    return lambda resources: [*resources, extra]


def rewired(type_: str, by: str, *, to: str = "") -> Mistake:
    """Resources of a type whose property comes from nowhere, or for all of them from where it comes for the first."""

    def make(resources: Sequence[Given]) -> list[Given]:
        ours = [one for one in resources if one.type == f"aws:{type_}"]
        source = ours[0].property_dependencies.get(by, ()) if to else ()
        return [
            replace(one, property_dependencies={**one.property_dependencies, by: source}) if one in ours else one
            for one in resources
        ]

    return make


def _with(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed: Any = copy.deepcopy(dict(values))
    for path, value in changes.items():
        *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
        place = changed
        for step in steps:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is _GONE:
            place.pop(last, None)
        else:
            place[last] = value
    return changed


_STAGE = "apigatewayv2/stage:Stage"
_REPOSITORY = "ecr/repository:Repository"
_INLINE = "iam/rolePolicy:RolePolicy"
_ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole"}

MISTAKES: Mapping[str, Mistake] = {
    "alarm-acts": change("cloudwatch/metricAlarm:MetricAlarm", {"alarmActions": []}),
    "alarm-runbook": change("cloudwatch/metricAlarm:MetricAlarm", {"alarmDescription": "something is wrong"}),
    "api-authorised": adding("apigatewayv2/route:Route", routeKey="GET /orders", authorizationType="NONE"),
    "api-cors": adding("apigatewayv2/api:Api", corsConfiguration={"allowOrigins": ["*"]}),
    "api-log-group": adding(_STAGE, accessLogSettings={"destinationArn": "arn:aws:logs:eu-central-1:1:log-group:x"}),
    "api-logged": adding(_STAGE, name="$default"),
    "api-stage": adding("apigatewayv2/api:Api", protocolType="HTTP"),
    "api-throttled": adding(_STAGE, name="$default", defaultRouteSettings={"throttlingRateLimit": 50}),
    "cloudfront-certificate": change(_DISTRIBUTION, {"viewerCertificate": {"cloudfrontDefaultCertificate": True}}),
    "cloudfront-firewall": change(_DISTRIBUTION, {"webAclId": _GONE}),
    "cloudfront-headers": change(_DISTRIBUTION, {"orderedCacheBehaviors.0.responseHeadersPolicyId": _GONE}),
    "cloudfront-https": change(_DISTRIBUTION, {"defaultCacheBehavior.viewerProtocolPolicy": "allow-all"}),
    "cloudfront-logged": without("cloudwatch/logDeliverySource:LogDeliverySource"),
    "cloudfront-origins": change(_DISTRIBUTION, {"origins.0.originAccessControlId": _GONE}),
    "cloudfront-root": change(_DISTRIBUTION, {"defaultRootObject": _GONE}),
    "cloudfront-signed": change(
        "cloudfront/originAccessControl:OriginAccessControl", {"signingBehavior": "no-override"}
    ),
    "cloudfront-strict-headers": change(
        _HEADERS, {"securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec": 300}
    ),
    "cloudfront-tls": change(_DISTRIBUTION, {"viewerCertificate.minimumProtocolVersion": "TLSv1.1_2016"}),
    "dead-letters-alarm": without("cloudwatch/metricAlarm:MetricAlarm"),
    "dynamodb-encrypted": change(_TABLE, {"serverSideEncryption": _GONE}),
    "dynamodb-insights": without("dynamodb/contributorInsights:ContributorInsights"),
    "dynamodb-kept": change(_TABLE, {"deletionProtectionEnabled": False}),
    "dynamodb-on-demand": change(_TABLE, {"billingMode": "PROVISIONED"}),
    "dynamodb-recovery": change(_TABLE, {"pointInTimeRecovery.enabled": False}),
    "dynamodb-ttl": change(_TABLE, {"ttl": _GONE}),
    "ecr-encrypted": adding(_REPOSITORY, encryptionConfigurations=[{"encryptionType": "AES256"}]),
    "ecr-immutable": adding(
        _REPOSITORY,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filter": "release-*", "filterType": "WILDCARD"}],
    ),
    "ecr-lifecycle": adding(_REPOSITORY, name="api"),
    "ecr-private": adding("ecr/repositoryPolicy:RepositoryPolicy", policy=json.dumps({"Statement": [_ANYONE]})),
    "ecr-scanned": adding(_REPOSITORY, imageScanningConfiguration={"scanOnPush": False}),
    "events-dead-letters": change("cloudwatch/eventTarget:EventTarget", {"deadLetterConfig": _GONE}),
    "events-encrypted": change("cloudwatch/eventBus:EventBus", {"kmsKeyIdentifier": _GONE}),
    "events-private": adding("cloudwatch/eventBusPolicy:EventBusPolicy", policy=json.dumps({"Statement": [_ANYONE]})),
    "iam-named-keys": allow(
        _INLINE,
        {"Sid": "Keys", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:123456789012:key/*"},
    ),
    "iam-named-resources": allow(_INLINE, {"Sid": "All", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
    "iam-no-attachments": adding(
        "iam/rolePolicyAttachment:RolePolicyAttachment", policyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    ),
    "iam-no-exclusions": allow(
        _INLINE, {"Sid": "Rest", "Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b"}
    ),
    "iam-no-managed-policies": change(
        "iam/role:Role", {"managedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]}
    ),
    "iam-no-users": adding("iam/accessKey:AccessKey", user="deploy"),
    "iam-no-wildcard-actions": allow(
        _INLINE, {"Sid": "S3", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}
    ),
    "iam-one-policy": without(_INLINE),
    "iam-own-role": rewired(_FUNCTION, "role", to="first"),
    "iam-pass-role": allow(
        _INLINE,
        {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/x"},
    ),
    "iam-trust": allow(
        "iam/role:Role",
        {**_ASSUME, "Principal": {"Service": "states.amazonaws.com"}},
        document="assumeRolePolicy",
    ),
    "kms-alias": without("kms/alias:Alias"),
    "kms-deletion-window": change("kms/key:Key", {"deletionWindowInDays": 7}),
    "kms-kept": unprotected("kms/key:Key"),
    "kms-policy": change("kms/key:Key", {"policy": _GONE}),
    "kms-private": allow("kms/key:Key", _ANYONE),
    "kms-rotated": change("kms/key:Key", {"enableKeyRotation": False}),
    "kms-services": allow(
        "kms/key:Key",
        {
            "Sid": "Topics",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "kms:Decrypt",
            "Resource": "*",
        },
    ),
    "lambda-alias": without("lambda/alias:Alias"),
    "lambda-can-run": change(_FUNCTION, {"reservedConcurrentExecutions": 0}),
    "lambda-image-by-digest": change(_FUNCTION, {"imageUri": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/a:1"}),
    "lambda-log-group": rewired(_FUNCTION, "loggingConfig"),
    "lambda-named-caller": change("lambda/permission:Permission", {"sourceArn": _GONE}),
    "lambda-no-secrets": change(_FUNCTION, {"environment.variables.CART_API_KEY": "hunter2"}),
    "lambda-no-urls": adding("lambda/functionUrl:FunctionUrl", authorizationType="NONE"),
    "lambda-own-log-group": rewired(_FUNCTION, "loggingConfig", to="first"),
    "lambda-partial-failures": change("lambda/eventSourceMapping:EventSourceMapping", {"functionResponseTypes": _GONE}),
    "lambda-structured-log": change(_FUNCTION, {"loggingConfig.logFormat": "Text"}),
    "lambda-traced": change(_FUNCTION, {"tracingConfig.mode": "PassThrough"}),
    "logs-encrypted": change("cloudwatch/logGroup:LogGroup", {"kmsKeyId": _GONE}),
    "logs-end": change("cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}),
    "logs-kept": change("cloudwatch/logGroup:LogGroup", {"retentionInDays": 30}),
    "s3-access-logs": rewired("s3/bucketLogging:BucketLogging", "bucket"),
    "s3-archive": change(
        "s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration", {"filter": _GONE}
    ),
    "s3-encrypted": change(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"rules.0.applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}},
        name="video",
    ),
    "s3-kept": unprotected("s3/bucket:Bucket"),
    "s3-lifecycle": change(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {"rules.0.status": "Disabled"}
    ),
    "s3-no-acl": change("s3/bucket:Bucket", {"acl": "public-read"}),
    "s3-no-acl-resources": adding("s3/bucketAcl:BucketAcl", acl="private"),
    "s3-one-key": change(
        "s3/bucketPolicy:BucketPolicy", {"policy": json.dumps({"Statement": [_ANYONE]})}, name="video"
    ),
    "s3-owner-enforced": change(
        "s3/bucketOwnershipControls:BucketOwnershipControls", {"rule.objectOwnership": "ObjectWriter"}
    ),
    "s3-ownership-controls": without("s3/bucketOwnershipControls:BucketOwnershipControls"),
    "s3-private": allow("s3/bucketPolicy:BucketPolicy", {**_ANYONE, "Principal": {"AWS": "arn:aws:iam::1:root"}}),
    "s3-public-access-block": without("s3/bucketPublicAccessBlock:BucketPublicAccessBlock"),
    "s3-public-access-block-whole": change(
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"restrictPublicBuckets": False}
    ),
    "s3-tls": allow("s3/bucketPolicy:BucketPolicy", _ANYONE, whole=True),
    "s3-versioned": change("s3/bucketVersioning:BucketVersioning", {"versioningConfiguration.status": "Suspended"}),
    "s3-versioning": without("s3/bucketVersioning:BucketVersioning"),
    "sfn-alias": without("sfn/alias:Alias"),
    "sfn-encrypted": change(_MACHINE, {"encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}),
    "sfn-log-group": rewired(_MACHINE, "loggingConfiguration"),
    "sfn-logged": change(_MACHINE, {"loggingConfiguration.level": "ERROR"}),
    "sfn-pinned-functions": change(
        _MACHINE,
        {"definition": json.dumps({"Resource": "arn:aws:lambda:eu-central-1:123456789012:function:probe-video"})},
    ),
    "sfn-published": change(_MACHINE, {"publish": False}),
    "sfn-traced": change(_MACHINE, {"tracingConfiguration.enabled": False}),
    "sns-delivery": change("sns/topicSubscription:TopicSubscription", {"protocol": "http"}),
    "sns-encrypted": change("sns/topic:Topic", {"kmsMasterKeyId": "alias/aws/sns"}),
    "sns-private": allow("sns/topicPolicy:TopicPolicy", _ANYONE),
    "sns-tls": without("sns/topicPolicy:TopicPolicy"),
    "sqs-dead-letters": change("sqs/queue:Queue", {"redrivePolicy": _GONE}, name="video-intake"),
    "sqs-encrypted": change("sqs/queue:Queue", {"kmsMasterKeyId": _GONE, "sqsManagedSseEnabled": True}),
    "sqs-private": allow("sqs/queuePolicy:QueuePolicy", _ANYONE),
    "sqs-redrive-allowed": without("sqs/redriveAllowPolicy:RedriveAllowPolicy"),
    "sqs-tls": allow("sqs/queuePolicy:QueuePolicy", _ANYONE, whole=True),
    "tagged": change("sqs/queue:Queue", {"tagsAll.owner": _GONE}),
    "waf-logged": without("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"),
    "waf-measured": change("wafv2/webAcl:WebAcl", {"rules.0.visibilityConfig.cloudwatchMetricsEnabled": False}),
    "waf-rules": change("wafv2/webAcl:WebAcl", {"rules": []}),
}
