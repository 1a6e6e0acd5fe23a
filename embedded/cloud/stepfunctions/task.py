"""The Task state: schedule a call, wait for its result, tell the history."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded.cloud.stepfunctions import integrations
from embedded.cloud.stepfunctions.errors import TIMEOUT, PathError, StateError
from embedded.cloud.stepfunctions.integrations import CallError, Integration, UnusableError
from embedded.cloud.stepfunctions.interpreter import Step
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.jobs import JOBS
from embedded.cloud.stepfunctions.scope import Cancelled, TimedOutError
from embedded.cloud.stepfunctions.template import fill, number

Json = Any
_FULL = {"truncated": False}


@dataclass(slots=True)
class Call:
    """One attempt of a task."""

    step: Step
    integration: Integration
    role_arn: str
    timeout_seconds: float | None
    heartbeat_seconds: float | None
    started: float = field(default_factory=time.monotonic)

    @property
    def left_seconds(self) -> float | None:
        if self.timeout_seconds is None:
            return None
        return max(0.0, self.timeout_seconds - (time.monotonic() - self.started))

    def within(self, work: Callable[[], Json]) -> Json:
        """`work()` unless the state's time ends first. Errors: TimedOutError, Cancelled."""
        return self.step.frame.scope.run(work, self.left_seconds)

    def api(self, client: str, operation: str, params: Mapping[str, Json]) -> dict[str, Json]:
        """A call under the task's role. Errors: CallError."""
        return self.step.frame.runtime.calls.call(self.role_arn, client, operation, params)


def task(step: Step, data: Json) -> Json:
    """Do what `Resource` names. Errors: StateError under the service's or the function's own error name."""
    state, runtime = step.state, step.frame.runtime
    integration = integrations.parse(state["Resource"])
    token = ""
    if integration.pattern == "waitForTaskToken":
        token = runtime.tokens.open()
        step.context["Task"] = {"Token": token}
    params = step.parameters(data)
    parameters = step.limit(params)
    role: Json = fill(state.get("Credentials", {}), data, step.context).get("RoleArn", step.frame.execution.role_arn)
    timeout = number(state, "TimeoutSeconds", data, step.context)
    heartbeat = number(state, "HeartbeatSeconds", data, step.context)
    request = _request(step, integration, params)
    call = Call(step, integration, role, timeout, heartbeat)
    events = _Events(step, integration)
    events.scheduled(parameters, timeout, heartbeat)
    try:
        result = _result(call, request, token, events)
        text = step.limit(result)
    except TimedOutError:
        events.ended("TimedOut", error=TIMEOUT)
        raise StateError(TIMEOUT, "", task=True) from None
    except StateError as failure:
        kind = "TimedOut" if failure.error == TIMEOUT else "Failed"
        events.ended(kind, error=failure.error, cause=failure.cause)
        raise
    events.ended("Succeeded", output=text, outputDetails=_FULL)
    return result


def _request(step: Step, integration: Integration, params: Json) -> dict[str, Json]:
    if integration.service == "lambda-function":
        return {"FunctionName": step.state["Resource"], "Payload": dumps(params).encode()}
    try:
        request = integrations.request(integration, params)
    except UnusableError as error:
        message = f"The Parameters '{dumps(params)}' could not be used to start the Task: [{error}]"
        raise PathError(message) from error
    if integration.service == "events":
        # Documented: the integration appends the execution and its state machine to every entry.
        about = [step.frame.execution.arn, step.frame.execution.machine_arn]
        entries: list[dict[str, Json]] = request["Entries"]
        request["Entries"] = [{**entry, "Resources": [*entry.get("Resources", []), *about]} for entry in entries]
    return request


def _result(call: Call, request: dict[str, Json], token: str, events: _Events) -> Json:
    integration = call.integration
    try:
        answer = call.within(lambda: call.api(integration.client, integration.operation, request))
        result = _understood(integration, answer)
        if token:
            events.submitted(result)
            runtime = call.step.frame.runtime
            return runtime.tokens.wait(token, call.step.frame.scope, call.left_seconds, call.heartbeat_seconds)
        job = JOBS.get((integration.service, integration.pattern))
        if job is None:
            return result
        events.submitted(result)
        try:
            return call.within(lambda: job.follow(call, result))
        except (TimedOutError, Cancelled):
            job.cancel(call, result)
            raise
    except CallError as error:
        raise integration.failure(error) from error


def _understood(integration: Integration, answer: dict[str, Json]) -> Json:
    result = integrations.response(integration, answer)
    if integration.client == "lambda" and not integration.sdk:
        payload: str = result.get("Payload") or "null"
        if "FunctionError" in result:
            raise _function_failure(payload)
        result["Payload"] = integrations.parsed(payload)
        return result["Payload"] if integration.service == "lambda-function" else result
    if integration.service == "events" and result.get("FailedEntryCount", 0) > 0:
        raise StateError("EventBridge.FailedEntry", dumps(result), task=True)
    return result


def _function_failure(payload: str) -> StateError:
    report = integrations.parsed(payload)
    name: Json = report.get("errorType") if isinstance(report, dict) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    if isinstance(name, str) and name:
        return StateError(name, payload, task=True)
    cause = "The cause could not be determined because Lambda did not return an error type. "
    return StateError("Lambda.Unknown", f"{cause}Returned payload: {payload}", task=True)


class _Events:
    """The history of one attempt: a function's ARN has event types of its own."""

    def __init__(self, step: Step, integration: Integration) -> None:
        self.frame = step.frame
        self.function: str | None = step.state["Resource"] if integration.service == "lambda-function" else None
        self.about = {"resourceType": integration.resource_type, "resource": integration.resource}

    def scheduled(self, parameters: str, timeout: float | None, heartbeat: float | None) -> None:
        details: dict[str, Json] = {}
        if timeout is not None:
            details["timeoutInSeconds"] = int(timeout)
        if self.function is not None:
            self.frame.add(
                "LambdaFunctionScheduled", resource=self.function, input=parameters, inputDetails=_FULL, **details
            )
            self.frame.add("LambdaFunctionStarted")
            return
        if heartbeat is not None:
            details["heartbeatInSeconds"] = int(heartbeat)
        region = self.frame.runtime.region
        self.frame.add("TaskScheduled", **self.about, region=region, parameters=parameters, **details)
        self.frame.add("TaskStarted", **self.about)

    def submitted(self, result: Json) -> None:
        self.frame.add("TaskSubmitted", **self.about, output=dumps(result), outputDetails=_FULL)

    def ended(self, kind: str, **details: Json) -> None:
        if self.function is not None:
            self.frame.add(f"LambdaFunction{kind}", **details)
        else:
            self.frame.add(f"Task{kind}", **self.about, **details)
