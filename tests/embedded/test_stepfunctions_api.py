"""The API: definitions, names, histories, stops, task tokens, and what each kind of task calls."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from embedded.cloud.messages import Request
from embedded.cloud.protocols import JsonService, RefusedError, service_model
from embedded.cloud.stepfunctions import status_change
from embedded.cloud.stepfunctions.definition import DefinitionError, load
from embedded.cloud.stepfunctions.integrations import CallError
from tests.embedded.stepfunctions_support import FUNCTION, INVOKE, ROLE, Service, chain, function, one

PASS = {"Type": "Pass"}
END = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ({"StartAt": "A"}, "'States' must be an object"),
        ({"StartAt": "B", "States": {"A": END}}, "Missing 'StartAt' target: B"),
        ({"StartAt": "A", "States": {"A": {**PASS, "Next": "B"}}}, "Missing 'Next' target: B"),
        ({"StartAt": "A", "States": {"A": PASS}}, "Exactly one of 'Next' and 'End'"),
        ({"StartAt": "A", "States": {"A": END, "B": END}}, "State 'B' is not reachable"),
        ({"StartAt": "A", "States": {"A": {**PASS, "Next": "A"}}}, "No state ends"),
        (one({"Type": "Passs"}), "Unknown state type 'Passs'"),
        (one({**PASS, "Resultpath": "$"}), "Field 'Resultpath' is not supported"),
        (one({**PASS, "InputPath": "$.a["}), "not a valid JSONPath"),
        (one({**PASS, "ResultPath": "$.a[*]"}), "not a reference path"),
        (one({**PASS, "Parameters": {"a.$": "States.Nothing()"}}), "Invalid intrinsic function"),
        (one({**PASS, "Parameters": {"a.$": "plain"}}), "Invalid intrinsic function"),
        (one({"Type": "Task"}), "The field 'Resource' is required"),
        (one({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoque"}), "is not recognized"),
        (one({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem.sync"}), "is not recognized"),
        (one({"Type": "Task", "Resource": INVOKE, "Parameters": {"Payload": 1}}), '"functionname" is required'),
        (
            one({"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f", "X": 1}}),
            '"X" is not supported',
        ),
        (one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 0}), "must be a positive integer"),
        (one({"Type": "Task", "Resource": FUNCTION, "Retry": [{"MaxAttempts": 1}]}), "'ErrorEquals' must be"),
        (
            one(
                {
                    "Type": "Task",
                    "Resource": FUNCTION,
                    "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}],
                }
            ),
            "States.ALL must stand alone, and last",
        ),
        (one({"Type": "Wait"}), "Exactly one of Seconds"),
        (one({"Type": "Choice", "Choices": []}), "'Choices' must not be empty"),
        (
            chain(
                C={"Type": "Choice", "Choices": [{"Variable": "$.a", "StringIs": "b", "Next": "D"}]},
                D={"Type": "Succeed"},
            ),
            "exactly one known comparison",
        ),
        (one({"Type": "Map"}), "Exactly one of ItemProcessor"),
        (
            one({"Type": "Map", "ToleratedFailureCount": 1, "ItemProcessor": one(END)}),
            "'ToleratedFailureCount' needs the mode DISTRIBUTED",
        ),
        (one(END) | {"QueryLanguage": "JSONata"}, "Only the query language JSONPath"),
        (one({"Type": "Parallel", "Branches": [one(END), one(END)]}), "Duplicate state name: Only"),
    ],
)
def test_a_definition_that_is_wrong_is_refused_with_the_place(definition: Any, words: str) -> None:
    with pytest.raises(RefusedError, match="Invalid State Machine Definition") as refused:
        Service().create(definition)
    assert refused.value.code == "InvalidDefinition"
    assert words in refused.value.message


def test_a_refused_definition_leaves_later_ones_alone() -> None:
    service = Service()
    with pytest.raises(RefusedError):
        service.create(one({"Type": "Nonsense"}))
    assert service.output(one({**PASS, "Result": 1})) == 1


def test_all_problems_are_reported_by_validation() -> None:
    with pytest.raises(DefinitionError) as rejected:
        load(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Odd": 1}, "B": END}}))
    assert {problem.code for problem in rejected.value.problems} == {"SCHEMA_VALIDATION_FAILED", "UNREACHABLE_STATE"}
    assert len(rejected.value.problems) == 4


def _holding() -> tuple[Service, threading.Event]:
    release = threading.Event()
    return Service(function(lambda payload: (release.wait(10), payload)[1])), release


def test_the_same_name_and_input_give_the_running_execution_back_and_a_closed_one_not() -> None:
    service, release = _holding()
    arn = service.create(one({"Type": "Task", "Resource": FUNCTION}))
    call = {"stateMachineArn": arn, "name": "n", "input": "{}"}
    first = service.api.start_execution(call)
    assert service.api.start_execution(call) == first
    with pytest.raises(RefusedError) as refused:
        service.api.start_execution({**call, "input": '{"other":1}'})
    assert refused.value.code == "ExecutionAlreadyExists"
    release.set()
    service.finish(first["executionArn"])
    with pytest.raises(RefusedError) as refused:
        service.api.start_execution(call)
    assert refused.value.code == "ExecutionAlreadyExists"
    assert len(service.calls.made) == 1


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("a b", "{}", "InvalidName"), ("x" * 81, "{}", "InvalidName"), ("n", "{", "InvalidExecutionInput")],
)
def test_names_and_inputs_are_checked(name: str, data: str, code: str) -> None:
    service = Service()
    arn = service.create(one(END))
    with pytest.raises(RefusedError) as refused:
        service.api.start_execution({"stateMachineArn": arn, "name": name, "input": data})
    assert refused.value.code == code


def test_a_running_execution_keeps_the_definition_it_started_with() -> None:
    service, release = _holding()
    arn = service.start(chain(Call={"Type": "Task", "Resource": FUNCTION}, After={**PASS, "Result": "old"}))
    machine = service.api.describe_execution({"executionArn": arn})["stateMachineArn"]
    service.api.update_state_machine(
        {"stateMachineArn": machine, "definition": json.dumps(one({**PASS, "Result": "new"}))}
    )
    release.set()
    assert service.finish(arn).output == '"old"'
    again = service.api.start_execution({"stateMachineArn": machine, "name": "again"})
    assert service.finish(again["executionArn"]).output == '"new"'


def test_stop_aborts_at_once_and_is_told() -> None:
    service, release = _holding()
    arn = service.start(one({"Type": "Task", "Resource": FUNCTION}))
    service.api.stop_execution({"executionArn": arn, "error": "E", "cause": "C"})
    execution = service.finish(arn)
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "E", "C")
    assert service.types(arn)[-1] == "ExecutionAborted"
    assert service.changes[-1] == ("run", "ABORTED")
    release.set()


def test_an_execution_times_out_as_a_whole() -> None:
    service, release = _holding()
    arn = service.start(one({"Type": "Task", "Resource": FUNCTION}, TimeoutSeconds=1))
    assert service.finish(arn).status == "TIMED_OUT"
    assert service.types(arn)[-1] == "ExecutionTimedOut"
    release.set()


def test_the_history_of_an_invocation_has_the_documented_events() -> None:
    service = Service()
    state = {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "TimeoutSeconds": 9,
    }
    arn = service.start(one(state), {"k": 1})
    service.finish(arn)
    events = service.api.get_execution_history({"executionArn": arn})["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in events] == [0, 1, 2, 3, 4, 5, 6]
    scheduled = events[2]["taskScheduledEventDetails"]
    assert (scheduled["resourceType"], scheduled["resource"], scheduled["timeoutInSeconds"]) == ("lambda", "invoke", 9)
    assert json.loads(scheduled["parameters"]) == {"FunctionName": "f", "Payload": {"k": 1}}
    reverse = service.api.get_execution_history({"executionArn": arn, "reverseOrder": True, "maxResults": 2})
    assert [event["id"] for event in reverse["events"]] == [7, 6]
    rest = service.api.get_execution_history(
        {"executionArn": arn, "reverseOrder": True, "nextToken": reverse["nextToken"]}
    )
    assert len(rest["events"]) == 5


def test_a_function_by_its_arn_has_events_of_its_own() -> None:
    service = Service()
    arn = service.start(one({"Type": "Task", "Resource": FUNCTION}))
    service.finish(arn)
    assert service.types(arn)[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]


def test_an_endless_loop_ends_with_the_history_limit() -> None:
    machine = chain(
        Loop={**PASS, "Next": "Again"},
        Again={
            "Type": "Choice",
            "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "Done"}],
            "Default": "Loop",
        },
        Done={"Type": "Succeed"},
    )
    service = Service()
    arn = service.start(machine)
    execution = service.finish(arn, 60)
    assert execution.error == "States.Runtime"
    assert len(service.types(arn)) == 25_000


def test_every_response_fits_the_service_model() -> None:
    """Through the protocol: what a botocore client sends and reads."""
    service = Service()
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    arn = service.start(one({"Type": "Map", "ItemProcessor": {**chain(Each=PASS), **config}}), [1])
    service.finish(arn)
    answer = JsonService(service_model("stepfunctions"), service.api)
    run = service.api.list_map_runs({"executionArn": arn})["mapRuns"][0]["mapRunArn"]
    machine = service.api.describe_execution({"executionArn": arn})["stateMachineArn"]
    for operation, params in {
        "DescribeExecution": {"executionArn": arn},
        "DescribeStateMachine": {"stateMachineArn": machine},
        "DescribeStateMachineForExecution": {"executionArn": arn},
        "GetExecutionHistory": {"executionArn": arn},
        "ListExecutions": {"mapRunArn": run},
        "ListMapRuns": {"executionArn": arn},
        "DescribeMapRun": {"mapRunArn": run},
        "ListStateMachines": {},
        "ListTagsForResource": {"resourceArn": machine},
    }.items():
        headers = {"x-amz-target": f"AWSStepFunctions.{operation}"}
        body = io.BytesIO(json.dumps(params).encode())
        response = answer(Request("POST", "/", "", headers, body))
        assert response.status == 200, (operation, response.body)


def test_histories_of_every_ending_fit_the_service_model() -> None:
    fails = {"Type": "Fail", "Error": "E"}
    call = {"Type": "Task", "Resource": FUNCTION, "End": True}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}

    def body(payload: Any) -> Any:
        raise ValueError(payload)

    service = Service(function(body))
    answer = JsonService(service_model("stepfunctions"), service.api)
    for state in (
        {"Type": "Parallel", "Branches": [chain(Inner=fails), chain(Slow={"Type": "Wait", "Seconds": 9})]},
        {"Type": "Map", "ItemProcessor": chain(Each=call)},
        {"Type": "Map", "ItemProcessor": {**chain(Each=call), **config}},
    ):
        arn = service.start(one(state), [1, 2])
        service.finish(arn)
        service.api.redrive_execution({"executionArn": arn})
        service.finish(arn)
        request = {"x-amz-target": "AWSStepFunctions.GetExecutionHistory"}
        body_text = json.dumps({"executionArn": arn}).encode()
        response = answer(Request("POST", "/", "", request, io.BytesIO(body_text)))
        events = json.loads(bytes(response.body))["events"]  # type: ignore[arg-type]
        assert {"ExecutionFailed", "ExecutionRedriven"} <= {event["type"] for event in events}


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("DescribeExecution", {"executionArn": "arn:none"}, "ExecutionDoesNotExist"),
        ("DescribeExecution", {}, "ValidationException"),
        ("DescribeExecution", {"executionArn": "a", "odd": 1}, "ValidationException"),
        ("CreateActivity", {"name": "a"}, "UnknownOperationException"),
        ("Nonsense", {}, "UnknownOperationException"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(target: str, body: dict, code: str) -> None:
    answer = JsonService(service_model("stepfunctions"), Service().api)
    request = Request(
        "POST", "/", "", {"x-amz-target": f"AWSStepFunctions.{target}"}, io.BytesIO(json.dumps(body).encode())
    )
    response = answer(request)
    assert response.status >= 400
    assert json.loads(bytes(response.body))["__type"] == code  # type: ignore[arg-type]


def _answer(result: dict[str, Any]):
    return lambda _service, _operation, _params: result


@pytest.mark.parametrize(
    ("resource", "parameters", "call", "sent"),
    [
        (
            "arn:aws:states:::dynamodb:updateItem",
            {"TableName": "t", "Key": {"k": {"S.$": "$.k"}}, "ReturnValues": "ALL_NEW"},
            ("dynamodb", "UpdateItem"),
            {"TableName": "t", "Key": {"k": {"S": "v"}}, "ReturnValues": "ALL_NEW"},
        ),
        (
            "arn:aws:states:::sqs:sendMessage",
            {"QueueUrl": "u", "MessageBody": {"a.$": "$.k"}},
            ("sqs", "SendMessage"),
            {"QueueUrl": "u", "MessageBody": '{"a":"v"}'},
        ),
        (
            "arn:aws:states:::sns:publish",
            {"TopicArn": "t", "Message": {"a": 1}},
            ("sns", "Publish"),
            {"TopicArn": "t", "Message": '{"a":1}'},
        ),
        (
            "arn:aws:states:::aws-sdk:s3:headObject",
            {"Bucket": "b", "Key.$": "$.k"},
            ("s3", "HeadObject"),
            {"Bucket": "b", "Key": "v"},
        ),
        (
            "arn:aws:states:::aws-sdk:sfn:stopExecution",
            {"ExecutionArn": "a"},
            ("stepfunctions", "StopExecution"),
            {"executionArn": "a"},
        ),
        (
            "arn:aws:states:::mediaconvert:createJob",
            {"Role": "r", "Settings": {"Inputs": [{"FileInput": "s3://b/k"}]}},
            ("mediaconvert", "CreateJob"),
            {"Role": "r", "Settings": {"Inputs": [{"FileInput": "s3://b/k"}]}},
        ),
    ],
)
def test_each_resource_makes_its_call_under_the_role(resource: str, parameters: dict, call: tuple, sent: dict) -> None:
    service = Service(_answer({}))
    service.output(one({"Type": "Task", "Resource": resource, "Parameters": parameters}), {"k": "v"})
    assert service.calls.made == [(ROLE, *call, sent)]


ITEM = {"TableName": "t", "Item": {}}
CONDITION = CallError("ConditionalCheckFailedException", "")
INVALID = CallError("ValidationException", "", modeled=False)
DENIED = CallError("AccessDeniedException", "", 403, modeled=False)
BAD = CallError("BadRequestException", "")
NO_KEY = CallError("NoSuchKey", "", 404)
JOB_PARAMETERS = {"Role": "r", "Settings": {}}


@pytest.mark.parametrize(
    ("resource", "parameters", "error", "name"),
    [
        ("dynamodb:putItem", ITEM, CONDITION, "DynamoDB.ConditionalCheckFailedException"),
        ("dynamodb:putItem", ITEM, INVALID, "DynamoDB.AmazonDynamoDBException"),
        ("lambda:invoke", {"FunctionName": "f"}, DENIED, "Lambda.AWSLambdaException"),
        ("mediaconvert:createJob.sync", JOB_PARAMETERS, BAD, "MediaConvert.BadRequestException"),
        ("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"}, NO_KEY, "S3.NoSuchKeyException"),
        ("aws-sdk:dynamodb:query", {"TableName": "t"}, INVALID, "DynamoDb.DynamoDbException"),
    ],
)
def test_errors_have_the_names_that_states_catch(resource: str, parameters: dict, error: CallError, name: str) -> None:
    def answer(*_: Any) -> dict:
        raise error

    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters}
    assert Service(answer).run(one(state)).error == name


def test_put_events_adds_the_execution_and_fails_on_a_failed_entry() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"a.$": "$.k"}}]},
    }
    service = Service(_answer({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}))
    arn = service.start(one(state), {"k": 1})
    service.finish(arn)
    (entry,) = service.calls.made[0][3]["Entries"]
    assert entry["Detail"] == '{"a":1}'
    assert entry["Resources"] == [arn, arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]]
    failing = Service(_answer({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}))
    assert failing.run(one(state), {"k": 1}).error == "EventBridge.FailedEntry"


class Jobs:
    """MediaConvert whose job takes a few looks to end."""

    def __init__(self, status: str) -> None:
        self.status, self.looks, self.cancelled = status, 0, threading.Event()

    def __call__(self, _service: str, operation: str, _params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "CancelJob":
            self.cancelled.set()
            return {}
        self.looks += 1
        return {"Job": {"Id": "j", "Status": self.status if self.looks > 3 else "PROGRESSING"}}


JOB = {
    "Type": "Task",
    "Resource": "arn:aws:states:::mediaconvert:createJob.sync",
    "Parameters": {"Role": "r", "Settings": {}},
}


@pytest.mark.parametrize(
    ("status", "error"), [("COMPLETE", None), ("ERROR", "States.TaskFailed"), ("CANCELED", "States.TaskFailed")]
)
def test_a_sync_task_follows_its_job_to_the_end(status: str, error: str | None) -> None:
    service = Service(Jobs(status))
    arn = service.start(one({**JOB, "OutputPath": "$.Job.Id"}))
    execution = service.finish(arn)
    assert execution.error == error
    assert error or execution.output == '"j"'
    assert "TaskSubmitted" in service.types(arn)


def test_a_stopped_execution_cancels_its_job() -> None:
    jobs = Jobs("PROGRESSING")
    service = Service(jobs)
    arn = service.start(one(JOB))
    while jobs.looks < 2:
        time.sleep(0.01)
    service.api.stop_execution({"executionArn": arn})
    assert jobs.cancelled.wait(5)


def _waiting(**fields: Any) -> tuple[Service, str, str]:
    token: list[str] = []
    ready = threading.Event()

    def answer(_service: str, _operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        token.append(json.loads(params["MessageBody"])["t"])
        ready.set()
        return {}

    service = Service(answer)
    parameters = {"QueueUrl": "u", "MessageBody": {"t.$": "$$.Task.Token"}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": parameters}
    arn = service.start(one({**state, **fields}))
    assert ready.wait(5)
    return service, arn, token[0]


def test_a_token_brings_the_output_and_works_once() -> None:
    service, arn, token = _waiting()
    service.api.send_task_heartbeat({"taskToken": token})
    service.api.send_task_success({"taskToken": token, "output": '{"ok":1}'})
    assert service.finish(arn).output == '{"ok":1}'
    with pytest.raises(RefusedError) as refused:
        service.api.send_task_success({"taskToken": token, "output": "1"})
    assert refused.value.code == "TaskTimedOut"


def test_a_token_brings_the_failure() -> None:
    service, arn, token = _waiting()
    service.api.send_task_failure({"taskToken": token, "error": "Rejected", "cause": "no"})
    assert service.finish(arn).error == "Rejected"


def test_a_missing_heartbeat_times_the_task_out() -> None:
    service, arn, _ = _waiting(HeartbeatSeconds=1)
    assert service.finish(arn).error == "States.Timeout"


def test_a_strange_token_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        Service().api.send_task_success({"taskToken": "x", "output": "1"})
    assert refused.value.code == "InvalidToken"


def test_status_changes_are_told_with_the_documented_detail() -> None:
    service = Service()
    execution = service.run(one({"Type": "Fail", "Error": "E", "Cause": "C"}))
    assert service.changes == [("run", "RUNNING"), ("run", "FAILED")]
    event = status_change(execution)
    assert (event["source"], event["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    detail = event["detail"]
    assert (detail["status"], detail["error"], detail["cause"], detail["name"]) == ("FAILED", "E", "C", "run")
    assert isinstance(detail["startDate"], int)
    assert isinstance(detail["stopDate"], int)
