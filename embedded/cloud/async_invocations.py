"""Asynchronous invocation: accepted now, run later, tried again, and sent to its destination in the end.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: a failed event is tried twice more.
AWS waits one and then two minutes in between; a tool on one's own machine waits `RETRY_SECONDS`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embedded.cloud.destinations import DeliveryError, deliver, role_sender
from embedded.cloud.documents import part
from embedded.cloud.function_config import FunctionConfig
from embedded.cloud.later import Later

if TYPE_CHECKING:
    from embedded.cloud.lambdas import InvocationResult

logger = logging.getLogger(__name__)

RETRY_SECONDS = (1.0, 2.0)
THROTTLED_SECONDS = 0.5
_DEFAULT_RETRIES = 2
_DEFAULT_AGE_SECONDS = 21_600

Run = Callable[[FunctionConfig, bytes, str], "InvocationResult"]


@dataclass(frozen=True, slots=True)
class _Event:
    config: FunctionConfig
    payload: bytes
    request_id: str
    accepted_at: float
    attempt: int = 1


class AsyncInvocations:
    """The queue between `Event` invocations and the workers."""

    def __init__(self, run: Run, threads: int) -> None:
        self._run = run
        self._later = Later("async-lambda", threads * 2)

    def accept(self, config: FunctionConfig, payload: bytes, request_id: str) -> None:
        """Take an event; it will run, or end in its on-failure destination."""
        event = _Event(config, payload, request_id, time.monotonic())
        self._later.run(lambda: self._attempt(event))

    def stop(self) -> None:
        """Run nothing more."""
        self._later.stop()

    def _attempt(self, event: _Event) -> None:
        from embedded.cloud.lambdas import InvocationRefused

        settings = event.config.invoke_config
        age = time.monotonic() - event.accepted_at
        too_old = age > int(settings.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS))
        if too_old:
            self._conclude(event, None, "EventAgeExceeded")
            return
        try:
            result = self._run(event.config, event.payload, event.request_id)
        except InvocationRefused as refused:
            if refused.code != "TooManyRequestsException":
                logger.error("event %s for %s was refused: %s", event.request_id, event.config.name, refused)
                self._conclude(event, None, "RetriesExhausted")
                return
            self._later.run(lambda: self._attempt(event), after_seconds=THROTTLED_SECONDS)
            return
        if result.function_error is None:
            self._conclude(event, result, "Success")
        elif event.attempt <= int(settings.get("MaximumRetryAttempts", _DEFAULT_RETRIES)):
            wait = RETRY_SECONDS[min(event.attempt, len(RETRY_SECONDS)) - 1]
            again = replace(event, attempt=event.attempt + 1)
            self._later.run(lambda: self._attempt(again), after_seconds=wait)
        else:
            self._conclude(event, result, "RetriesExhausted")

    def _conclude(self, event: _Event, result: InvocationResult | None, condition: str) -> None:
        config = event.config
        side = "OnSuccess" if condition == "Success" else "OnFailure"
        target = part(part(config.invoke_config, "DestinationConfig"), side).get("Destination")
        sender = role_sender(config.role, config.name)
        try:
            if target:
                deliver(target, json.dumps(_record(event, result, condition)), sender=sender)
            if condition != "Success" and config.dead_letter_arn:
                error = {"error": _parsed(result.payload) if result else None}
                attributes = {
                    "RequestID": event.request_id,
                    "ErrorCode": "200" if result else "429",
                    "ErrorMessage": str(part(error, "error").get("errorMessage") or condition)[:1024],
                }
                deliver(config.dead_letter_arn, event.payload.decode(), attributes=attributes, sender=sender)
        except DeliveryError:
            logger.exception("the end of event %s for %s reached nobody", event.request_id, config.name)


def _parsed(payload: bytes) -> Any:  # noqa: ANN401 - a function's own answer
    try:
        return json.loads(payload or b"null")
    except ValueError:
        return payload.decode("utf-8", "replace")


def _record(event: _Event, result: InvocationResult | None, condition: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    now, config = datetime.now(UTC), event.config
    unqualified = config.arn.endswith(f":function:{config.name}")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{config.arn}:{config.version}" if unqualified else config.arn,
            "condition": condition,
            "approximateInvokeCount": event.attempt,
        },
        "requestPayload": _parsed(event.payload),
    }
    if result is not None:
        context: dict[str, Any] = {"statusCode": result.status, "executedVersion": result.executed_version}
        if result.function_error:
            context["functionError"] = result.function_error
        record["responseContext"] = context
        record["responsePayload"] = _parsed(result.payload)
    return record
