"""Step Functions in a real cloud: calls over HTTP, under the machine's role, to real services."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import RunningCloud, unique


def run(cloud: RunningCloud, state: dict[str, Any], data: Any = None) -> dict[str, Any]:
    client = cloud.client("stepfunctions")
    machine = client.create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"StartAt": "Only", "States": {"Only": {**state, "End": True}}}),
        roleArn=cloud.role("states.amazonaws.com"),
    )["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, name="one", input=json.dumps(data))["executionArn"]
    deadline = time.monotonic() + 60
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def invoke(function: str, **fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, **fields}


def test_a_function_answers_and_its_error_is_the_class_that_it_raised(cloud: RunningCloud) -> None:
    found = run(cloud, invoke(cloud.function("echo"), OutputPath="$.Payload.event"), {"k": ["ü", None]})
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"]) == {"k": ["ü", None]}
    raised = run(cloud, invoke(cloud.function("raises")), {})
    assert (raised["error"], json.loads(raised["cause"])["errorMessage"]) == ("ValueError", "no good")
    assert run(cloud, invoke("absent"), {})["error"] == "Lambda.ResourceNotFoundException"


def test_a_condition_of_a_table_is_an_error_of_its_own(cloud: RunningCloud) -> None:
    name = unique("table")
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {
            "TableName": name,
            "Item": {"k": {"S.$": "$.k"}},
            "ConditionExpression": "attribute_not_exists(k)",
        },
    }
    assert run(cloud, state, {"k": "one"})["status"] == "SUCCEEDED"
    assert run(cloud, state, {"k": "one"})["error"] == "DynamoDB.ConditionalCheckFailedException"
    missing = {**state, "Parameters": {**state["Parameters"], "TableName": "absent"}}
    assert run(cloud, missing, {"k": "one"})["error"] == "DynamoDB.ResourceNotFoundException"


def test_a_role_that_states_may_not_assume_is_refused(cloud: RunningCloud) -> None:
    client = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}})
    with pytest.raises(ClientError, match=r"AccessDeniedException.*states\.amazonaws\.com is not authorized"):
        client.create_state_machine(name=unique("m"), definition=definition, roleArn=cloud.role("lambda.amazonaws.com"))


def test_a_distributed_map_reads_s3_and_runs_200_functions(cloud: RunningCloud) -> None:
    bucket, function = cloud.bucket(), cloud.function("echo")
    body = json.dumps(list(range(200))).encode()
    cloud.client("s3").put_object(Bucket=bucket, Key="items.json", Body=body)
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    each = invoke(function, ResultSelector={"status.$": "$.StatusCode"}, End=True)
    state = {
        "Type": "Map",
        "MaxConcurrency": 20,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key": "items.json"},
        },
        "ItemSelector": {"n.$": "$$.Map.Item.Value"},
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": "Each", "States": {"Each": each}},
    }
    found = run(cloud, state, {})
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"]) == [{"status": 200}] * 200
