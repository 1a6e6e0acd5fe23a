"""Whatever holds data: encrypted with a key of ours, over TLS only, restorable, and never public."""

import pytest

from tests.infra.policies import listed, statements
from tests.support.recorder import ACCOUNT, Recording

ACCESS_LOGS = "access-logs"


def _key_arns(recording: Recording) -> set[str]:
    return {key.arn for key in recording.of("kms/key:Key")}


def test_every_bucket_is_encrypted_with_a_bucket_key_of_a_key_of_ours(recording: Recording) -> None:
    buckets = [bucket for bucket in recording.of("s3/bucket:Bucket") if bucket.name != ACCESS_LOGS]
    assert len(buckets) == 4
    for bucket in buckets:
        (rule,) = recording.one(
            "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", bucket.name
        ).inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] in _key_arns(recording)
        assert rule["bucketKeyEnabled"] is True


def test_the_public_bucket_has_a_key_of_its_own(recording: Recording) -> None:
    def key_of(bucket: str) -> str:
        (rule,) = recording.one(
            "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", bucket
        ).inputs["rules"]
        return rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]

    assert key_of("delivery") not in {key_of("catalogue"), key_of("video"), key_of("analysis")}


def test_every_bucket_is_versioned_blocked_and_without_acls(recording: Recording) -> None:
    for bucket in recording.of("s3/bucket:Bucket"):
        block = recording.one("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket.name).inputs
        assert {key: value for key, value in block.items() if key != "bucket"} == {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }
        versioning = recording.one("s3/bucketVersioning:BucketVersioning", bucket.name).inputs
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}
        ownership = recording.one("s3/bucketOwnershipControls:BucketOwnershipControls", bucket.name).inputs
        assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_every_bucket_has_one_policy_that_denies_what_is_not_tls_to_bucket_and_objects(recording: Recording) -> None:
    for bucket in recording.of("s3/bucket:Bucket"):
        policy = recording.one("s3/bucketPolicy:BucketPolicy", bucket.name)
        assert policy.inputs["bucket"] in {bucket.state["bucket"], f"Bucket-{bucket.name}"}
        (denied,) = [one for one in statements(policy) if one["Sid"] == "TlsOnly"]
        assert denied["Effect"] == "Deny"
        assert denied["Action"] == "s3:*"
        assert denied["Principal"] == "*"
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert denied["Resource"] == [bucket.arn, f"{bucket.arn}/*"]


def test_every_bucket_cleans_up_after_itself(stack: str, recording: Recording) -> None:
    days = {"dev": 1, "staging": 30, "prod": 90}[stack]
    for lifecycle in recording.of("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        if lifecycle.name == ACCESS_LOGS:
            continue
        rules = {rule["id"]: rule for rule in lifecycle.inputs["rules"]}
        assert all(rule["status"] == "Enabled" for rule in rules.values())
        housekeeping = rules["housekeeping"]
        assert housekeeping["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert housekeeping["noncurrentVersionExpiration"] == {"noncurrentDays": days}
        assert rules["intelligent-tiering"]["transitions"] == [{"days": 0, "storageClass": "INTELLIGENT_TIERING"}]


def test_only_frames_and_access_logs_expire(recording: Recording) -> None:
    expiring = {
        (lifecycle.name, rule["filter"]["prefix"])
        for lifecycle in recording.of("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        for rule in lifecycle.inputs["rules"]
        if "days" in (rule.get("expiration") or {})
    }
    assert expiring == {("analysis", "frames/"), (ACCESS_LOGS, "")}


def test_every_table_is_encrypted_restorable_and_forgets(stack: str, recording: Recording) -> None:
    tables = recording.of("dynamodb/table:Table")
    assert {table.name for table in tables} == {"imports", "products", "videos"}
    for table in tables:
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["serverSideEncryption"]["enabled"] is True
        assert table.inputs["serverSideEncryption"]["kmsKeyArn"] in _key_arns(recording)
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}
        assert table.inputs["deletionProtectionEnabled"] is (stack != "dev")


def test_tables_declare_exactly_the_attributes_that_keys_use(recording: Recording) -> None:
    for table in recording.of("dynamodb/table:Table"):
        indexes = table.inputs.get("globalSecondaryIndexes") or []
        used = {table.inputs["hashKey"], table.inputs["rangeKey"]}
        used |= {key for index in indexes for key in (index["hashKey"], index["rangeKey"])}
        assert {attribute["name"] for attribute in table.inputs["attributes"]} == used


def test_every_queue_is_encrypted_and_takes_tls_only(recording: Recording) -> None:
    queues = recording.of("sqs/queue:Queue")
    for queue in queues:
        assert queue.inputs["kmsMasterKeyId"] in _key_arns(recording)
        policy = recording.one("sqs/queuePolicy:QueuePolicy", queue.name)
        denied = [one for one in statements(policy) if one["Effect"] == "Deny"]
        assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_every_log_group_is_encrypted_and_kept_as_long_as_the_settings_say(stack: str, recording: Recording) -> None:
    days = {"dev": 7, "staging": 30, "prod": 365}[stack]
    keys = {name: recording.one("kms/key:Key", name).arn for name in ("logs", "edge")}
    groups = recording.of("cloudwatch/logGroup:LogGroup")
    writers = ("lambda/function:Function", "sfn/stateMachine:StateMachine", "wafv2/webAcl:WebAcl")
    assert len(groups) == len(recording.of(*writers))
    for group in groups:
        assert group.inputs["kmsKeyId"] == keys["edge" if "aws-waf-logs-" in group.inputs["namePrefix"] else "logs"]
        assert group.inputs["retentionInDays"] == days


def test_topic_and_bus_are_encrypted(recording: Recording) -> None:
    assert recording.one("sns/topic:Topic", "alarms").inputs["kmsMasterKeyId"] in _key_arns(recording)
    assert recording.one("cloudwatch/eventBus:EventBus", "events").inputs["kmsKeyIdentifier"] in _key_arns(recording)


def test_every_key_rotates_and_can_be_brought_back(recording: Recording) -> None:
    for key in recording.of("kms/key:Key"):
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30


def test_a_key_is_used_by_this_account_and_by_services_under_a_condition_only(recording: Recording) -> None:
    policies = [*recording.of("kms/key:Key"), *recording.of("kms/keyPolicy:KeyPolicy")]
    for holder in policies:
        for statement in statements(holder):
            if "AWS" in statement["Principal"]:
                assert statement["Principal"]["AWS"] == f"arn:aws:iam::{ACCOUNT}:root"
            elif listed(statement["Action"]) != ["kms:DescribeKey"]:
                assert statement["Condition"], statement["Sid"]


@pytest.mark.parametrize(
    ("sid", "service", "condition"),
    [
        ("EventBridgeToQueues", "events.amazonaws.com", "kms:EncryptionContext:aws:sqs:arn"),
        ("EventBuses", "events.amazonaws.com", "kms:EncryptionContext:aws:events:event-bus:arn"),
        ("AlarmsToTopics", "cloudwatch.amazonaws.com", "aws:SourceArn"),
    ],
)
def test_the_data_key_lets_each_service_act_for_this_account_only(
    dev: Recording, sid: str, service: str, condition: str
) -> None:
    (statement,) = [one for one in statements(dev.one("kms/key:Key", "data")) if one["Sid"] == sid]
    assert statement["Principal"] == {"Service": service}
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= {action.rstrip("*") for action in statement["Action"]}
    assert f":{ACCOUNT}:" in str(statement["Condition"]["ArnLike"][condition])


def test_the_logs_key_serves_log_groups_of_this_account_only(dev: Recording) -> None:
    (statement,) = [one for one in statements(dev.one("kms/key:Key", "logs")) if one["Sid"] == "CloudWatchLogs"]
    assert statement["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*"}
    }
