"""The states that neither call nor fork: Pass, Wait, Choice, Succeed, Fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from embedded.cloud.stepfunctions.choice import holds, timestamp
from embedded.cloud.stepfunctions.errors import PathError, StateError
from embedded.cloud.stepfunctions.interpreter import Step
from embedded.cloud.stepfunctions.template import expression, number

Json = Any


def succeed(_step: Step, data: Json) -> Json:
    """Nothing but the paths around it."""
    return data


def pass_on(step: Step, data: Json) -> Json:
    """`Result` if there is one, else the input through `Parameters`."""
    return step.state["Result"] if "Result" in step.state else step.parameters(data)


def wait(step: Step, data: Json) -> Json:
    """Wait for `Seconds` or until `Timestamp` (or what their paths give)."""
    seconds = number(step.state, "Seconds", data, step.context)
    if seconds is None:
        path: str | None = step.state.get("TimestampPath")
        value = expression(path, data, step.context) if path else step.state["Timestamp"]
        until = timestamp(value)
        if until is None:
            raise PathError(
                f"The Timestamp parameter does not reference a valid ISO-8601 extended offset date-time: {value}"
            )
        seconds = (until - datetime.now(UTC)).total_seconds()
    step.frame.runtime.wait(step.frame.scope, max(0.0, seconds))
    return data


def choose(step: Step, data: Json) -> Json:
    """Set where to go. Errors: States.NoChoiceMatched."""
    for rule in step.state["Choices"]:
        if holds(rule, data, step.context):
            step.next = rule["Next"]
            return data
    step.next = step.state.get("Default")
    if step.next is None:
        cause = f"State '{step.name}' had no choice rule that matched its input and no Default"
        raise StateError("States.NoChoiceMatched", cause)
    return data


def fail(step: Step, data: Json) -> Json:
    """Raise what `Error` and `Cause` (or their paths) say."""
    texts: list[str] = []
    for field in ("Error", "Cause"):
        path: str | None = step.state.get(f"{field}Path")
        value: Json = expression(path, data, step.context) if path else step.state.get(field, "")
        if not isinstance(value, str):
            raise PathError(f"The {field}Path parameter does not reference a string: {value!r}")
        texts.append(value)
    raise StateError(texts[0], texts[1])
