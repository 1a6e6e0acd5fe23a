"""MediaConvert behind its API, in a real cloud: jobs from S3 to S3, their ends, and who may do what."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.cloud.mediaconvert.api import TOKEN_SECONDS, MediaConvert
from tests.embedded.clips import make_clip
from tests.embedded.test_mediaconvert_encoding import captures, files, hls, job, rendition
from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique


def settings(source: str, destination: str, **group: Any) -> dict[str, Any]:
    made = job(hls(rendition(160, 90)), files(f"{destination}/poster", captures()))
    made["Inputs"][0]["FileInput"] = source
    made["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"] |= {
        "Destination": f"{destination}/index",
        **group,
    }
    return made


def finish(client: Any, job_id: str, seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        found = client.get_job(Id=job_id)["Job"]
        if found["Status"] in ("COMPLETE", "ERROR", "CANCELED"):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]["Code"]


def test_a_job_reads_from_s3_and_writes_encrypted_to_s3(cloud: RunningCloud, tmp_path: Path) -> None:
    s3, client, bucket = cloud.client("s3"), cloud.client("mediaconvert"), cloud.bucket()
    key_arn = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.upload_file(str(make_clip(tmp_path / "film.mp4")), bucket, "in/a+b %2B ü.mp4")
    encryption = {"EncryptionType": "SERVER_SIDE_ENCRYPTION_KMS", "KmsKeyArn": key_arn}
    destination = {"DestinationSettings": {"S3Settings": {"Encryption": encryption}}}
    order = settings(f"s3://{bucket}/in/a+b %2B ü.mp4", f"s3://{bucket}/out", **destination)
    role = cloud.role("mediaconvert.amazonaws.com")
    made = client.create_job(Role=role, Settings=order, UserMetadata={"k": "v"})["Job"]
    assert made["Status"] in ("SUBMITTED", "PROGRESSING")
    assert made["Settings"]["OutputGroups"] == order["OutputGroups"]
    done = finish(client, made["Id"])
    assert (done["Status"], done["JobPercentComplete"], done["UserMetadata"]) == ("COMPLETE", 100, {"k": "v"})
    (detail,) = done["OutputGroupDetails"][0]["OutputDetails"]
    assert detail == {"DurationInMs": 2000, "VideoDetails": {"WidthInPx": 160, "HeightInPx": 90}}
    assert done["Timing"]["SubmitTime"] <= done["Timing"]["StartTime"] <= done["Timing"]["FinishTime"]
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]}
    assert keys == {
        "out/index.m3u8",
        "out/index_90p.m3u8",
        "out/index_90p_00001.ts",
        "out/index_90p_00002.ts",
        "out/poster.0000000.jpg",
        "out/poster.0000001.jpg",
    }
    playlist = s3.head_object(Bucket=bucket, Key="out/index.m3u8")
    assert (playlist["ContentType"], playlist["SSEKMSKeyId"]) == ("application/vnd.apple.mpegurl", key_arn)
    assert made["Id"] in [entry["Id"] for entry in client.list_jobs(Status="COMPLETE")["Jobs"]]
    assert refused(client.cancel_job, Id=made["Id"]) == "ConflictException"


def test_state_changes_reach_a_rule(cloud: RunningCloud, tmp_path: Path) -> None:
    bucket, client = cloud.bucket(), cloud.client("mediaconvert")
    url, arn = cloud.queue()
    events, name = cloud.client("events"), unique("rule")
    mark = unique("mark")
    pattern = {"source": ["aws.mediaconvert"], "detail": {"userMetadata": {"mark": [mark]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    cloud.client("s3").upload_file(str(make_clip(tmp_path / "film.mp4", seconds=1)), bucket, "film.mp4")
    order = settings(f"s3://{bucket}/film.mp4", f"s3://{bucket}/out")
    role = cloud.role("mediaconvert.amazonaws.com")
    client.create_job(Role=role, Settings=order, UserMetadata={"mark": mark})
    told: dict[str, Any] = {}
    for _ in range(2):
        event = json.loads((cloud.receive(url) or {})["Body"])
        assert event["detail-type"] == "MediaConvert Job State Change"
        told[event["detail"]["status"]] = event["detail"]
    assert set(told) == {"PROGRESSING", "COMPLETE"}
    group = told["COMPLETE"]["outputGroupDetails"][0]
    assert group["playlistFilePaths"] == [f"s3://{bucket}/out/index.m3u8"]
    assert group["type"] == "HLS_GROUP"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [(None, 1010, "Unable to open input file"), (b"", 1010, "Unable to open"), (b"text", 1010, "Unable to open")],
)
def test_an_input_that_is_missing_or_no_film_ends_the_job_with_its_code(
    cloud: RunningCloud, body: bytes | None, code: int, words: str
) -> None:
    bucket, client = cloud.bucket(), cloud.client("mediaconvert")
    if body is not None:
        cloud.client("s3").put_object(Bucket=bucket, Key="film.mp4", Body=body)
    order = settings(f"s3://{bucket}/film.mp4", f"s3://{bucket}/out")
    made = client.create_job(Role=cloud.role("mediaconvert.amazonaws.com"), Settings=order)["Job"]
    done = finish(client, made["Id"])
    assert (done["Status"], done["ErrorCode"]) == ("ERROR", code)
    assert words in done["ErrorMessage"]
    assert "OutputGroupDetails" not in done


def test_a_destination_that_is_missing_and_a_role_of_others_end_the_job(cloud: RunningCloud, tmp_path: Path) -> None:
    bucket, client = cloud.bucket(), cloud.client("mediaconvert")
    cloud.client("s3").upload_file(str(make_clip(tmp_path / "film.mp4", seconds=1)), bucket, "film.mp4")
    nowhere = settings(f"s3://{bucket}/film.mp4", f"s3://{unique('absent')}/out")
    made = client.create_job(Role=cloud.role("mediaconvert.amazonaws.com"), Settings=nowhere)["Job"]
    assert finish(client, made["Id"])["ErrorCode"] == 3450
    order = settings(f"s3://{bucket}/film.mp4", f"s3://{bucket}/out")
    made = client.create_job(Role=cloud.role("lambda.amazonaws.com"), Settings=order)["Job"]
    assert finish(client, made["Id"])["ErrorCode"] == 1432


def test_a_running_job_is_canceled_and_writes_nothing(cloud: RunningCloud, tmp_path: Path) -> None:
    bucket, client, s3 = cloud.bucket(), cloud.client("mediaconvert"), cloud.client("s3")
    s3.upload_file(str(make_clip(tmp_path / "film.mp4", seconds=60)), bucket, "film.mp4")
    order = settings(f"s3://{bucket}/film.mp4", f"s3://{bucket}/out")
    made = client.create_job(Role=cloud.role("mediaconvert.amazonaws.com"), Settings=order)["Job"]
    deadline = time.monotonic() + 60
    while client.get_job(Id=made["Id"])["Job"].get("CurrentPhase") != "TRANSCODING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client.cancel_job(Id=made["Id"])
    assert client.get_job(Id=made["Id"])["Job"]["Status"] == "CANCELED"
    # The next job waits for the worker, so that the canceled one is really gone by then.
    last = settings(f"s3://{bucket}/none.mp4", f"s3://{bucket}/out")
    following = client.create_job(Role=cloud.role("mediaconvert.amazonaws.com"), Settings=last)["Job"]
    assert finish(client, following["Id"])["Status"] == "ERROR"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="out/")


def test_requests_that_do_not_fit_are_bad(cloud: RunningCloud) -> None:
    client = cloud.client("mediaconvert")
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    order = settings("s3://in-bucket/film.mp4", "s3://out-bucket/out")
    assert refused(client.create_job, Role=role, Settings={**order, "OutputGroups": []}) == "BadRequestException"
    assert refused(client.create_job, Role="any", Settings=order) == "BadRequestException"
    order["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]["SegmentControl"] = "SOMETIMES"
    assert refused(client.create_job, Role=role, Settings=order) == "BadRequestException"
    assert refused(client.get_job, Id="1-abcdef") == "NotFoundException"
    assert refused(client.create_job, Role=role, Settings=order, Queue="absent") == "BadRequestException"
    assert refused(client.create_preset, Name="p", Settings={}) == "UnknownOperationException"


def test_queues_are_made_listed_and_deleted(cloud: RunningCloud) -> None:
    client, name = cloud.client("mediaconvert"), unique("queue")
    arn = client.create_queue(Name=name, Tags={"a": "1"})["Queue"]["Arn"]
    assert arn == f"arn:aws:mediaconvert:{REGION}:{ACCOUNT}:queues/{name}"
    assert {"Default", name} <= {queue["Name"] for queue in client.list_queues()["Queues"]}
    client.tag_resource(Arn=arn, Tags={"b": "2"})
    assert client.list_tags_for_resource(Arn=arn)["ResourceTags"]["Tags"] == {"a": "1", "b": "2"}
    assert refused(client.create_queue, Name=name) == "ConflictException"
    client.delete_queue(Name=name)
    assert refused(client.get_queue, Name=name) == "NotFoundException"
    assert client.describe_endpoints()["Endpoints"][0]["Url"] == cloud.url


def test_a_token_gives_the_same_job_for_one_minute() -> None:
    from datetime import UTC, datetime, timedelta

    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    service = MediaConvert(REGION, ACCOUNT, "http://127.0.0.1:1", clock=lambda: now[0])
    order = settings("s3://in-bucket/film.mp4", "s3://out-bucket/out")
    call = {"Role": f"arn:aws:iam::{ACCOUNT}:role/any", "Settings": order, "ClientRequestToken": "t"}
    first = service.create_job(call)["Job"]["Id"]
    assert service.create_job(call)["Job"]["Id"] == first
    assert service.create_job({**call, "ClientRequestToken": "other"})["Job"]["Id"] != first
    now[0] += timedelta(seconds=TOKEN_SECONDS)
    assert service.create_job(call)["Job"]["Id"] != first


def test_a_state_machine_waits_for_its_job(cloud: RunningCloud, tmp_path: Path) -> None:
    bucket, client = cloud.bucket(), cloud.client("stepfunctions")
    cloud.client("s3").upload_file(str(make_clip(tmp_path / "film.mp4", seconds=1)), bucket, "film.mp4")
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::mediaconvert:createJob.sync",
        "Parameters": {"Role": cloud.role("mediaconvert.amazonaws.com"), "Settings.$": "$"},
        "ResultSelector": {"status.$": "$.Job.Status", "width.$": "$..VideoDetails.WidthInPx"},
        "End": True,
    }
    machine = client.create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"StartAt": "Transcode", "States": {"Transcode": state}}),
        roleArn=cloud.role("states.amazonaws.com"),
    )["stateMachineArn"]
    order = settings(f"s3://{bucket}/film.mp4", f"s3://{bucket}/out")
    arn = client.start_execution(stateMachineArn=machine, name="one", input=json.dumps(order))["executionArn"]
    deadline = time.monotonic() + 60
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"]) == {"status": "COMPLETE", "width": [160, 160]}
