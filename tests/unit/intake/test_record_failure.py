import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from functions.intake.record_failure import logic
from functions.intake.record_failure.handler import handler
from tests.support.account import Context, make_table, own_account

EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:machine:one"
VIDEO = {"shop_id": "demo-shop", "video_id": "v-1"}
IMPORT = {"shop_id": "demo-shop", "import_id": "i-1"}


def any_change(given: object = VIDEO, **detail: Any) -> dict[str, Any]:
    fields = {
        "executionArn": EXECUTION,
        "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:machine",
        "name": "one",
        "status": "FAILED",
        "startDate": 1,
        "stopDate": 2,
        "input": json.dumps(given),
        "output": None,
        "error": "States.Runtime",
        "cause": "The path does not exist",
    }
    return {"time": "2026-11-21T01:02:03Z", "detail": fields | detail}


class Tables:
    def __init__(self) -> None:
        make_table("imports", "shop_id", "record")
        make_table("videos", "video_id", "record")

    def put(self, table: str, **item: str) -> None:
        resource: Any = boto3.resource("dynamodb")
        resource.Table(table).put_item(Item=item)

    def only(self, table: str) -> dict[str, Any]:
        resource: Any = boto3.resource("dynamodb")
        found = resource.Table(table).scan()["Items"]
        assert len(found) == 1
        return found[0]

    def count(self, table: str) -> int:
        resource: Any = boto3.resource("dynamodb")
        return len(resource.Table(table).scan()["Items"])


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    with own_account(monkeypatch, {"IMPORTS_TABLE": "imports", "VIDEOS_TABLE": "videos"}):
        yield Tables()


def handle(change: dict[str, Any]) -> bool:
    context: Any = Context()
    return handler(change, context)["recorded"]


@pytest.mark.parametrize("state", ["processing", "restoring"])
def test_dead_video_analysis_is_recorded_as_failed_with_its_cause(tables: Tables, state: str) -> None:
    tables.put("videos", video_id="v-1", record="status", state=state, execution=EXECUTION, shop_id="demo-shop")
    assert handle(any_change())
    record = tables.only("videos")
    assert record["state"] == "failed"
    assert record["reason"] == {"code": "States.Runtime", "message": "The path does not exist"}
    assert record["updated_at"] == "2026-11-21T01:02:03Z"
    assert record["shop_id"] == "demo-shop"


def test_dead_import_is_recorded_in_its_own_table(tables: Tables) -> None:
    tables.put("imports", shop_id="demo-shop", record="import#i-1", state="processing", execution=EXECUTION)
    assert handle(any_change(IMPORT, status="TIMED_OUT", error=None, cause=None))
    assert tables.only("imports")["reason"]["code"] == "TimedOut"


@pytest.mark.parametrize(
    ("state", "execution"), [("failed", EXECUTION), ("published", EXECUTION), ("processing", f"{EXECUTION}-newer")]
)
def test_record_that_another_end_or_execution_wrote_is_left_alone(tables: Tables, state: str, execution: str) -> None:
    tables.put("videos", video_id="v-1", record="status", state=state, execution=execution)
    assert not handle(any_change())
    assert tables.only("videos")["state"] == state


def test_execution_without_a_record_gets_none(tables: Tables) -> None:
    assert not handle(any_change())
    assert tables.count("videos") == 0


@pytest.mark.parametrize("given", [None, [], "text", {}, {"video_id": 7}, {"import_id": "i-1"}])
def test_execution_of_neither_pipeline_is_ignored(tables: Tables, given: object) -> None:
    assert not handle(any_change(given))


def test_input_that_the_event_does_not_hold_is_read_from_the_execution(tables: Tables) -> None:
    client: Any = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/machine"
    machine = client.create_state_machine(name="machine", definition=definition, roleArn=role)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, name="two", input=json.dumps(VIDEO))["executionArn"]
    tables.put("videos", video_id="v-1", record="status", state="processing", execution=execution)
    assert handle(any_change(executionArn=execution, input=None, error=None, cause=None, status="ABORTED"))
    assert tables.only("videos")["reason"]["code"] == "Aborted"


@pytest.mark.parametrize(
    ("error", "cause", "code", "message"),
    [
        ("RuntimeError", '{"errorMessage": "no disk", "stackTrace": ["x"]}', "RuntimeError", "no disk"),
        ("Lambda.Unknown", "not json", "Lambda.Unknown", "not json"),
        ("States.Timeout", "", "States.Timeout", "gave no cause"),
        ("weird error", "because", "Failed", "weird error: because"),
        (None, '["a"]', "Failed", '["a"]'),
        ("Big", "x" * 30_000, "Big", "x" * 2000),
    ],
)
def test_reason_is_readable_and_bounded(error: str | None, cause: str, code: str, message: str) -> None:
    ended = logic.Ended.model_validate(any_change(error=error, cause=cause)["detail"])
    reason = logic.reason(ended)
    assert reason.code == code
    assert message in reason.message
