"""Invocation of functions: the one door for the API, Step Functions, event source mappings and EventBridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

InvocationType = Literal["RequestResponse", "Event", "DryRun"]


class InvocationRefused(Exception):
    """Lambda did not take the invocation. `code` is the API's error code, `status` its HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What an invocation gave. `function_error` is `Unhandled` when `payload` is an error object, else None."""

    status: int
    payload: bytes
    function_error: str | None = None
    log_tail: bytes = b""
    executed_version: str = "$LATEST"
    request_id: str = ""


def invoke(
    function: str, payload: bytes, invocation_type: InvocationType = "RequestResponse", *, qualifier: str | None = None
) -> InvocationResult:
    """Invoke a function by name, partial ARN or ARN (with or without a qualifier).

    Errors: `InvocationRefused` with code ResourceNotFoundException (404), TooManyRequestsException (429),
    RequestEntityTooLargeException (413), InvalidRequestContentException (400). What goes wrong inside the function is no
    exception but a result with `function_error`.
    """
    raise NotImplementedError
