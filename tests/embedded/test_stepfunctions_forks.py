"""Parallel, inline and distributed Map: order, failure, tolerance, readers, batches, redrive."""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from embedded.cloud.stepfunctions.integrations import CallError
from tests.embedded.stepfunctions_support import FUNCTION, Service, chain, function, one

CALL = {"Type": "Task", "Resource": FUNCTION, "End": True}


def inline(**fields: Any) -> dict:
    return one({"Type": "Map", "ItemProcessor": {"StartAt": "Each", "States": {"Each": CALL}}, **fields})


def distributed(**fields: Any) -> dict:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Each",
        "States": {"Each": CALL},
    }
    return one({"Type": "Map", "ItemProcessor": processor, **fields})


def storage(objects: dict[str, bytes], body: Any = None) -> Any:
    """S3 in a dict, and `body` as the function."""
    work = function(body or (lambda payload: payload))

    def answer(service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "GetObject":
            if params["Key"] not in objects:
                raise CallError("NoSuchKey", "The specified key does not exist.", 404)
            return {"Body": objects[params["Key"]]}
        if operation == "PutObject":
            objects[params["Key"]] = params["Body"]
            return {}
        return work(service, operation, params)

    return answer


def test_parallel_gives_the_outputs_of_its_branches_in_their_order() -> None:
    branches = [
        chain(Slow={"Type": "Wait", "Seconds": 0}, One={"Type": "Pass", "Result": 1}),
        chain(Two={"Type": "Pass"}),
    ]
    machine = one({"Type": "Parallel", "Branches": branches, "Parameters": {"k.$": "$.n"}})
    assert Service().output(machine, {"n": 5}) == [1, {"k": 5}]


def test_a_failing_branch_cancels_the_others_and_can_be_caught() -> None:
    started = threading.Event()

    def body(_payload: Any) -> Any:
        started.set()
        time.sleep(5)

    waits = {"StartAt": "Long", "States": {"Long": CALL}}
    fails = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Boom", "Cause": "because"}}}
    fork = {
        "Type": "Parallel",
        "Branches": [waits, fails],
        "Catch": [{"ErrorEquals": ["Boom"], "ResultPath": "$.e", "Next": "Done"}],
    }
    service = Service(function(body))
    began = time.monotonic()
    arn = service.start(chain(Fork=fork, Done={"Type": "Succeed"}), {"k": 1})
    execution = service.finish(arn)
    assert json.loads(execution.output or "") == {"k": 1, "e": {"Error": "Boom", "Cause": "because"}}
    assert time.monotonic() - began < 4
    assert "ParallelStateFailed" in service.types(arn)


def test_an_inline_map_of_1500_items_keeps_their_order() -> None:
    service = Service(function(lambda payload: payload["v"] * 2))
    machine = inline(ItemsPath="$.items", ItemSelector={"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"})
    began = time.monotonic()
    assert service.output(machine, {"items": list(range(1500))}) == [2 * at for at in range(1500)]
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("make", [inline, distributed])
def test_max_concurrency_is_never_exceeded(make: Any) -> None:
    lock, now, most, three = threading.Lock(), [0], [0], threading.Barrier(3)

    def body(payload: Any) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        three.wait(10)
        with lock:
            now[0] -= 1
        return payload

    assert Service(function(body)).output(make(MaxConcurrency=3), list(range(21))) == list(range(21))
    assert most[0] == 3


def test_an_inline_map_fails_with_the_error_of_its_item() -> None:
    def body(payload: Any) -> Any:
        if payload == 3:
            raise KeyError("three")
        return payload

    service = Service(function(body))
    arn = service.start(inline(), list(range(5)))
    assert service.finish(arn).error == "KeyError"
    assert {"MapIterationFailed", "MapStateFailed"} <= set(service.types(arn))


def test_an_inline_map_over_no_items_gives_an_empty_array_and_over_none_an_error() -> None:
    assert Service().output(inline(), []) == []
    assert Service().run(inline(), {"not": "an array"}).error == "States.Runtime"


READERS = [
    ("JSON", b'[{"a":"1"},{"a":"2"}]', {}, [{"a": "1"}, {"a": "2"}]),
    ("JSON", b'{"x":{"y":[1,2,3]}}', {"ItemsPointer": "/x/y", "MaxItems": 2}, [1, 2]),
    ("JSONL", b'{"a":1}\n\n{"a":2}\n', {}, [{"a": 1}, {"a": 2}]),
    ("CSV", b'a,b\n1,"x,y"\n2,\n', {"CSVHeaderLocation": "FIRST_ROW"}, [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}]),
    (
        "CSV",
        b"1|2\n",
        {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["p", "q"], "CSVDelimiter": "PIPE"},
        [{"p": "1", "q": "2"}],
    ),
]


def reader(kind: str = "JSON", **config: Any) -> dict:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind, **config},
        "Parameters": {"Bucket": "held", "Key.$": "$.key"},
    }


@pytest.mark.parametrize(("kind", "body", "config", "items"), READERS)
def test_item_reader_reads_each_format(kind: str, body: bytes, config: dict, items: list) -> None:
    service = Service(storage({"data": body}))
    assert service.output(distributed(ItemReader=reader(kind, **config)), {"key": "data"}) == items


@pytest.mark.parametrize("body", [None, b"no json", b"7"])
def test_a_source_that_cannot_be_read_fails_the_item_reader(body: bytes | None) -> None:
    service = Service(storage({"data": body} if body else {}))
    assert service.run(distributed(ItemReader=reader()), {"key": "data"}).error == "States.ItemReaderFailed"


def test_batches_hold_at_most_the_items_and_bytes_allowed() -> None:
    batcher = {"MaxItemsPerBatch": 3, "BatchInput": {"k.$": "$.k"}}
    made = Service().output(distributed(ItemsPath="$.items", ItemBatcher=batcher), {"items": list(range(7)), "k": 1})
    assert made == [{"BatchInput": {"k": 1}, "Items": items} for items in ([0, 1, 2], [3, 4, 5], [6])]
    batcher = {"MaxInputBytesPerBatch": 40}
    made = Service().output(distributed(ItemsPath="$.items", ItemBatcher=batcher), {"items": ["x" * 10] * 5})
    assert [len(batch["Items"]) for batch in made] == [2, 2, 1]


def odd_fails(payload: Any) -> Any:
    if payload % 2:
        raise ValueError(payload)
    return payload


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailurePercentage": 0}, "FAILED"),
        ({"ToleratedFailurePercentage": 49}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 4}, "FAILED"),
        ({"ToleratedFailureCount": 5}, "SUCCEEDED"),
    ],
)
def test_a_distributed_map_tolerates_as_many_failures_as_it_says(tolerance: dict, status: str) -> None:
    service = Service(function(odd_fails))
    arn = service.start(distributed(**tolerance), list(range(10)))
    execution = service.finish(arn)
    assert execution.status == status
    (run,) = service.api.list_map_runs({"executionArn": arn})["mapRuns"]
    about = service.api.describe_map_run({"mapRunArn": run["mapRunArn"]})
    if status == "SUCCEEDED":
        assert json.loads(execution.output or "") == [0, 2, 4, 6, 8]
        assert about["itemCounts"]["failed"] == 5
    else:
        assert execution.error == "States.ExceedToleratedFailureThreshold"
        assert about["status"] == "FAILED"
        assert "MapRunFailed" in service.types(arn)
    assert sum(value for name, value in about["itemCounts"].items() if name not in ("total", "resultsWritten")) == 10


def test_children_are_executions_of_the_map_run_with_histories_of_their_own() -> None:
    service = Service()
    arn = service.start(distributed(Label="Work"), [1, 2, 3])
    service.finish(arn)
    (run,) = service.api.list_map_runs({"executionArn": arn})["mapRuns"]
    children = service.api.list_executions({"mapRunArn": run["mapRunArn"], "statusFilter": "SUCCEEDED"})["executions"]
    assert len(children) == 3
    assert ":mapRun:machine-0/Work:" in run["mapRunArn"]
    assert {":execution:machine-0/Work:" in child["executionArn"] for child in children} == {True}
    described = service.api.describe_execution({"executionArn": children[0]["executionArn"]})
    assert described["mapRunArn"] == run["mapRunArn"]
    history = service.api.get_execution_history({"executionArn": children[0]["executionArn"]})["events"]
    assert [event["type"] for event in history][-1] == "ExecutionSucceeded"


def test_result_writer_leaves_a_manifest_and_the_results() -> None:
    objects: dict[str, bytes] = {}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "held", "Prefix": "out"}}
    service = Service(storage(objects, odd_fails))
    output = service.output(distributed(ResultWriter=writer, ToleratedFailureCount=9), [0, 1, 2])
    manifest = json.loads(objects[output["ResultWriterDetails"]["Key"]])
    assert manifest["MapRunArn"] == output["MapRunArn"]
    (succeeded,) = manifest["ResultFiles"]["SUCCEEDED"]
    records = json.load(io.BytesIO(objects[succeeded["Key"]]))
    assert [json.loads(record["Output"]) for record in records] == [0, 2]
    (failed,) = manifest["ResultFiles"]["FAILED"]
    assert json.loads(objects[failed["Key"]])[0]["Error"] == "ValueError"


def test_200_children_finish_within_seconds() -> None:
    service = Service()
    began = time.monotonic()
    assert len(service.output(distributed(), list(range(200)))) == 200
    assert time.monotonic() - began < 10


def test_redrive_runs_only_what_had_not_succeeded() -> None:
    broken, seen, lock = [True], [], threading.Lock()

    def body(payload: Any) -> Any:
        with lock:
            seen.append(payload)
        if payload == 2 and broken[0]:
            raise ValueError("two")
        return payload

    service = Service(function(body))
    before = {"Type": "Task", "Resource": FUNCTION, "Parameters": "before", "ResultPath": None}
    machine = chain(Before=before, Every={**distributed(MaxConcurrency=1)["States"]["Only"]})
    arn = service.start(machine, [1, 2, 3])
    assert service.finish(arn).status == "FAILED"
    broken[0] = False
    service.api.redrive_execution({"executionArn": arn})
    execution = service.finish(arn)
    assert (execution.status, json.loads(execution.output or "")) == ("SUCCEEDED", [1, 2, 3])
    assert seen == ["before", 1, 2, 2, 3]
    assert {"ExecutionRedriven", "MapRunRedriven"} <= set(service.types(arn))


def test_redrive_keeps_the_finished_branches_of_a_parallel() -> None:
    broken, seen, lock = [True], [], threading.Lock()
    executions: queue.Queue[str] = queue.Queue()

    def body(payload: Any) -> Any:
        with lock:
            seen.append(payload)
        if payload == "b" and broken[0]:
            running = executions.get(timeout=10)
            while "TaskStateExited" not in service.types(running):
                time.sleep(0.01)
            raise ValueError("b")
        return payload

    def branch(name: str) -> dict:
        return {"StartAt": name, "States": {name: {**CALL, "Parameters": name}}}

    service = Service(function(body))
    arn = service.start(one({"Type": "Parallel", "Branches": [branch("a"), branch("b")]}))
    executions.put(arn)
    service.finish(arn)
    broken[0] = False
    service.api.redrive_execution({"executionArn": arn})
    assert json.loads(service.finish(arn).output or "") == ["a", "b"]
    assert sorted(seen) == ["a", "b", "b"]
