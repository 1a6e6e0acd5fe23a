"""Queues to functions, S3 to EventBridge, EventBridge to its targets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique


def rule(cloud: RunningCloud, pattern: dict[str, Any], *targets: dict[str, Any], bus: str = "default") -> str:
    events, name = cloud.client("events"), unique("rule")
    arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)["FailedEntryCount"] == 0
    return str(arn)


def put(cloud: RunningCloud, source: str, detail: Any, bus: str = "default") -> str:
    entry = {"Source": source, "DetailType": "Tested", "Detail": json.dumps(detail), "EventBusName": bus}
    return str(cloud.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])


def body(cloud: RunningCloud, url: str, seconds: int = 15) -> Any:
    message = cloud.receive(url, seconds)
    assert message is not None
    return json.loads(message["Body"])


def mapping(cloud: RunningCloud, queue_arn: str, function: str, **options: Any) -> str:
    made = cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=queue_arn, FunctionName=function, **options
    )
    return str(made["UUID"])


class TestEventSourceMapping:
    def test_gives_a_message_to_the_function_and_deletes_it(self, cloud: RunningCloud) -> None:
        work, work_arn = cloud.queue()
        output, _ = cloud.queue()
        name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": output}})
        mapping(cloud, work_arn, name)
        attributes = {"colour": {"DataType": "String", "StringValue": "red"}}
        cloud.client("sqs").send_message(QueueUrl=work, MessageBody="hello", MessageAttributes=attributes)
        [record] = body(cloud, output)["Records"]
        assert record["body"] == "hello"
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"] == work_arn
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert record["messageAttributes"]["colour"]["stringValue"] == "red"
        assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"

    def test_gathers_a_batch_within_its_window(self, cloud: RunningCloud) -> None:
        work, work_arn = cloud.queue()
        output, _ = cloud.queue()
        name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": output}})
        mapping(
            cloud,
            work_arn,
            name,
            BatchSize=3,
            MaximumBatchingWindowInSeconds=20,
            ScalingConfig={"MaximumConcurrency": 2},
        )
        bodies: list[str] = []
        for number in range(6):
            cloud.client("sqs").send_message(QueueUrl=work, MessageBody=str(number))
        for _ in range(2):
            records = body(cloud, output, 20)["Records"]
            assert len(records) == 3
            bodies += [record["body"] for record in records]
        assert sorted(bodies) == list("012345")

    def test_keeps_only_the_failed_items_of_a_batch(self, cloud: RunningCloud) -> None:
        dead, dead_arn = cloud.queue()
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        work, work_arn = cloud.queue(VisibilityTimeout="1", RedrivePolicy=redrive)
        name = cloud.function("fails_bad_records")
        mapping(cloud, work_arn, name, FunctionResponseTypes=["ReportBatchItemFailures"])
        for text in ("good one", "bad one", "good two"):
            cloud.client("sqs").send_message(QueueUrl=work, MessageBody=text)
        message = cloud.receive(dead)
        assert message is not None
        assert message["Body"] == "bad one"
        assert cloud.receive(dead, 2) is None

    def test_redrives_what_makes_the_function_fail(self, cloud: RunningCloud) -> None:
        dead, dead_arn = cloud.queue()
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        work, work_arn = cloud.queue(VisibilityTimeout="1", RedrivePolicy=redrive)
        mapping(cloud, work_arn, cloud.function("raises"))
        cloud.client("sqs").send_message(QueueUrl=work, MessageBody="poison")
        message = cloud.receive(dead)
        assert message is not None
        assert message["Body"] == "poison"

    def test_drops_what_its_filter_does_not_want(self, cloud: RunningCloud) -> None:
        work, work_arn = cloud.queue()
        output, _ = cloud.queue()
        name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": output}})
        pattern = json.dumps({"body": {"kind": ["wanted"]}})
        mapping(cloud, work_arn, name, FilterCriteria={"Filters": [{"Pattern": pattern}]})
        for kind in ("other", "wanted"):
            cloud.client("sqs").send_message(QueueUrl=work, MessageBody=json.dumps({"kind": kind}))
        [record] = body(cloud, output)["Records"]
        assert json.loads(record["body"]) == {"kind": "wanted"}
        left = cloud.client("sqs").get_queue_attributes(QueueUrl=work, AttributeNames=["All"])["Attributes"]
        assert left["ApproximateNumberOfMessages"] == "0"

    def test_stops_when_it_is_deleted(self, cloud: RunningCloud) -> None:
        work, work_arn = cloud.queue()
        output, _ = cloud.queue()
        name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": output}})
        uuid = mapping(cloud, work_arn, name)
        cloud.client("lambda").delete_event_source_mapping(UUID=uuid)
        assert cloud.receive(work, 2) is None  # longer than a poll that was under way
        cloud.client("sqs").send_message(QueueUrl=work, MessageBody="nobody home")
        message = cloud.receive(work)
        assert message is not None
        assert message["Body"] == "nobody home"


class TestS3Events:
    def pattern(self, bucket: str) -> dict[str, Any]:
        return {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}

    def test_describes_a_put_as_s3_does(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        bucket = cloud.bucket(events=True)
        rule(cloud, self.pattern(bucket), {"Arn": arn})
        made = cloud.client("s3").put_object(Bucket=bucket, Key="in/a+b %2B ü.mp4", Body=b"12345")
        event = body(cloud, url)
        assert event["detail-type"] == "Object Created"
        assert (event["source"], event["account"], event["region"]) == ("aws.s3", ACCOUNT, REGION)
        assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
        detail = event["detail"]
        what = detail.pop("object")
        assert int(what.pop("sequencer"), 16) > 0
        etag = made["ETag"].strip('"')
        assert what == {"key": "in/a+b %2B ü.mp4", "size": 5, "etag": etag, "version-id": made["VersionId"]}
        assert len(detail.pop("request-id")) == 16
        assert detail == {
            "version": "0",
            "event-version": "1.0",
            "bucket": {"name": bucket},
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        }

    def test_reports_a_multipart_upload_once(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        bucket, s3 = cloud.bucket(events=True), cloud.client("s3")
        rule(cloud, self.pattern(bucket), {"Arn": arn})
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"1")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)
        assert body(cloud, url)["detail"]["reason"] == "CompleteMultipartUpload"
        assert cloud.receive(url, 1) is None

    def test_reports_copies_and_deletions_with_rising_sequencers(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        bucket, s3 = cloud.bucket(events=True), cloud.client("s3")
        rule(cloud, self.pattern(bucket), {"Arn": arn})
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
        s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
        marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
        details = [body(cloud, url)["detail"] for _ in range(3)]
        details.sort(key=lambda detail: detail["object"]["sequencer"])
        assert [detail["reason"] for detail in details] == ["PutObject", "CopyObject", "DeleteObject"]
        assert details[2]["deletion-type"] == "Delete Marker Created"
        assert details[2]["object"]["version-id"] == marker
        assert len({len(detail["object"]["sequencer"]) for detail in details}) == 1

    def test_says_nothing_where_eventbridge_is_off(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        bucket = cloud.bucket()
        rule(cloud, self.pattern(bucket), {"Arn": arn})
        cloud.client("s3").put_object(Bucket=bucket, Key="k", Body=b"1")
        assert cloud.receive(url, 1) is None


class TestEventBridge:
    def test_delivers_the_whole_event_to_queue_and_function(self, cloud: RunningCloud) -> None:
        queue, queue_arn = cloud.queue()
        output, _ = cloud.queue()
        name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": output}})
        source = unique("test")
        function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        rule(cloud, {"source": [source]}, {"Arn": queue_arn}, {"Arn": function_arn})
        identifier = put(cloud, source, {"n": 1})
        event = body(cloud, queue)
        assert event == body(cloud, output)
        assert (event["id"], event["detail"], event["detail-type"]) == (identifier, {"n": 1}, "Tested")
        assert event["time"].endswith("Z")

    def test_shapes_what_a_target_gets(self, cloud: RunningCloud) -> None:
        source = unique("test")
        constant, part, shaped = cloud.queue(), cloud.queue(), cloud.queue()
        transformer = {
            "InputPathsMap": {"name": "$.detail.name", "list": "$.detail.list"},
            "InputTemplate": '{"hello": "dear <name>", "items": <list>, "alone": <name>}',
        }
        rule(
            cloud,
            {"source": [source]},
            {"Arn": constant[1], "Input": '{"fixed": true}'},
            {"Arn": part[1], "InputPath": "$.detail"},
            {"Arn": shaped[1], "InputTransformer": transformer},
        )
        detail = {"name": 'An"na', "list": [1, {"a": None}]}
        put(cloud, source, detail)
        assert body(cloud, constant[0]) == {"fixed": True}
        assert body(cloud, part[0]) == detail
        assert body(cloud, shaped[0]) == {"hello": 'dear An"na', "items": [1, {"a": None}], "alone": 'An"na'}

    def test_passes_events_on_to_another_bus(self, cloud: RunningCloud) -> None:
        bus, source = unique("bus"), unique("test")
        bus_arn = cloud.client("events").create_event_bus(Name=bus)["EventBusArn"]
        url, arn = cloud.queue()
        rule(cloud, {"source": [source]}, {"Arn": bus_arn, "RoleArn": cloud.role("events.amazonaws.com")})
        rule(cloud, {"source": [source]}, {"Arn": arn}, bus=bus)
        put(cloud, source, {"n": 1})
        assert body(cloud, url)["detail"] == {"n": 1}

    def test_starts_a_state_machine_and_tells_of_its_end(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        source = unique("test")
        definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
        machine = cloud.client("stepfunctions").create_state_machine(
            name=unique("machine"), definition=json.dumps(definition), roleArn=cloud.role("states.amazonaws.com")
        )["stateMachineArn"]
        role = cloud.role("events.amazonaws.com")
        rule(cloud, {"source": [source]}, {"Arn": machine, "RoleArn": role, "InputPath": "$.detail"})
        ended = {"stateMachineArn": [machine], "status": ["SUCCEEDED"]}
        rule(cloud, {"source": ["aws.states"], "detail": ended}, {"Arn": arn})
        put(cloud, source, {"n": 1})
        event = body(cloud, url)
        assert event["detail-type"] == "Step Functions Execution Status Change"
        assert json.loads(event["detail"]["output"]) == {"n": 1}

    def test_does_not_deliver_for_a_disabled_rule(self, cloud: RunningCloud) -> None:
        url, arn = cloud.queue()
        source = unique("test")
        made = rule(cloud, {"source": [source]}, {"Arn": arn})
        cloud.client("events").disable_rule(Name=made.rpartition("/")[2])
        put(cloud, source, {})
        assert cloud.receive(url, 1) is None

    def test_buries_what_its_target_never_takes(self, cloud: RunningCloud) -> None:
        dead, dead_arn = cloud.queue()
        source = unique("test")
        missing = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{unique('missing')}"
        rule_arn = rule(cloud, {"source": [source]}, {"Arn": missing, "DeadLetterConfig": {"Arn": dead_arn}})
        put(cloud, source, {"n": 1})
        message = cloud.receive(dead)
        assert message is not None
        assert json.loads(message["Body"])["detail"] == {"n": 1}
        assert message["MessageAttributes"]["RULE_ARN"]["StringValue"] == rule_arn
        assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == missing

    def test_says_which_entries_it_does_not_take(self, cloud: RunningCloud) -> None:
        entries = [
            {"Source": "aws.s3", "DetailType": "x", "Detail": "{}"},
            {"Source": "test", "DetailType": "x", "Detail": "no json"},
            {"Source": "test", "DetailType": "x", "Detail": "{}"},
        ]
        answer = cloud.client("events").put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 2
        codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
        assert codes == ["NotAuthorizedForSourceException", "MalformedDetail", None]

    def test_refuses_what_it_would_never_deliver(self, cloud: RunningCloud) -> None:
        events, name = cloud.client("events"), unique("rule")
        with pytest.raises(ClientError, match="schedules"):
            events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")
        with pytest.raises(ClientError, match="InvalidEventPatternException"):
            events.put_rule(Name=name, EventPattern='{"source": [{"begins-with": "x"}]}')
        events.put_rule(Name=name, EventPattern='{"source": ["x"]}')
        machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
        for target in ({"Arn": machine}, {"Arn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/d"}):
            with pytest.raises(ClientError, match="ValidationException"):
                events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
