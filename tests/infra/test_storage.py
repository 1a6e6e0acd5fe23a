"""Buckets, tables and queues one by one: what they refuse to take, what they archive, what they limit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.components.access_logs import AccessLogsArgs
from infra.components.bucket import Archive
from infra.components.budget import BudgetArgs
from infra.components.key import Key, KeyArgs
from infra.components.queue import Queue, QueueArgs
from infra.components.table import Table, TableArgs
from infra.naming import Scope
from tests.infra.policies import listed, statements
from tests.support.recorder import ACCOUNT, REGION, ROOT, Recording, record, record_project

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
CUSTOMER = "s3:x-amz-server-side-encryption-customer-algorithm"


def _holds(operator: str, key: str, wanted: Any, context: Mapping[str, str]) -> bool:
    """As IAM evaluates: `Null` asks whether a key is absent, and a negated operator holds for one that is.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    given = context.get(key)
    match operator:
        case "Null":
            return (given is None) == (wanted == "true")
        case "StringNotEquals":
            return given not in listed(wanted)
        case "Bool":
            return given == wanted
        case _:
            raise AssertionError(operator)


def _denied(recording: Recording, bucket: str, context: Mapping[str, str]) -> set[str]:
    """The statements that deny a put with these headers."""
    return {
        one["Sid"]
        for one in statements(recording.one("s3/bucketPolicy:BucketPolicy", bucket))
        if one["Effect"] == "Deny"
        and {"s3:PutObject", "s3:*"} & set(listed(one["Action"]))
        and all(
            _holds(operator, key, wanted, context)
            for operator, keys in one["Condition"].items()
            for key, wanted in keys.items()
        )
    }


def _key_of(recording: Recording, bucket: str) -> str:
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = recording.one(kind, bucket).inputs["rules"]
    return rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]


@pytest.mark.parametrize("bucket", ["catalogue", "video", "analysis", "delivery"])
def test_a_put_under_the_buckets_key_is_let_in_whether_it_names_the_key_or_not(dev: Recording, bucket: str) -> None:
    tls = {"aws:SecureTransport": "true"}
    assert _denied(dev, bucket, tls) == set()
    assert _denied(dev, bucket, tls | {ENCRYPTION: "aws:kms", KEY: _key_of(dev, bucket)}) == set()


@pytest.mark.parametrize("bucket", ["catalogue", "video", "analysis", "delivery"])
@pytest.mark.parametrize(
    ("headers", "by"),
    [
        ({ENCRYPTION: "AES256"}, {"OtherEncryption", "UnnamedKey"}),
        ({ENCRYPTION: "aws:kms"}, {"UnnamedKey"}),
        ({ENCRYPTION: "aws:kms", KEY: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"}, {"OtherKey"}),
        ({KEY: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"}, {"OtherKey"}),
        ({CUSTOMER: "AES256"}, {"CustomerKey"}),
        ({"aws:SecureTransport": "false"}, {"TlsOnly"}),
    ],
)
def test_a_put_under_anything_else_is_denied(
    dev: Recording, bucket: str, headers: dict[str, str], by: set[str]
) -> None:
    assert _denied(dev, bucket, {"aws:SecureTransport": "true"} | headers) == by


def test_double_encryption_is_another_encryption_also_under_the_right_key(dev: Recording) -> None:
    headers = {"aws:SecureTransport": "true", ENCRYPTION: "aws:kms:dsse", KEY: _key_of(dev, "video")}
    assert _denied(dev, "video", headers) == {"OtherEncryption"}


def test_media_convert_names_the_key_of_the_bucket_that_it_writes_to(dev: Recording) -> None:
    """It sends the key's ARN with every rendition, see `plan-segments`."""
    variables = dev.one("lambda/function:Function", "plan-segments").inputs["environment"]["variables"]
    assert variables["KEY_ARN"] == _key_of(dev, "delivery")


def test_every_bucket_but_the_log_bucket_logs_who_asked_for_what(recording: Recording) -> None:
    logging = recording.of("s3/bucketLogging:BucketLogging")
    logs = recording.one("s3/bucket:Bucket", "access-logs")
    assert {one.name for one in logging} == {one.name for one in recording.of("s3/bucket:Bucket")} - {logs.name}
    policy = recording.one("s3/bucketPolicy:BucketPolicy", logs.name)
    for one in logging:
        assert one.inputs["targetBucket"] == logs.state["bucket"]
        assert one.inputs["targetObjectKeyFormat"] == {"partitionedPrefix": {"partitionDateSource": "EventTime"}}
        assert policy.urn in one.dependencies


def test_only_logs_of_this_projects_buckets_come_into_the_log_bucket(stack: str, recording: Recording) -> None:
    logs = recording.one("s3/bucket:Bucket", "access-logs")
    (allowed,) = [
        one
        for one in statements(recording.one("s3/bucketPolicy:BucketPolicy", "access-logs"))
        if one["Effect"] == "Allow" and one["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    ]
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Resource"] == f"{logs.arn}/s3/*"
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::shoppable-video-{stack}-*"},
    }


def test_the_log_bucket_is_under_s3s_own_keys_and_expires(stack: str, recording: Recording) -> None:
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = recording.one(kind, "access-logs").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    lifecycle = recording.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "access-logs")
    (rule,) = lifecycle.inputs["rules"]
    assert rule["expiration"] == {"days": {"dev": 7, "staging": 30, "prod": 365}[stack]}
    assert "transitions" not in rule


def test_originals_are_archived_where_the_settings_say_so_and_nothing_else_ever(
    stack: str, recording: Recording
) -> None:
    archiving = recording.of("s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration")
    if stack == "dev":
        assert archiving == []
        return
    (films,) = archiving
    assert films.name == "video"
    assert films.inputs["filter"] == {"prefix": "videos/"}
    assert films.inputs["tierings"] == [{"accessTier": "ARCHIVE_ACCESS", "days": 180}]
    # No lifecycle rule moves anything into a class that has to be restored.
    for lifecycle in recording.of("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        for rule in lifecycle.inputs["rules"]:
            assert {one["storageClass"] for one in rule.get("transitions") or []} <= {"INTELLIGENT_TIERING"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"access_days": 89}, "access_days is 89; S3 takes 90 to 730"),
        ({"deep_days": 179}, "deep_days is 179; S3 takes 180 to 730"),
        ({"prefix": "", "access_days": 90}, "needs a prefix"),
    ],
)
def test_an_archive_refuses(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Archive(**({"prefix": "videos/"} | given))


def test_what_forgets_at_once_costs_nothing_or_counts_too_much_is_refused() -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match="days is 0; S3 takes 1 or more"):
        AccessLogsArgs(scope=nothing, days=0, deletion_protection=False)
    with pytest.raises(ValueError, match="monthly_usd is 0"):
        BudgetArgs(monthly_usd=0, tags={"project": "p", "environment": "dev"}, topic="t")
    with pytest.raises(ValueError, match="give two tags or more"):
        BudgetArgs(monthly_usd=1, tags={"environment": "dev"}, topic="t")


def _table(**changes: Any) -> Recording:
    def program() -> None:
        account, partition = pulumi.Output.from_input(ACCOUNT), pulumi.Output.from_input("aws")
        scope = Scope(project="p", environment="dev", region=REGION, account_id=account, partition=partition)
        key = Key("data", KeyArgs(scope=scope, description="data"))
        given: dict[str, Any] = {"partition_key": "a", "sort_key": "b", "indexes": {"by-c": ("c", "b")}}
        Table("things", TableArgs(key=key, deletion_protection=False, **(given | changes)))

    return record(program)


def test_a_table_reports_the_throttled_keys_of_itself_and_of_each_index() -> None:
    recording = _table()
    found = recording.of("dynamodb/contributorInsights:ContributorInsights")
    assert {one.inputs.get("indexName") for one in found} == {None, "by-c"}
    assert {one.inputs["mode"] for one in found} == {"THROTTLED_KEYS"}


def test_a_table_has_no_limit_and_no_stream_unless_told() -> None:
    table = _table().one("dynamodb/table:Table", "things")
    assert table.inputs.get("onDemandThroughput") is None
    assert table.inputs.get("streamEnabled") is None


def test_a_tables_limit_holds_for_its_indexes_too() -> None:
    table = _table(max_read_units=100, max_write_units=50).one("dynamodb/table:Table", "things")
    limit = {"maxReadRequestUnits": 100, "maxWriteRequestUnits": 50}
    assert table.inputs["onDemandThroughput"] == limit
    assert [one["onDemandThroughput"] for one in table.inputs["globalSecondaryIndexes"]] == [limit]


def test_a_table_streams_what_its_reader_wants() -> None:
    table = _table(stream="NEW_IMAGE").one("dynamodb/table:Table", "things")
    assert (table.inputs["streamEnabled"], table.inputs["streamViewType"]) == (True, "NEW_IMAGE")


@pytest.mark.parametrize("name", ["max_read_units", "max_write_units"])
def test_a_table_that_takes_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        _table(**{name: 0})


def test_the_settings_limit_every_table(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    recording = record_project(ROOT, "dev", tableMaxWriteUnits="40", playerDirectory=str(tmp_path))
    limits = [table.inputs["onDemandThroughput"] for table in recording.of("dynamodb/table:Table")]
    assert limits == [{"maxWriteRequestUnits": 40}] * 3


def test_a_dead_letter_queue_keeps_messages_for_longer_than_the_queue_that_they_come_from(dev: Recording) -> None:
    """A message keeps its age when it moves."""
    queues = {queue.arn: queue for queue in dev.of("sqs/queue:Queue")}
    pairs = [
        (queue, queues[queue.document("redrivePolicy")["deadLetterTargetArn"]])
        for queue in queues.values()
        if "redrivePolicy" in queue.inputs
    ]
    assert len(pairs) == 2
    for queue, dead in pairs:
        assert queue.inputs["messageRetentionSeconds"] == 4 * 86_400
        assert dead.inputs["messageRetentionSeconds"] == 14 * 86_400


@pytest.mark.parametrize("seconds", [-1, 43_201])
def test_a_queue_that_hides_messages_for_a_time_that_sqs_does_not_know_is_refused(seconds: int) -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match=f"visibility_timeout_seconds is {seconds}; SQS takes 0 to 43200"):
        QueueArgs(key=nothing, visibility_timeout_seconds=seconds)


def test_a_queue_nobody_sends_to_lets_no_service_in() -> None:
    def program() -> None:
        account, partition = pulumi.Output.from_input(ACCOUNT), pulumi.Output.from_input("aws")
        scope = Scope(project="p", environment="dev", region=REGION, account_id=account, partition=partition)
        key = Key("data", KeyArgs(scope=scope, description="data"))
        Queue("work", QueueArgs(key=key, visibility_timeout_seconds=60))

    for policy in record(program).of("sqs/queuePolicy:QueuePolicy"):
        assert [one["Effect"] for one in statements(policy)] == ["Deny"]
