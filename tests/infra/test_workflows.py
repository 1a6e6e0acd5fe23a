"""State machines as deployed: filled in, logged, and allowed exactly what their states do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.policies import allows
from tests.support.recorder import Recorded, Recording

_MACHINES = ("catalogue-import", "video-analysis")


def _tasks(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("Type") == "Task":
            yield node
        for value in node.values():
            yield from _tasks(value)
    elif isinstance(node, list):
        for value in node:
            yield from _tasks(value)


def _machine(recording: Recording, name: str) -> Recorded:
    return recording.one("sfn/stateMachine:StateMachine", name)


@pytest.mark.parametrize("name", _MACHINES)
def test_no_placeholder_is_left(recording: Recording, name: str) -> None:
    assert "${" not in _machine(recording, name).inputs["definition"]


@pytest.mark.parametrize("name", _MACHINES)
def test_a_machine_calls_published_versions_and_may_call_any_but_nothing_else(dev: Recording, name: str) -> None:
    """Any: what was started before a deployment, or is rolled back, names older versions."""
    definition = _machine(dev, name).document("definition")
    called = {
        task["Parameters"]["FunctionName"] for task in _tasks(definition) if task["Resource"].endswith(":lambda:invoke")
    }
    published = {function.state["qualifiedArn"]: function.arn for function in dev.of("lambda/function:Function")}
    assert {f"{published[arn]}:*" for arn in called} == set(allows(dev, name, "lambda:InvokeFunction"))


@pytest.mark.parametrize("name", _MACHINES)
def test_a_machine_may_update_exactly_the_table_that_its_states_update(dev: Recording, name: str) -> None:
    tables = {table.state["name"]: table.arn for table in dev.of("dynamodb/table:Table")}
    updated = {
        tables[task["Parameters"]["TableName"]]
        for task in _tasks(_machine(dev, name).document("definition"))
        if ":dynamodb:" in task["Resource"]
    }
    assert updated == set(allows(dev, name, "dynamodb:UpdateItem"))


@pytest.mark.parametrize("name", _MACHINES)
def test_a_machine_reads_only_the_bucket_that_its_map_reads(dev: Recording, name: str) -> None:
    buckets = {bucket.state["bucket"]: bucket.arn for bucket in dev.of("s3/bucket:Bucket")}
    text = _machine(dev, name).inputs["definition"]
    read = {buckets[found] for found in re.findall(r'"Bucket":\s*"([^"]+)"', text)}
    assert {resource.partition("/")[0] for resource in allows(dev, name, "s3:GetObject")} == read


@pytest.mark.parametrize("name", _MACHINES)
def test_every_task_ends_in_time_is_tried_again_and_caught(dev: Recording, name: str) -> None:
    definition = _machine(dev, name).document("definition")
    inside_maps = json.dumps([task for task in _tasks(definition) if "Catch" not in task])
    for task in _tasks(definition):
        assert task.get("TimeoutSeconds", task.get("TimeoutSecondsPath")), task
        if not task["Resource"].endswith("createJob.sync"):
            assert task["Retry"], task
    # A state inside a Map or Parallel is caught by the state around it.
    assert '"Next": "RecordFailed"' not in inside_maps


@pytest.mark.parametrize("name", _MACHINES)
def test_a_function_that_wakes_up_is_waited_for_longer_than_a_fault(dev: Recording, name: str) -> None:
    """An image that was not used for weeks refuses calls until it is optimised again, a minute or two.

    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html
    """
    waking = {
        f"Lambda.{error}Exception" for error in ("CodeArtifactUserPending", "ResourceConflict", "ResourceNotReady")
    }
    calls = [
        task
        for task in _tasks(_machine(dev, name).document("definition"))
        if task["Resource"].endswith(":lambda:invoke")
    ]
    assert calls
    for task in calls:
        retrier = task["Retry"][0]
        assert set(retrier["ErrorEquals"]) == waking
        longest = sum(
            min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt, retrier["MaxDelaySeconds"])
            for attempt in range(retrier["MaxAttempts"])
        )
        assert longest >= 300


@pytest.mark.parametrize("name", _MACHINES)
def test_an_error_without_a_cause_is_given_one_before_it_is_recorded(dev: Recording, name: str) -> None:
    """A timeout, for one, may come without: a path that is not there would end the execution unrecorded."""
    states = _machine(dev, name).document("definition")["States"]
    first = states["WhoseError"]["Choices"][0]
    assert (first["Variable"], first["IsPresent"]) == ("$.error.Cause", False)
    given = states[first["Next"]]
    assert given["Parameters"]["Cause"]
    assert (given["ResultPath"], given["Next"]) == ("$.error", "RecordFailed")


@pytest.mark.parametrize("name", _MACHINES)
def test_a_machine_is_encrypted_traced_and_logs_everything_to_a_vended_group(recording: Recording, name: str) -> None:
    machine, group = _machine(recording, name), recording.one("cloudwatch/logGroup:LogGroup", name)
    assert group.inputs["namePrefix"].startswith("/aws/vendedlogs/states/")
    assert machine.inputs["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "logDestination": f"{group.arn}:*",
    }
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
    assert machine.inputs["type"] == "STANDARD"
    assert machine.inputs["encryptionConfiguration"] == {
        "type": "CUSTOMER_MANAGED_KMS_KEY",
        "kmsKeyId": recording.one("kms/key:Key", "data").arn,
        "kmsDataKeyReusePeriodSeconds": 300,
    }
    assert allows(recording, name, "logs:CreateLogDelivery") == ["*"]


@pytest.mark.parametrize("name", _MACHINES)
def test_a_machine_is_published_and_live_sends_everything_to_the_latest_version(
    recording: Recording, name: str
) -> None:
    machine, alias = _machine(recording, name), recording.one("sfn/alias:Alias", name)
    assert machine.inputs["publish"] is True
    assert alias.inputs["name"] == "live"
    assert alias.inputs["routingConfigurations"] == [
        {"stateMachineVersionArn": machine.state["stateMachineVersionArn"], "weight": 100}
    ]


def test_a_machine_has_a_name_of_its_own_in_every_stack() -> None:
    from tests.support.recorder import STACKS, record_stack

    names = [_machine(record_stack(stack), name).inputs["name"] for stack in STACKS for name in _MACHINES]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 80 and name.isascii() for name in names)


def test_transcoding_is_allowed_and_its_end_is_heard_of(dev: Recording) -> None:
    here = "arn:aws:{}:eu-central-1:123456789012:{}"
    # A job is made in a queue; there is none yet to name.
    assert allows(dev, "video-analysis", "mediaconvert:CreateJob") == [here.format("mediaconvert", "queues/*")]
    for action in ("mediaconvert:GetJob", "mediaconvert:CancelJob", "mediaconvert:TagResource"):
        assert allows(dev, "video-analysis", action) == [here.format("mediaconvert", "jobs/*")]
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        assert allows(dev, "video-analysis", action) == [
            here.format("events", "rule/StepFunctionsGetEventsForMediaConvertJobRule")
        ]
    assert not allows(dev, "catalogue-import", "mediaconvert:CreateJob")
