"""What `.sync` waits for: a job or an execution that another service runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from embedded.cloud.stepfunctions import integrations
from embedded.cloud.stepfunctions.errors import StateError
from embedded.cloud.stepfunctions.integrations import CallError
from embedded.cloud.stepfunctions.interpreter import Step
from embedded.cloud.stepfunctions.intrinsics import dumps

Json = Any


class JobCall(Protocol):
    """What a job needs of the task that started it."""

    step: Step

    def api(self, client: str, operation: str, params: Mapping[str, Json]) -> dict[str, Json]: ...


class Job(Protocol):
    """Follows one kind of job. `started` is the result of the call that started it."""

    def follow(self, call: JobCall, started: Json) -> Json:
        """Wait for the end and return the task's result. Errors: StateError when the job did not succeed."""
        ...

    def cancel(self, call: JobCall, started: Json) -> None:
        """The state was stopped or timed out: end the job, too."""
        ...


class MediaConvertJob:
    """`mediaconvert:createJob.sync`; the result is that of GetJob."""

    def follow(self, call: JobCall, started: Json) -> Json:
        get = integrations.Integration("mediaconvert", "getJob", "", "mediaconvert", "GetJob")
        while True:
            answer = integrations.response(get, call.api("mediaconvert", "GetJob", {"Id": started["Job"]["Id"]}))
            status = answer["Job"]["Status"]
            if status == "COMPLETE":
                return answer
            if status in ("ERROR", "CANCELED"):
                raise StateError("States.TaskFailed", dumps(answer["Job"]), task=True)
            call.step.frame.scope.wait(call.step.frame.runtime.poll_seconds)

    def cancel(self, call: JobCall, started: Json) -> None:
        with contextlib.suppress(CallError):
            call.api("mediaconvert", "CancelJob", {"Id": started["Job"]["Id"]})


@dataclass(frozen=True, slots=True)
class ChildExecution:
    """`states:startExecution.sync` (its output as text) and `.sync:2` (as JSON)."""

    parse_output: bool

    def follow(self, call: JobCall, started: Json) -> Json:
        describe = integrations.Integration("states", "describeExecution", "", "stepfunctions", "DescribeExecution")
        params = {"executionArn": started["ExecutionArn"]}
        while True:
            answer = integrations.response(describe, call.api("stepfunctions", "DescribeExecution", params))
            if answer["Status"] == "SUCCEEDED":
                if self.parse_output:
                    answer["Output"] = integrations.parsed(answer["Output"])
                    answer["Input"] = integrations.parsed(answer["Input"])
                return answer
            if answer["Status"] not in ("RUNNING", "PENDING_REDRIVE"):
                raise StateError("States.TaskFailed", dumps(answer), task=True)
            call.step.frame.scope.wait(call.step.frame.runtime.poll_seconds)

    def cancel(self, call: JobCall, started: Json) -> None:
        with contextlib.suppress(CallError):
            call.api("stepfunctions", "StopExecution", {"executionArn": started["ExecutionArn"]})


JOBS: dict[tuple[str, str], Job] = {
    ("mediaconvert", "sync"): MediaConvertJob(),
    ("states", "sync"): ChildExecution(parse_output=False),
    ("states", "sync:2"): ChildExecution(parse_output=True),
}
