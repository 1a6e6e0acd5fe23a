"""What the patched moto must give. A new version of moto has to pass this before `MOTO_VERSION` is raised."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import moto
import pytest
from botocore.exceptions import ClientError

from embedded.cloud import moto_patches
from tests.support.cloud import RunningCloud, unique


def test_is_the_version_that_the_patches_are_for() -> None:
    assert moto.__version__ == moto_patches.MOTO_VERSION


def test_refuses_any_other_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moto, "__version__", "5.2.6")
    with pytest.raises(moto_patches.WrongMotoError, match=r"5\.2\.6"):
        moto_patches.apply()


class TestS3:
    @pytest.mark.parametrize("key", ["a+b %2B ü.mp4", "a//b", "a/./b", "?&#", " lead", "a\u2028b", "%"])
    def test_keeps_a_key_as_it_is(self, cloud: RunningCloud, key: str) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", Metadata={"my_key": "v"})
        [found] = s3.list_objects_v2(Bucket=bucket)["Contents"]
        assert found["Key"] == key
        got = s3.get_object(Bucket=bucket, Key=key)
        assert (got["Body"].read(), got["Metadata"]) == (b"x", {"my_key": "v"})

    def test_keeps_versions(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        versions = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
        s3.delete_object(Bucket=bucket, Key="k")
        for version, body in zip(versions, (b"1", b"2"), strict=True):
            assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == body
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=bucket, Key="k")

    def test_deletes_versions_and_markers_once_versioning_is_suspended(self, cloud: RunningCloud) -> None:
        s3, bucket = cloud.client("s3"), cloud.bucket()
        s3.put_object(Bucket=bucket, Key="key", Body=b"one")
        s3.delete_object(Bucket=bucket, Key="key")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        page = s3.list_object_versions(Bucket=bucket)
        found = [*page["Versions"], *page["DeleteMarkers"]]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)

    def test_streams_a_large_object_and_its_ranges(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        body = bytes(range(256)) * 40_000  # 10 MB
        s3.put_object(Bucket=bucket, Key="k", Body=body, ContentType="video/mp4")
        whole = s3.get_object(Bucket=bucket, Key="k")
        assert (whole["ContentLength"], whole["ContentType"]) == (len(body), "video/mp4")
        assert whole["Body"].read() == body
        for asked, wanted in {
            "bytes=5000000-5000009": body[5_000_000:5_000_010],
            "bytes=10239990-": body[-10:],
            "bytes=-7": body[-7:],
            "bytes=10239990-99999999": body[-10:],
        }.items():
            part = s3.get_object(Bucket=bucket, Key="k", Range=asked)
            assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
            assert part["Body"].read() == wanted
        assert part["ContentRange"] == "bytes 10239990-10239999/10240000"
        with pytest.raises(ClientError, match="InvalidRange"):
            s3.get_object(Bucket=bucket, Key="k", Range="bytes=10240000-")
        with pytest.raises(ClientError) as unchanged:
            s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=whole["ETag"])
        assert unchanged.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304

    def test_puts_the_parts_of_an_upload_together(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32")["UploadId"]
        parts: list[dict[str, Any]] = []
        for number, body in enumerate((b"a" * 5_242_880, b"b" * 100), 1):
            made = s3.upload_part(
                Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32"
            )
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert got["Body"].read() == b"a" * 5_242_880 + b"b" * 100
        assert got["ChecksumCRC32"].endswith("-2")
        assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC32"] == got["ChecksumCRC32"]
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
        assert len(s3.get_object(Bucket=bucket, Key="copy")["Body"].read()) == 5_242_980

    def test_gives_the_checksum_back(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        checksum = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
        s3.put_object(Bucket=bucket, Key="k", Body=b"body", ChecksumSHA256=checksum)
        assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"] == checksum
        assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"] == checksum

    def test_refuses_a_wrong_checksum(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        with pytest.raises(ClientError, match="BadDigest"):
            s3.put_object(Bucket=bucket, Key="k", Body=b"body", ChecksumSHA256=wrong)
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)

    def test_lets_a_conditional_put_win_once(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")

        def put(_number: int) -> bool:
            try:
                s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
            except ClientError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(put, range(16))) == 1

    def test_does_not_take_a_conditional_denial_for_a_denial(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        s3.put_object(Bucket=bucket, Key="k", Body=b"1")
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"

    def test_gives_back_an_intelligent_tiering_configuration(self, cloud: RunningCloud) -> None:
        bucket, s3 = cloud.bucket(), cloud.client("s3")
        config = {"Id": "all", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
        s3.put_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="all", IntelligentTieringConfiguration=config)
        got = s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="all")
        assert got["IntelligentTieringConfiguration"] == config
        listed = s3.list_bucket_intelligent_tiering_configurations(Bucket=bucket)
        assert listed["IntelligentTieringConfigurationList"] == [config]
        s3.delete_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="all")
        with pytest.raises(ClientError, match="NoSuchConfiguration"):
            s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="all")
        s3.head_bucket(Bucket=bucket)

    def test_refuses_a_setting_that_it_would_forget(self, cloud: RunningCloud) -> None:
        with pytest.raises(ClientError, match="NotImplemented"):
            cloud.client("s3").put_bucket_request_payment(
                Bucket=cloud.bucket(), RequestPaymentConfiguration={"Payer": "Requester"}
            )


class TestDynamoDb:
    @pytest.fixture
    def table(self, cloud: RunningCloud) -> str:
        name = unique("table")
        cloud.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def test_lets_a_conditional_write_win_once(self, cloud: RunningCloud, table: str) -> None:
        dynamodb = cloud.client("dynamodb")

        def put(number: int) -> bool:
            item = {"id": {"S": "one"}, "n": {"N": str(number)}}
            try:
                dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(id)")
            except dynamodb.exceptions.ConditionalCheckFailedException:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(put, range(32))) == 1

    def test_counts_every_update(self, cloud: RunningCloud, table: str) -> None:
        dynamodb = cloud.client("dynamodb")

        def add(_number: int) -> None:
            dynamodb.update_item(
                TableName=table,
                Key={"id": {"S": "one"}},
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(add, range(64)))
        assert dynamodb.get_item(TableName=table, Key={"id": {"S": "one"}})["Item"]["n"] == {"N": "64"}

    def test_applies_a_transaction_once_per_token(self, cloud: RunningCloud, table: str) -> None:
        dynamodb, token = cloud.client("dynamodb"), unique("t")[:36]

        def add(amount: str) -> None:
            update = {
                "TableName": table,
                "Key": {"id": {"S": "one"}},
                "UpdateExpression": "ADD n :n",
                "ExpressionAttributeValues": {":n": {"N": amount}},
            }
            dynamodb.transact_write_items(ClientRequestToken=token, TransactItems=[{"Update": update}])

        add("1")
        add("1")
        with pytest.raises(ClientError, match="IdempotentParameterMismatchException"):
            add("2")
        assert dynamodb.get_item(TableName=table, Key={"id": {"S": "one"}})["Item"]["n"] == {"N": "1"}


class TestSqs:
    def test_wakes_a_waiting_receiver(self, cloud: RunningCloud) -> None:
        url, _ = cloud.queue(KmsMasterKeyId="alias/aws/sqs")
        begun = time.monotonic()
        sender = threading.Timer(0.3, lambda: cloud.client("sqs").send_message(QueueUrl=url, MessageBody="now"))
        sender.start()
        message = cloud.receive(url, 15)
        assert message is not None
        assert time.monotonic() - begun < 5

    def test_does_not_keep_others_out_while_one_waits(self, cloud: RunningCloud) -> None:
        empty, _ = cloud.queue()
        waiting = threading.Thread(target=cloud.receive, args=(empty, 3))
        waiting.start()
        begun = time.monotonic()
        url, _ = cloud.queue()
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")
        assert cloud.receive(url) is not None
        assert time.monotonic() - begun < 2.5
        waiting.join()

    def test_moves_a_message_that_was_received_too_often(self, cloud: RunningCloud) -> None:
        dead, dead_arn = cloud.queue()
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
        url, _ = cloud.queue(RedrivePolicy=redrive, VisibilityTimeout="1")
        sqs = cloud.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="again")
        assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"] == "again"
        assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
        assert cloud.receive(dead) is not None


class TestLambda:
    def test_remembers_the_configuration_that_moto_forgets(self, cloud: RunningCloud) -> None:
        _, queue_arn = cloud.queue()
        group = unique("/functions")
        name = cloud.function(
            "echo",
            LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
            DeadLetterConfig={"TargetArn": queue_arn},
            TracingConfig={"Mode": "Active"},
        )
        found = cloud.client("lambda").get_function_configuration(FunctionName=name)
        assert found["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": group}
        assert found["DeadLetterConfig"] == {"TargetArn": queue_arn}
        assert found["TracingConfig"] == {"Mode": "Active"}
        assert found["ImageConfigResponse"]["ImageConfig"]["Command"] == ["cloud_functions.handlers.echo"]

    def test_changes_the_command_of_an_image(self, cloud: RunningCloud) -> None:
        name, client = cloud.function("echo"), cloud.client("lambda")
        client.update_function_configuration(
            FunctionName=name, ImageConfig={"Command": ["cloud_functions.handlers.asks_who_it_is"]}
        )
        answer = json.loads(client.invoke(FunctionName=name)["Payload"].read())
        assert answer.endswith(f"/{name}")


class TestCloudFront:
    def test_says_which_certificate_and_which_access_control_a_distribution_has(self, cloud: RunningCloud) -> None:
        client, arn = cloud.client("cloudfront"), "arn:aws:acm:us-east-1:123456789012:certificate/c"
        behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
        origin = {
            "Id": "o",
            "DomainName": "b.s3.eu-west-1.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
            "OriginAccessControlId": "E1",
        }
        certificates = (({"ACMCertificateArn": arn}, False), ({"CloudFrontDefaultCertificate": True}, True))
        for certificate, default in certificates:
            made = client.create_distribution(
                DistributionConfig={
                    "CallerReference": unique("d"),
                    "Comment": "",
                    "Enabled": True,
                    "Origins": {"Quantity": 1, "Items": [origin]},
                    "DefaultCacheBehavior": behaviour,
                    "ViewerCertificate": certificate,
                }
            )
            config = client.get_distribution_config(Id=made["Distribution"]["Id"])["DistributionConfig"]
            assert config["ViewerCertificate"]["CloudFrontDefaultCertificate"] is default
            [found] = config["Origins"]["Items"]
            assert (found["OriginAccessControlId"], found["S3OriginConfig"]) == ("E1", {"OriginAccessIdentity": ""})
