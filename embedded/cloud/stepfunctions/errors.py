"""How states and executions fail: error names, and what a Retry or a Catch matches.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Iterable

RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
TIMEOUT = "States.Timeout"


class StateError(Exception):
    """A state failed with an error name and a cause, as they appear in the history and in a catcher's output."""

    def __init__(self, error: str, cause: str = "", *, task: bool = False) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.task = task
        """A task reported it, so that `States.TaskFailed` matches whatever its name is."""

    def matches(self, names: Iterable[str]) -> bool:
        """Whether an ErrorEquals of a retrier or a catcher names this failure.

        `States.Runtime` ends the execution whatever is said; `States.DataLimitExceeded` is matched by its name only.
        """
        if self.error == RUNTIME:
            return False
        for name in names:
            if name == self.error:
                return True
            if name == "States.HeartbeatTimeout" and isinstance(self, HeartbeatError):
                return True
            if self.error == DATA_LIMIT:
                continue
            if name == "States.ALL" or (name == "States.TaskFailed" and self.task and self.error != TIMEOUT):
                return True
        return False

    def output(self) -> dict[str, str]:
        """What a catcher puts at its ResultPath."""
        return {"Error": self.error, "Cause": self.cause}


class HeartbeatError(StateError):
    """No heartbeat came within HeartbeatSeconds: a `States.Timeout` that also answers to `States.HeartbeatTimeout`."""

    def __init__(self) -> None:
        super().__init__(TIMEOUT, "", task=True)


class PathError(Exception):
    """A path or template cannot be applied: becomes `States.Runtime` of the state that is running."""


class IntrinsicError(StateError):
    """An intrinsic function was given what it cannot work with."""

    def __init__(self, cause: str) -> None:
        super().__init__("States.IntrinsicFailure", cause)


class TokenError(Exception):
    """The API refuses a call. `code` is the error's name in the service model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
