"""A Step Functions service whose AWS calls are answered by the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from embedded.cloud.stepfunctions.api import StepFunctions
from embedded.cloud.stepfunctions.integrations import CallError
from embedded.cloud.stepfunctions.interpreter import Runtime
from embedded.cloud.stepfunctions.machine import WORKS
from embedded.cloud.stepfunctions.records import Execution
from embedded.cloud.stepfunctions.scope import Scope
from embedded.cloud.stepfunctions.tokens import TaskTokens

Json = Any
ROLE = "arn:aws:iam::123456789012:role/machine"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:work"
INVOKE = "arn:aws:states:::lambda:invoke"
Answer = Callable[[str, str, Mapping[str, Json]], dict[str, Json]]


class Calls:
    """Records every call and answers with what the test says."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.made: list[tuple[str, str, str, dict[str, Json]]] = []
        self._lock = threading.Lock()

    def call(self, role_arn: str, service: str, operation: str, params: Mapping[str, Json]) -> dict[str, Json]:
        with self._lock:
            self.made.append((role_arn, service, operation, dict(params)))
        return self.answer(service, operation, params)


def function(body: Callable[[Json], Json]) -> Answer:
    """Answers `lambda:Invoke` with what `body` returns; what it raises becomes a function error."""

    def answer(_service: str, _operation: str, params: Mapping[str, Json]) -> dict[str, Json]:
        try:
            payload, failed = body(json.loads(params.get("Payload") or b"{}")), False
        except CallError:
            raise
        except Exception as error:  # noqa: BLE001 - what a handler raises
            payload, failed = {"errorType": type(error).__name__, "errorMessage": str(error)}, True
        result: dict[str, Json] = {
            "StatusCode": 200,
            "Payload": json.dumps(payload).encode(),
            "ExecutedVersion": "$LATEST",
        }
        return {**result, "FunctionError": "Unhandled"} if failed else result

    return answer


class Service:
    """The API plus what a test wants to look at."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.calls = Calls(answer or function(lambda payload: payload))
        self.waits: list[float] = []
        self.changes: list[tuple[str, str]] = []
        tokens = TaskTokens()
        self.runtime = Runtime(
            "eu-west-1", "123456789012", self.calls, tokens, on_change=self._changed, wait=self._wait, works=WORKS
        )
        self.runtime.poll_seconds = 0.01
        self.api = StepFunctions(self.runtime, tokens)

    def _wait(self, scope: Scope, seconds: float) -> None:
        self.waits.append(seconds)
        scope.wait(0)

    def _changed(self, execution: Execution) -> None:
        self.changes.append((execution.name, execution.status))

    def create(self, definition: Json, name: str = "machine") -> str:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        created = self.api.create_state_machine({"name": name, "definition": text, "roleArn": ROLE})
        return created["stateMachineArn"]

    def start(self, definition: Json, data: Json = None) -> str:
        arn = self.create(definition, f"machine-{len(self.api.list_state_machines({})['stateMachines'])}")
        text = json.dumps({} if data is None else data)
        return self.api.start_execution({"stateMachineArn": arn, "name": "run", "input": text})["executionArn"]

    def finish(self, arn: str, seconds: float = 20) -> Execution:
        execution = self.api.execution(arn)
        assert execution.closed.wait(seconds), f"still running: {self.types(arn)[-5:]}"
        return execution

    def run(self, definition: Json, data: Json = None) -> Execution:
        return self.finish(self.start(definition, data))

    def output(self, definition: Json, data: Json = None) -> Json:
        execution = self.run(definition, data)
        assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
        return json.loads(execution.output or "null")

    def types(self, arn: str) -> list[str]:
        return [event["type"] for event in self.api.execution(arn).history.events()]


def one(state: Mapping[str, Json], **more: Json) -> dict[str, Json]:
    """A state machine of one state, `Only`, that ends it."""
    end = {} if state["Type"] in ("Succeed", "Fail", "Choice") else {"End": True}
    return {"StartAt": "Only", "States": {"Only": {**state, **end}}, **more}


def chain(**states: Mapping[str, Json]) -> dict[str, Json]:
    """A state machine of states in the order given; one without Next or End leads to the next one."""
    names = list(states)
    made: dict[str, Json] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = dict(states[name])
        if not state.keys() & {"Next", "End"} and state["Type"] not in ("Succeed", "Fail", "Choice"):
            state |= {"Next": following} if following else {"End": True}
        made[name] = state
    return {"StartAt": names[0], "States": made}
