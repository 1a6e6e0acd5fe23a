"""Runs a sequence of states: enter, work, retry, catch, leave."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from embedded.cloud.stepfunctions.errors import DATA_LIMIT, RUNTIME, PathError, StateError
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.records import Cursor, Execution, now
from embedded.cloud.stepfunctions.scope import Cancelled, Scope
from embedded.cloud.stepfunctions.template import combine, fill, select

Json = Any
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions
DATA_LIMIT_BYTES = 262_144
_FULL = {"truncated": False}
_ABORTABLE = ("Task", "Wait", "Map", "Parallel")


class Calls(Protocol):
    """The AWS API as states call it."""

    def call(self, role_arn: str, service: str, operation: str, params: Mapping[str, Json]) -> dict[str, Json]:
        """Call `operation` (e.g. `PutItem`) of a boto3 service under a role. Errors: integrations.CallError."""
        ...


@dataclass(slots=True)
class Runtime:
    """What an interpreter needs of the world around it."""

    region: str
    account_id: str
    calls: Calls
    tokens: Tokens
    on_change: Callable[[Execution], None] | None = None
    wait: Callable[[Scope, float], None] = field(default=Scope.wait)
    """How Wait states and retries pass their seconds."""
    poll_seconds: float = 0.25
    """How often a `.sync` task asks for the state of its job."""
    works: Mapping[str, Work] = field(default_factory=dict[str, "Work"])
    """What does each type of state."""


class Tokens(Protocol):
    """Task tokens that executions wait for."""

    def open(self) -> str: ...

    def wait(
        self, token: str, scope: Scope, timeout_seconds: float | None, heartbeat_seconds: float | None
    ) -> Json: ...


@dataclass(slots=True)
class Frame:
    """A sequence of states that runs by itself: the top, a branch, an iteration."""

    execution: Execution
    runtime: Runtime
    scope: Scope
    path: str = ""
    last: int = 0
    """Id of the latest event of this sequence."""
    item: dict[str, Json] | None = None
    """`$$.Map` inside an iteration."""

    def add(self, kind: str, **details: Any) -> int:  # noqa: ANN401 - event details
        self.last = self.execution.history.add(kind, self.last, **details)
        return self.last


@dataclass(slots=True)
class Step:
    """One state as it runs. `input` is what entered it, before InputPath."""

    frame: Frame
    name: str
    state: Mapping[str, Json]
    input: Json
    context: dict[str, Json]
    entered: int
    resumed: bool = False
    """A redrive goes on inside this state: what its branches or children have finished is kept."""
    next: str | None = None

    @property
    def path(self) -> str:
        return f"{self.frame.path}/{self.name}"

    def parameters(self, data: Json) -> Json:
        return fill(self.state["Parameters"], data, self.context) if "Parameters" in self.state else data

    def limit(self, value: Json) -> str:
        """`value` as JSON text. Errors: States.DataLimitExceeded above 256 KiB of UTF-8."""
        text = dumps(value)
        if len(text) > DATA_LIMIT_BYTES // 4 and len(text.encode()) > DATA_LIMIT_BYTES:
            cause = (
                f"The state/task '{self.state.get('Resource', self.name)}' returned a result with a size exceeding "
                "the maximum number of bytes service limit."
            )
            raise StateError(DATA_LIMIT, cause)
        return text


Work = Callable[[Step, Json], Json]
"""Does what a state does: effective input (after InputPath) → result (before ResultSelector)."""


def run(frame: Frame, definition: Mapping[str, Any], data: Json) -> Json:
    """Run `States` from `StartAt`, or from where this frame stopped before. Errors: StateError, Cancelled."""
    progress = frame.execution.progress
    cursor = progress.get(frame.path)
    resumed = cursor is not None
    if cursor is None:
        cursor = Cursor(definition["StartAt"], data)
    while cursor.state is not None:
        progress[frame.path] = cursor
        frame.scope.check()
        cursor = _run_state(frame, cursor.state, definition["States"][cursor.state], cursor.data, resumed=resumed)
        resumed = False
    progress[frame.path] = cursor
    return cursor.data


def _context(frame: Frame, name: str) -> dict[str, Json]:
    execution = frame.execution
    context: dict[str, Json] = {
        "Execution": {
            "Id": execution.arn,
            "Input": execution.data,
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": _iso(execution.started),
            "RedriveCount": execution.redrives,
        },
        "State": {"EnteredTime": _iso(now()), "Name": name, "RetryCount": 0},
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
    }
    if execution.redriven is not None:
        context["Execution"]["RedriveTime"] = _iso(execution.redriven)
    if frame.item is not None:
        context["Map"] = frame.item
    return context


def _iso(moment: Any) -> str:  # noqa: ANN401 - a datetime
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _run_state(frame: Frame, name: str, state: Mapping[str, Json], data: Json, *, resumed: bool) -> Cursor:
    kind: str = state["Type"]
    entered = frame.add(f"{kind}StateEntered", name=name, input=dumps(data), inputDetails=_FULL)
    step = Step(frame, name, state, data, _context(frame, name), entered, resumed)
    try:
        output, following = _recover(step, frame.runtime.works[kind])
    except Cancelled:
        if kind in _ABORTABLE:
            frame.add(f"{kind}StateAborted")
        raise
    frame.add(f"{kind}StateExited", name=name, output=step.limit(output), outputDetails=_FULL)
    return Cursor(following, output)


def _recover(step: Step, work: Work) -> tuple[Json, str | None]:
    """Work until it succeeds, is caught, or fails for good."""
    retries: dict[int, int] = {}
    while True:
        try:
            return _attempt(step, work), step.next or step.state.get("Next")
        except PathError as error:
            failure = StateError(RUNTIME, _where(step, str(error)))
        except StateError as error:
            failure = error
        step.resumed = False
        delay = _retry_delay(step.state, failure, retries)
        if delay is not None:
            step.frame.runtime.wait(step.frame.scope, delay)
            step.context["State"]["RetryCount"] += 1
            continue
        for catcher in step.state.get("Catch", ()):
            if failure.matches(catcher["ErrorEquals"]):
                return combine(step.input, failure.output(), catcher.get("ResultPath", "$")), catcher["Next"]
        raise failure


def _where(step: Step, message: str) -> str:
    where = f"'{step.name}' (entered at the event id #{step.entered})"
    return f"An error occurred while executing the state {where}. {message}"


def _attempt(step: Step, work: Work) -> Json:
    state, context = step.state, step.context
    effective = select(state, "InputPath", step.input, context)
    result = work(step, effective)
    if "ResultSelector" in state:
        result = fill(state["ResultSelector"], result, context)
    if state["Type"] in ("Task", "Parallel", "Map", "Pass"):
        result = combine(step.input, result, state.get("ResultPath", "$"))
    output = select(state, "OutputPath", result, context)
    step.limit(output)
    return output


def _retry_delay(state: Mapping[str, Json], failure: StateError, retries: dict[int, int]) -> float | None:
    """Seconds to wait before the next attempt, by the first retrier that matches; None when there is none left."""
    for at, retrier in enumerate(state.get("Retry", ())):
        if not failure.matches(retrier["ErrorEquals"]):
            continue
        done = retries.get(at, 0)
        if done >= retrier.get("MaxAttempts", 3):
            return None
        retries[at] = done + 1
        delay = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** done
        delay = min(delay, float(retrier.get("MaxDelaySeconds", delay)))
        # Full jitter only spreads load: no secret hangs on it.
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311
    return None
