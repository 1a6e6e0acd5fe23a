"""States, branch by branch: paths, choices, waits, retries, catches."""

from __future__ import annotations

import json
import threading

import pytest

from embedded.cloud.stepfunctions.integrations import CallError
from tests.embedded.stepfunctions_support import FUNCTION, INVOKE, Service, chain, function, one

DATA = {"a": {"b": [1, 2, {"c": "x"}]}, "n": 3, "s": "text", "items": [{"id": 1, "ok": True}, {"id": 2, "ok": False}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, DATA),
        ({"InputPath": "$.a"}, {"b": [1, 2, {"c": "x"}]}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.a.b[2].c"}, "x"),
        ({"OutputPath": "$.a.b[-1]['c']"}, "x"),
        ({"OutputPath": "$.items[*].id"}, [1, 2]),
        ({"OutputPath": "$.items[?(@.ok == true)].id"}, [1]),
        ({"OutputPath": "$.items[?(@.id > 1 && !@.nothing)].id"}, [2]),
        ({"OutputPath": "$..id"}, [1, 2]),
        ({"OutputPath": "$.a.b[0:2]"}, [1, 2]),
        ({"OutputPath": "$.a.b[0,1]"}, [1, 2]),
        ({"OutputPath": "$.a.b.length()"}, 3),
        ({"Result": {"r": 1}}, {"r": 1}),
        ({"Result": 5, "ResultPath": "$.n"}, {**DATA, "n": 5}),
        ({"Result": 5, "ResultPath": "$.x.y"}, {**DATA, "x": {"y": 5}}),
        ({"Result": 5, "ResultPath": None}, DATA),
        ({"Parameters": {"k.$": "$.a.b[0]", "fixed": [{"deep.$": "$.s"}]}}, {"k": 1, "fixed": [{"deep": "text"}]}),
        ({"Parameters": {"name.$": "$$.State.Name"}}, {"name": "Only"}),
        ({"Parameters": {"in.$": "$$.Execution.Input.n", "at.$": "$$.Execution.Name"}}, {"in": 3, "at": "run"}),
        ({"Parameters": {"f.$": "States.Format('{}-{}', $.s, $.n)"}}, {"f": "text-3"}),
        ({"InputPath": "$.a", "Parameters": {"v.$": "$.b[1]"}, "ResultPath": "$.v"}, {**DATA, "v": {"v": 2}}),
    ],
)
def test_pass_applies_paths_and_templates(fields: dict, expected: object) -> None:
    assert Service().output(one({"Type": "Pass", **fields}), DATA) == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"InputPath": "$.absent"}, "The JSONPath '$.absent' could not be found in the input"),
        ({"Parameters": {"k.$": "$.a.z"}}, "The JSONPath '$.a.z' specified for the field 'k.$' could not be found"),
        ({"OutputPath": "$.a.b[7]"}, "'Only' (entered at the event id #2)"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_runtime_error_that_names_state_and_path(fields: dict, words: str) -> None:
    execution = Service().run(one({"Type": "Pass", **fields}), DATA)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert words in (execution.cause or "")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Array(1, 'b', $.n, null, true)", [1, "b", 3, None, True]),
        ("States.ArrayPartition($.a.b, 2)", [[1, 2], [{"c": "x"}]]),
        ("States.ArrayContains($.a.b, 2)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayGetItem($.a.b, 1)", 2),
        ("States.ArrayLength($.items)", 2),
        ("States.ArrayUnique(States.Array(1, 2, 1))", [1, 2]),
        ("States.Base64Encode('Data')", "RGF0YQ=="),
        ("States.Base64Decode('RGF0YQ==')", "Data"),
        ("States.Hash('input', 'SHA-1')", "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ("States.JsonMerge($.items[0], States.StringToJson('{\"ok\":0}'), false)", {"id": 1, "ok": 0}),
        ("States.JsonToString($.items[0])", '{"id":1,"ok":true}'),
        ("States.MathAdd($.n, -1)", 2),
        ("States.StringSplit('1,2;3', ',;')", ["1", "2", "3"]),
        (r"States.Format('it\'s \{{}\}', $.n)", "it's {3}"),
        ("States.Format('{}/{}', $['s'], States.ArrayLength($.items))", "text/2"),
        ("States.StringToJson('[1]')", [1]),
    ],
)
def test_intrinsic_functions_give_what_the_documentation_says(call: str, expected: object) -> None:
    assert Service().output(one({"Type": "Pass", "Parameters": {"v.$": call}}), DATA) == {"v": expected}


def test_random_numbers_and_identifiers_are_in_their_range() -> None:
    template = {"r.$": "States.MathRandom(1, 4)", "u.$": "States.UUID()"}
    made = Service().output(one({"Type": "Pass", "Parameters": template}))
    assert made["r"] in (1, 2, 3)
    assert len(made["u"]) == 36


def test_an_intrinsic_failure_can_be_caught() -> None:
    machine = chain(
        Call={
            "Type": "Task",
            "Resource": FUNCTION,
            "Parameters": {"v.$": "States.ArrayGetItem($.a.b, 9)"},
            "Catch": [{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "Caught"}],
            "End": True,
        },
        Caught={"Type": "Pass", "Parameters": {"caught.$": "$.Error"}},
    )
    assert Service().output(machine, DATA) == {"caught": "States.IntrinsicFailure"}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.s", "StringEquals": "text"}, True),
        ({"Variable": "$.s", "StringMatches": "t*t"}, True),
        ({"Variable": "$.s", "StringMatches": "t\\*t"}, False),
        ({"Variable": "$.s", "StringLessThan": "u"}, True),
        ({"Variable": "$.n", "NumericEquals": 3.0}, True),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 4}, False),
        ({"Variable": "$.n", "NumericEqualsPath": "$.a.b[1]"}, False),
        ({"Variable": "$.n", "StringEquals": "3"}, False),
        ({"Variable": "$.items[0].ok", "BooleanEquals": True}, True),
        ({"Variable": "$.t", "TimestampLessThan": "2024-01-02T00:00:00+02:00"}, True),
        ({"Variable": "$.t", "IsTimestamp": True}, True),
        ({"Variable": "$.s", "IsTimestamp": True}, False),
        ({"Variable": "$.absent", "IsPresent": False}, True),
        ({"Variable": "$.n", "IsNumeric": True}, True),
        ({"Variable": "$.nil", "IsNull": True}, True),
        ({"Not": {"Variable": "$.s", "IsString": True}}, False),
        ({"And": [{"Variable": "$.n", "IsNumeric": True}, {"Variable": "$.s", "StringEquals": "z"}]}, False),
        ({"Or": [{"Variable": "$.n", "IsString": True}, {"Variable": "$.s", "StringEquals": "text"}]}, True),
    ],
)
def test_choice_takes_the_branch_that_its_rule_names(rule: dict, holds: bool) -> None:
    machine = chain(
        Choose={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": True, "End": True},
        No={"Type": "Pass", "Result": False, "End": True},
    )
    assert Service().output(machine, {**DATA, "t": "2024-01-01T00:00:00Z", "nil": None}) is holds


def test_choice_without_match_or_default_fails_with_its_own_error() -> None:
    machine = chain(
        Choose={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 9, "Next": "Done"}]},
        Done={"Type": "Succeed"},
    )
    assert Service().run(machine, DATA).error == "States.NoChoiceMatched"


def test_choice_on_an_absent_variable_is_a_runtime_error() -> None:
    machine = chain(
        Choose={
            "Type": "Choice",
            "Choices": [{"Variable": "$.q", "NumericEquals": 9, "Next": "Done"}],
            "Default": "Done",
        },
        Done={"Type": "Succeed"},
    )
    execution = Service().run(machine, DATA)
    assert execution.error == "States.Runtime"
    assert "Invalid path '$.q'" in (execution.cause or "")


@pytest.mark.parametrize(("fields", "seconds"), [({"Seconds": 7}, 7), ({"SecondsPath": "$.n"}, 3)])
def test_wait_waits_the_seconds_given(fields: dict, seconds: float) -> None:
    service = Service()
    assert service.output(one({"Type": "Wait", **fields}), DATA) == DATA
    assert service.waits == [seconds]


def test_wait_until_a_time_gone_by_goes_on_at_once() -> None:
    service = Service()
    service.run(one({"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z"}))
    assert service.waits == [0]


def test_fail_gives_error_and_cause_of_paths() -> None:
    execution = Service().run(
        one({"Type": "Fail", "ErrorPath": "$.s", "CausePath": "States.Format('n={}', $.n)"}), DATA
    )
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "text", "n=3")


class Transient(Exception):  # noqa: N818 - a handler's class name
    """What a handler raises."""


def _flaky(failures: int, error: Exception):
    lock, left = threading.Lock(), [failures]

    def body(payload: object) -> object:
        with lock:
            left[0] -= 1
            if left[0] >= 0:
                raise error
        return payload

    return function(body)


RETRY = {"IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4}


@pytest.mark.parametrize(
    ("names", "error", "waits"),
    [
        (["Transient"], Transient("x"), [2, 6, 18]),
        (["States.TaskFailed"], Transient("x"), [2, 6, 18]),
        (["States.ALL"], Transient("x"), [2, 6, 18]),
        (["Lambda.TooManyRequestsException"], CallError("TooManyRequestsException", "slow", 429), [2, 6, 18]),
    ],
)
def test_retry_backs_off_by_its_rate_until_the_task_succeeds(names: list, error: Exception, waits: list) -> None:
    service = Service(_flaky(3, error))
    machine = one({"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": names, **RETRY}]})
    assert service.output(machine, {"k": 1}) == {"k": 1}
    assert service.waits == waits


def test_retry_is_limited_by_attempts_and_by_the_longest_delay() -> None:
    service = Service(_flaky(99, Transient("x")))
    retry = {"ErrorEquals": ["Transient"], **RETRY, "MaxDelaySeconds": 5}
    execution = service.run(one({"Type": "Task", "Resource": FUNCTION, "Retry": [retry]}))
    assert service.waits == [2, 5, 5, 5]
    assert execution.error == "Transient"
    assert json.loads(execution.cause or "")["errorMessage"] == "x"


def test_full_jitter_stays_below_the_delay_and_differs() -> None:
    service = Service(_flaky(4, Transient("x")))
    retry = {"ErrorEquals": ["Transient"], **RETRY, "JitterStrategy": "FULL"}
    service.run(one({"Type": "Task", "Resource": FUNCTION, "Retry": [retry]}))
    assert all(wait <= limit for wait, limit in zip(service.waits, [2, 6, 18, 54], strict=True))
    assert service.waits != [2, 6, 18, 54]


def test_each_retrier_counts_its_own_attempts_and_others_are_not_retried() -> None:
    service = Service(_flaky(99, Transient("x")))
    retriers = [{"ErrorEquals": ["Other"], "MaxAttempts": 9}, {"ErrorEquals": ["Transient"], "MaxAttempts": 1}]
    service.run(one({"Type": "Task", "Resource": FUNCTION, "Retry": retriers}))
    assert service.waits == [1]


def test_catch_keeps_the_input_beside_the_error() -> None:
    machine = chain(
        Call={
            "Type": "Task",
            "Resource": INVOKE,
            "InputPath": "$.a",
            "Parameters": {"FunctionName": "work", "Payload.$": "$"},
            "Catch": [
                {"ErrorEquals": ["Other"], "Next": "Wrong"},
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Caught"},
            ],
            "End": True,
        },
        Wrong={"Type": "Fail"},
        Caught={"Type": "Succeed"},
    )
    output = Service(_flaky(1, Transient("x"))).output(machine, DATA)
    assert output["failure"]["Error"] == "Transient"
    assert {**output, "failure": None} == {**DATA, "failure": None}


@pytest.mark.parametrize("field", ["Retry", "Catch"])
def test_states_all_matches_neither_runtime_errors_nor_data_limits(field: str) -> None:
    recovery = {"ErrorEquals": ["States.ALL"], **({"Next": "Done"} if field == "Catch" else {})}
    too_much = {"Type": "Task", "Resource": FUNCTION, field: [recovery], "Next": "Done"}
    no_path = {**too_much, "Parameters": {"k.$": "$.absent"}}
    service = Service(function(lambda _payload: "x" * 262_144))
    for state, error in ((too_much, "States.DataLimitExceeded"), (no_path, "States.Runtime")):
        assert service.run(chain(Call=state, Done={"Type": "Succeed"})).error == error
    assert service.waits == []


def test_a_data_limit_is_caught_by_its_name_and_a_large_answer_may_be_selected_from() -> None:
    service = Service(function(lambda _payload: {"small": 1, "large": "ü" * 131_060}))
    call = {"Type": "Task", "Resource": FUNCTION, "ResultSelector": {"v.$": "$.small"}}
    assert service.output(one(call)) == {"v": 1}
    service = Service(function(lambda _payload: "ü" * 131_072))
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Done"}]
    assert service.run(chain(Call={**call, "Catch": catch}, Done={"Type": "Succeed"})).status == "SUCCEEDED"


def test_a_function_error_without_a_type_is_unknown() -> None:
    def answer(_service: str, _operation: str, _params: object) -> dict:
        return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": b'{"errorMessage":"gone"}'}

    execution = Service(answer).run(one({"Type": "Task", "Resource": FUNCTION}))
    assert execution.error == "Lambda.Unknown"


def test_a_task_times_out_and_states_timeout_is_not_a_task_failure() -> None:
    release = threading.Event()
    service = Service(function(lambda _payload: release.wait(10)))
    state = {
        "Type": "Task",
        "Resource": FUNCTION,
        "TimeoutSeconds": 1,
        "Catch": [
            {"ErrorEquals": ["States.TaskFailed"], "Next": "Wrong"},
            {"ErrorEquals": ["States.Timeout"], "Next": "Done"},
        ],
    }
    arn = service.start(chain(Call=state, Done={"Type": "Succeed"}, Wrong={"Type": "Fail"}) | {})
    assert service.finish(arn).status == "SUCCEEDED"
    assert "LambdaFunctionTimedOut" in service.types(arn)
    release.set()
