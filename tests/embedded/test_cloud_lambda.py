"""Functions really run: AWS's own runtime client in worker processes, called through the API."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import ACCOUNT, FUNCTIONS_ROOT, REGION, RunningCloud, start_cloud, unique


def call(cloud: RunningCloud, name: str, event: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    body = answer["Payload"].read()
    return (json.loads(body) if body else None), answer


def log_lines(cloud: RunningCloud, group: str) -> list[str]:
    logs = cloud.client("logs")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    found: list[str] = []
    for stream in streams:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        found += [event["message"] for event in events]
    return found


def test_returns_what_the_handler_returns(cloud: RunningCloud) -> None:
    result, answer = call(cloud, cloud.function("echo"), {"a": ["ü", 1]})
    assert result["event"] == {"a": ["ü", 1]}
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    assert result["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_uses_a_warm_worker_again(cloud: RunningCloud) -> None:
    name = cloud.function("echo")
    first, _ = call(cloud, name)
    second, _ = call(cloud, name)
    assert (second["pid"], second["started"]) == (first["pid"], first["started"])


def test_runs_the_new_configuration_after_an_update(cloud: RunningCloud) -> None:
    name = cloud.function("environment", Environment={"Variables": {"COLOUR": "red"}})
    assert call(cloud, name)[0]["variables"]["COLOUR"] == "red"
    cloud.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}}
    )
    assert call(cloud, name)[0]["variables"]["COLOUR"] == "blue"


def test_gives_the_worker_its_environment_and_nothing_of_the_daemon(cloud: RunningCloud) -> None:
    name = cloud.function("environment", MemorySize=512, Environment={"Variables": {"COLOUR": "red"}})
    found = call(cloud, name)[0]
    variables = found["variables"]
    assert found["directory"] == variables["LAMBDA_TASK_ROOT"] == str(FUNCTIONS_ROOT)
    assert variables["COLOUR"] == "red"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert variables["AWS_REGION"] == REGION
    assert variables["AWS_ENDPOINT_URL"] == cloud.url
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert Path(variables["TMPDIR"]).is_relative_to(cloud.state)
    assert not {"PWD", "USER", "SHLVL", "VIRTUAL_ENV"} & variables.keys()


def test_calls_aws_as_its_role(cloud: RunningCloud) -> None:
    role = cloud.role()
    name = cloud.function("asks_who_it_is", role=role)
    role_name = role.rpartition("/")[2]
    assert call(cloud, name)[0] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{name}"


def test_refuses_a_role_that_does_not_trust_lambda(cloud: RunningCloud) -> None:
    name = cloud.function("echo", role=cloud.role("ec2.amazonaws.com"))
    with pytest.raises(ClientError, match=r"AccessDeniedException.*lambda\.amazonaws\.com"):
        call(cloud, name)


def test_reports_an_exception_as_a_function_error(cloud: RunningCloud) -> None:
    problem, answer = call(cloud, cloud.function("raises"))
    assert answer["FunctionError"] == "Unhandled"
    assert (problem["errorType"], problem["errorMessage"]) == ("ValueError", "no good")
    assert 'raise ValueError("no good")' in problem["stackTrace"][0]


def test_kills_what_runs_into_its_timeout(cloud: RunningCloud) -> None:
    name = cloud.function("sleeps", Timeout=1)
    warm, _ = call(cloud, name, {"seconds": 0})
    begun = time.monotonic()
    problem, answer = call(cloud, name, {"seconds": 60})
    assert time.monotonic() - begun < 5
    assert answer["FunctionError"] == "Unhandled"
    assert problem["errorType"] == "Sandbox.Timedout"
    assert problem["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert not Path(f"/proc/{warm}").exists()
    assert call(cloud, name, {"seconds": 0})[0] != warm


def test_reports_a_crash_of_the_worker(cloud: RunningCloud) -> None:
    problem, answer = call(cloud, cloud.function("exits"))
    assert answer["FunctionError"] == "Unhandled"
    assert problem["errorType"] == "Runtime.ExitError"
    assert problem["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_reports_a_handler_that_cannot_be_imported(cloud: RunningCloud) -> None:
    name = cloud.function("not_there")
    for _ in range(2):
        problem, answer = call(cloud, name)
        assert answer["FunctionError"] == "Unhandled"
        assert problem["errorType"] == "Runtime.HandlerNotFound"


def test_refuses_a_response_above_six_megabytes(cloud: RunningCloud) -> None:
    problem, _ = call(cloud, cloud.function("answers_too_much"))
    assert problem["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(("kind", "size"), [("RequestResponse", 6_291_457), ("Event", 1_048_577)])
def test_refuses_a_payload_above_the_limit(cloud: RunningCloud, kind: str, size: int) -> None:
    name = cloud.function("echo")
    with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
        cloud.client("lambda").invoke(FunctionName=name, InvocationType=kind, Payload=b'"' + b"x" * (size - 2) + b'"')


def test_refuses_a_payload_that_is_no_json(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        cloud.client("lambda").invoke(FunctionName=cloud.function("echo"), Payload=b"{")


def test_refuses_a_function_that_does_not_exist(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(cloud, unique("nobody"))


def test_refuses_more_than_the_reserved_concurrency(cloud: RunningCloud) -> None:
    name = cloud.function("sleeps")
    cloud.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        call(cloud, name, {"seconds": 0})


def test_lets_those_wait_for_whom_there_is_no_worker(cloud: RunningCloud) -> None:
    name = cloud.function("sleeps")
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(call(cloud, name, {"seconds": 0.1})[0])) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 12
    assert len(set(pids)) <= 4


def test_writes_the_log_that_lambda_writes(cloud: RunningCloud) -> None:
    group = unique("/shop/functions")
    name = cloud.function("echo", LoggingConfig={"LogGroup": group})
    result, answer = call(cloud, name, LogType="Tail")
    lines = log_lines(cloud, group)
    request_id = result["request_id"]
    assert f"START RequestId: {request_id} Version: $LATEST" in lines
    assert "echo prints" in lines
    assert any(line.startswith("[WARNING]") and line.endswith("echo warns") for line in lines)
    assert f"END RequestId: {request_id}" in lines
    report = next(line for line in lines if line.startswith(f"REPORT RequestId: {request_id}"))
    assert "Init Duration" in report
    assert "Memory Size: 256 MB" in report
    assert base64.b64decode(answer["LogResult"]).decode().endswith(report)
    assert cloud.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"] == group


def test_runs_an_event_later(cloud: RunningCloud) -> None:
    url, _ = cloud.queue()
    name = cloud.function("copies_to_queue", Environment={"Variables": {"OUTPUT": url}})
    result, answer = call(cloud, name, {"n": 1}, InvocationType="Event")
    assert (result, answer["StatusCode"]) == (None, 202)
    message = cloud.receive(url)
    assert message is not None
    assert json.loads(message["Body"]) == {"n": 1}


def test_tries_an_event_again_and_sends_it_to_its_destination(cloud: RunningCloud) -> None:
    url, arn = cloud.queue()
    name = cloud.function("raises")
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    call(cloud, name, {"n": 1}, InvocationType="Event")
    message = cloud.receive(url)
    assert message is not None
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"] == {"n": 1}
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_sends_a_failed_event_to_the_dead_letter_queue(cloud: RunningCloud) -> None:
    url, arn = cloud.queue()
    name = cloud.function("raises", DeadLetterConfig={"TargetArn": arn})
    cloud.client("lambda").put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    call(cloud, name, {"n": 1}, InvocationType="Event")
    message = cloud.receive(url)
    assert message is not None
    assert json.loads(message["Body"]) == {"n": 1}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no good"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_daemon(tmp_path: Path, end: signal.Signals) -> None:
    own = start_cloud(tmp_path)
    pid = call(own, own.function("echo"))[0]["pid"]
    os.kill(own.process.pid, end)
    own.process.wait(20)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()
    assert (tmp_path / "daemon.json").exists() is (end == signal.SIGKILL)
