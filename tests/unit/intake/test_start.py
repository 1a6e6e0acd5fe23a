import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts import ids
from functions.contracts.catalogue import CatalogueImport
from functions.contracts.video import VideoAnalysis
from functions.intake.start import logic
from functions.intake.start.handler import handler
from functions.shared import aws, environment
from tests.support.account import Context, own_account

ROLE = "arn:aws:iam::123456789012:role/machine"
DEFINITION = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


def any_event(key: str = "videos/demo-shop/film.mp4", version_id: str = "v1", **given: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "event",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2026-11-21T00:00:00Z",
        "detail": {
            "bucket": {"name": "video"},
            "object": {"key": key, "version-id": version_id, "sequencer": "00655A9C", "size": 1, "etag": "e"},
            "request-id": "r",
        },
        **given,
    }


def any_record(body: object, message_id: str = "m1") -> dict[str, Any]:
    return {"messageId": message_id, "body": body if isinstance(body, str) else json.dumps(body)}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with own_account(monkeypatch, {"PIPELINE": "video", "ANALYSIS_REVISION": "1"}):
        client: Any = boto3.client("stepfunctions")
        arn = client.create_state_machine(name="video", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", arn)
        yield arn


def handle(*records: dict[str, Any]) -> list[str]:
    context: Any = Context()
    return [failed["itemIdentifier"] for failed in handler({"Records": list(records)}, context)["batchItemFailures"]]


def executions(machine: str) -> list[dict[str, Any]]:
    client: Any = boto3.client("stepfunctions")
    return client.list_executions(stateMachineArn=machine)["executions"]


def test_event_delivered_three_times_starts_one_execution_named_by_hash(machine: str) -> None:
    event = any_event()
    assert handle(any_record(event), any_record(event | {"id": "again"}, "m2")) == []
    assert handle(any_record(event)) == []
    assert [found["name"] for found in executions(machine)] == [
        ids.execution_name("video", "videos/demo-shop/film.mp4", "v1", "1")
    ]


def test_every_version_and_every_analysis_revision_gets_its_own_execution(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle(any_record(any_event(version_id="v1")), any_record(any_event(version_id="v2")))
    monkeypatch.setenv("ANALYSIS_REVISION", "2")
    environment.forget()
    handle(any_record(any_event(version_id="v1")))
    assert len(executions(machine)) == 3


@pytest.mark.parametrize(
    "key",
    [
        "videos/film.mp4",
        "videos/demo-shop/",
        "videos/demo-shop",
        "videos//film.mp4",
        "videos/Demo/film.mp4",
        "videos/-shop/film.mp4",
        f"videos/{'s' * 33}/film.mp4",
        "videos/demo_shop/film.mp4",
        "videos/demo-shop\n/film.mp4",
        "videos/demo-shop/folder/",
        "feeds/demo-shop/film.mp4",
        "/videos/demo-shop/film.mp4",
    ],
)
def test_key_without_shop_or_file_is_dropped_and_not_retried(machine: str, key: str) -> None:
    assert handle(any_record(any_event(key))) == []
    assert executions(machine) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "{}",
        json.dumps(any_event(source="aws.ec2")),
        json.dumps(any_event(**{"detail-type": "x"})),
    ],
)
def test_message_that_is_no_upload_is_dropped_and_not_retried(machine: str, body: str) -> None:
    assert handle(any_record(body)) == []
    assert executions(machine) == []


def test_only_what_could_not_be_started_comes_back_to_the_queue(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = boto3.client("stepfunctions")
    throttled = ids.execution_name("video", "videos/demo-shop/b.mp4", "v1", "1")

    class Throttling:
        def start_execution(self, **given: Any) -> Any:
            if given["name"] == throttled:
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution")
            return real.start_execution(**given)

    with monkeypatch.context() as patched:
        patched.setattr(aws, "stepfunctions", Throttling)
        failed = handle(*(any_record(any_event(f"videos/demo-shop/{name}.mp4"), name) for name in ("a", "b", "c")))
    assert failed == ["b"]
    assert len(executions(machine)) == 2


def test_key_is_taken_literally_and_input_has_no_event_id_and_no_clock() -> None:
    key = "videos/demo-shop/a+b %2B ü.mp4"
    start = logic.plan(json.dumps(any_event(key)), "video", "7")
    assert VideoAnalysis.model_validate_json(start.input) == VideoAnalysis(
        shop_id="demo-shop",
        video_id=ids.video_id("demo-shop", key),
        bucket="video",
        key=key,
        version_id="v1",
        sequencer="0" * 24 + "00655a9c",
        analysis_revision="7",
    )
    again = logic.plan(json.dumps(any_event(key, id="other", time="2027-01-01T00:00:00Z")), "video", "7")
    assert again == start


def test_feed_starts_an_import() -> None:
    start = logic.plan(json.dumps(any_event("feeds/demo-shop/sub/feed.tsv")), "catalogue", "1")
    given = CatalogueImport.model_validate_json(start.input)
    assert given.import_id == ids.import_id("demo-shop", "feeds/demo-shop/sub/feed.tsv", "v1")


def test_object_of_an_unversioned_bucket_has_the_version_null() -> None:
    event = any_event()
    del event["detail"]["object"]["version-id"]
    assert VideoAnalysis.model_validate_json(logic.plan(json.dumps(event), "video", "1").input).version_id == "null"


@given(st.integers(0, 16**32 - 1), st.integers(0, 16**32 - 1), st.booleans())
def test_padded_sequencers_compare_as_the_numbers_they_are(one: int, other: int, upper: bool) -> None:
    def padded(number: int) -> str:
        event = any_event()
        event["detail"]["object"]["sequencer"] = f"{number:X}" if upper else f"{number:x}"
        return VideoAnalysis.model_validate_json(logic.plan(json.dumps(event), "video", "1").input).sequencer

    assert (padded(one) < padded(other)) == (one < other)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_key_is_usable_or_said_to_be_not(shop: str, file: str, version: str) -> None:
    body = json.dumps(any_event(f"videos/{shop}/{file}", version))
    try:
        start = logic.plan(body, "video", "1")
    except logic.UnusableEvent:
        return
    assert len(start.name) <= 80
    assert start.name.isascii()
    assert json.loads(start.input)["key"] == f"videos/{shop}/{file}"
