"""Intelligent-Tiering's archive tiers in the embedded S3."""

import json
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.support.cloud import REGION, RunningCloud, unique

BODY = b"x" * (128 * 1024)


def age(cloud: RunningCloud, bucket: str, days: int) -> int:
    """So many days pass in which nobody reads; the number of objects that are archived then."""
    request = AWSRequest("PUT", f"{cloud.url}/{bucket}", params={"embedded-age": str(days)}, data=b"")
    credentials = Credentials(cloud.facts["access_key_id"], cloud.facts["secret_access_key"])
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == 200, answer.text
    return int(answer.text)


@pytest.fixture
def bucket(cloud: RunningCloud) -> str:
    """Films are archived after 90 days, and deeper after 180; everything is in Intelligent-Tiering."""
    name, s3 = cloud.bucket(), cloud.client("s3")
    rule = {
        "ID": "tiering",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}],
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket=name,
        Id="films",
        IntelligentTieringConfiguration={
            "Id": "films",
            "Status": "Enabled",
            "Filter": {"Prefix": "videos/"},
            "Tierings": [
                {"AccessTier": "ARCHIVE_ACCESS", "Days": 90},
                {"AccessTier": "DEEP_ARCHIVE_ACCESS", "Days": 180},
            ],
        },
    )
    return name


def restore(s3: Any, bucket: str, key: str, **more: Any) -> int:
    wanted = {"GlacierJobParameters": {"Tier": "Standard"}, **more}
    answer = s3.restore_object(Bucket=bucket, Key=key, RestoreRequest=wanted)
    return answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("days", "tier"), [(89, None), (90, "ARCHIVE_ACCESS"), (179, "ARCHIVE_ACCESS"), (180, "DEEP_ARCHIVE_ACCESS")]
)
def test_what_nobody_reads_is_archived_in_time(cloud: RunningCloud, bucket: str, days: int, tier: str | None) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="videos/a", Body=BODY)
    assert age(cloud, bucket, days) == (1 if tier else 0)
    head = s3.head_object(Bucket=bucket, Key="videos/a")
    assert head.get("ArchiveStatus") == tier
    assert head["ContentLength"] == len(BODY)


@pytest.mark.parametrize(("key", "body"), [("frames/a", BODY), ("videos/small", BODY[1:])])
def test_other_prefixes_and_small_objects_stay(cloud: RunningCloud, bucket: str, key: str, body: bytes) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert age(cloud, bucket, 700) == 0
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body


def test_without_the_storage_class_nothing_is_archived(cloud: RunningCloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.delete_bucket_lifecycle(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="videos/a", Body=BODY)
    assert age(cloud, bucket, 700) == 0
    s3.put_object(Bucket=bucket, Key="videos/b", Body=BODY, StorageClass="INTELLIGENT_TIERING")
    assert age(cloud, bucket, 700) == 1


def test_an_archived_object_is_neither_read_nor_copied_whatever_its_size(cloud: RunningCloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="videos/a", Body=BODY)
    s3.put_object(Bucket=bucket, Key="videos/large", Body=BODY * 4)
    assert age(cloud, bucket, 90) == 2
    for key in ("videos/a", "videos/large"):
        with pytest.raises(ClientError) as refused:
            s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-9")
        assert refused.value.response["Error"]["Code"] == "InvalidObjectState"
        assert refused.value.response["AccessTier"] == "ARCHIVE_ACCESS"
        with pytest.raises(ClientError, match="InvalidObjectState"):
            s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})


def test_a_restored_object_is_readable_again_and_said_to_be(cloud: RunningCloud) -> None:
    s3, name = cloud.client("s3"), unique("archive")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    configuration = {
        "Id": "all",
        "Status": "Enabled",
        "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}],
    }
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket=name, Id="all", IntelligentTieringConfiguration=configuration
    )
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    url, arn = cloud.queue()
    events, rule = cloud.client("events"), unique("restored")
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Restore Completed"],
        "detail": {"bucket": {"name": [name]}},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_object(Bucket=name, Key="a", Body=BODY, StorageClass="INTELLIGENT_TIERING")
    assert age(cloud, name, 100) == 1

    assert restore(s3, name, "a") == 202
    assert s3.head_object(Bucket=name, Key="a")["Restore"] == 'ongoing-request="true"'
    with pytest.raises(ClientError, match="RestoreAlreadyInProgress"):
        restore(s3, name, "a")
    message = cloud.receive(url)

    assert message is not None
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "a"
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == BODY
    assert "ArchiveStatus" not in s3.head_object(Bucket=name, Key="a")


def test_days_are_refused_for_a_tier_that_an_object_leaves_for_good(cloud: RunningCloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="videos/a", Body=BODY)
    age(cloud, bucket, 90)
    with pytest.raises(ClientError, match="Days must not be specified"):
        restore(s3, bucket, "videos/a", Days=1)


def test_one_version_is_archived_and_the_next_is_not(cloud: RunningCloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    old = s3.put_object(Bucket=bucket, Key="videos/a", Body=BODY)["VersionId"]
    age(cloud, bucket, 90)
    s3.put_object(Bucket=bucket, Key="videos/a", Body=b"new")
    assert s3.get_object(Bucket=bucket, Key="videos/a")["Body"].read() == b"new"
    with pytest.raises(ClientError, match="InvalidObjectState"):
        s3.get_object(Bucket=bucket, Key="videos/a", VersionId=old)


def test_a_log_bucket_must_let_the_logging_service_in(cloud: RunningCloud) -> None:
    s3, logs, source = cloud.client("s3"), cloud.bucket(), cloud.bucket()
    enabled = {
        "TargetBucket": logs,
        "TargetPrefix": "s3/",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    status = {"LoggingEnabled": enabled}
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=status)
    statement = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{logs}/*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{logs}/s3/*"],
        },
    ]
    s3.put_bucket_policy(Bucket=logs, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))

    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=status)

    assert s3.get_bucket_logging(Bucket=source)["LoggingEnabled"] == enabled
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=source)
