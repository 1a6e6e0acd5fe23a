"""The three environments: the same kinds of resources, all of them listed here, and the real engine agrees."""

from collections import Counter

import pytest

from embedded.engine.run import run
from tests.support.recorder import ROOT, STACKS, Recording, record_project, record_stack

_EVERYWHERE = {
    "aws:budgets/budget:Budget": 1,
    "aws:cloudfront/cachePolicy:CachePolicy": 2,
    "aws:cloudfront/distribution:Distribution": 1,
    "aws:cloudfront/originAccessControl:OriginAccessControl": 1,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": 1,
    "aws:cloudwatch/dashboard:Dashboard": 1,
    "aws:cloudwatch/eventBus:EventBus": 1,
    "aws:cloudwatch/eventRule:EventRule": 3,
    "aws:cloudwatch/eventTarget:EventTarget": 3,
    "aws:cloudwatch/logDelivery:LogDelivery": 1,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": 1,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": 1,
    "aws:cloudwatch/logGroup:LogGroup": 17,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 53,
    "aws:dynamodb/contributorInsights:ContributorInsights": 4,
    "aws:dynamodb/table:Table": 3,
    "aws:iam/role:Role": 18,
    "aws:iam/rolePolicy:RolePolicy": 18,
    "aws:kms/alias:Alias": 4,
    "aws:kms/key:Key": 4,
    "aws:kms/keyPolicy:KeyPolicy": 1,
    "aws:lambda/alias:Alias": 15,
    "aws:lambda/eventSourceMapping:EventSourceMapping": 2,
    "aws:lambda/function:Function": 15,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": 1,
    "aws:lambda/permission:Permission": 1,
    "aws:s3/bucket:Bucket": 5,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 5,
    "aws:s3/bucketLogging:BucketLogging": 4,
    "aws:s3/bucketNotification:BucketNotification": 2,
    "aws:s3/bucketObjectv2:BucketObjectv2": 3,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 5,
    "aws:s3/bucketPolicy:BucketPolicy": 5,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 5,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 5,
    "aws:s3/bucketVersioning:BucketVersioning": 5,
    "aws:sfn/alias:Alias": 2,
    "aws:sfn/stateMachine:StateMachine": 2,
    "aws:sns/topic:Topic": 2,
    "aws:sns/topicPolicy:TopicPolicy": 2,
    "aws:sqs/queue:Queue": 6,
    "aws:sqs/queuePolicy:QueuePolicy": 6,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": 2,
    "pulumi:providers:aws": 2,
}
"""Of the player there are the two files that these tests make, and its configuration."""

_ARCHIVED = {"aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": 1}

_FIREWALL = {
    "aws:cloudwatch/logGroup:LogGroup": 18,
    "aws:wafv2/webAcl:WebAcl": 1,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": 1,
}

_SHOPS = {"aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": 1}

_HEARD = {"aws:sns/topicSubscription:TopicSubscription": 2}

_ONLY_IN = {
    "dev": {"docker-build:index:Image": 2},
    "staging": {**_HEARD, **_SHOPS, **_FIREWALL, **_ARCHIVED},
    "prod": {**_HEARD, **_SHOPS, **_FIREWALL, **_ARCHIVED},
}


def _types(recording: Recording) -> dict[str, int]:
    return dict(Counter(one.type for one in recording.resources if not one.type.startswith("shoppable:")))


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_type_of_a_stack_is_listed_with_its_count(stack: str) -> None:
    assert _types(record_stack(stack)) == _EVERYWHERE | _ONLY_IN[stack]


@pytest.mark.parametrize("stack", STACKS)
def test_the_engine_accepts_every_argument_and_registers_the_same(stack: str, tmp_path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>player</title>")
    (tmp_path / "player.js").write_text("export {};")
    deployment = run(ROOT, stack, preview=True, config={"shoppable-video:playerDirectory": str(tmp_path)})
    registered = Counter(
        one.type for one in deployment.resources if not one.type.startswith(("shoppable:", "pulumi:pulumi:Stack"))
    )
    assert dict(registered) == _EVERYWHERE | _ONLY_IN[stack]
    assert set(deployment.outputs) == set(record_stack(stack).outputs)


def test_bootstrap_makes_repositories_that_no_one_overwrites_and_functions_may_pull_from() -> None:
    recording = record_project(ROOT / "bootstrap", "shared", replicationRegions="[]")
    key = recording.one("kms/key:Key", "images")
    assert key.inputs["enableKeyRotation"] is True
    repositories = recording.of("ecr/repository:Repository")
    assert {one.inputs["name"] for one in repositories} == {"shoppable-video/api", "shoppable-video/vision"}
    for repository in repositories:
        assert repository.protect is True
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert repository.inputs["imageTagMutabilityExclusionFilters"] == [
            {"filter": "dev-*", "filterType": "WILDCARD"}
        ]
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key.arn}]
        policy = recording.one("ecr/repositoryPolicy:RepositoryPolicy", repository.name)
        (functions,) = [one for one in policy.document("policy")["Statement"] if one["Sid"] == "Functions"]
        assert functions["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert functions["Condition"] == {
            "StringLike": {"aws:SourceArn": ["arn:aws:lambda:eu-central-1:123456789012:function:*"]}
        }


def test_no_release_is_expired_from_the_repositories() -> None:
    recording = record_project(ROOT / "bootstrap", "shared")
    for policy in recording.of("ecr/lifecyclePolicy:LifecyclePolicy"):
        first, *others = sorted(policy.document("policy")["rules"], key=lambda rule: rule["rulePriority"])
        # What it matches, no later rule expires; itself it expires only beyond what a repository can hold.
        assert first["selection"]["tagPatternList"] == ["release-*"]
        assert first["selection"]["countNumber"] >= 100_000
        for rule in others:
            selection = rule["selection"]
            assert selection["tagStatus"] == "untagged" or selection["tagPatternList"] == ["dev-*"]
