"""The event history of an execution: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from embedded.cloud.stepfunctions.errors import RUNTIME, StateError

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions
EVENT_LIMIT = 25_000


class History:
    """Grows until it is closed; what comes later is no longer part of it."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []
        self._closed = False

    def add(self, kind: str, previous: int = 0, **details: Any) -> int:  # noqa: ANN401 - event details
        """Append an event and return its id. Errors: States.Runtime when the history is full."""
        with self._lock:
            if self._closed:
                return previous
            # The last place is kept for the event that ends the execution.
            if len(self._events) >= self._limit - 1:
                cause = f"The execution reached the maximum number of history events ({self._limit})."
                raise StateError(RUNTIME, cause)
            return self._append(kind, previous, details)

    def close(self, kind: str, **details: Any) -> None:  # noqa: ANN401 - event details
        """Append the last event."""
        with self._lock:
            if not self._closed:
                self._append(kind, len(self._events), details)
                self._closed = True

    def reopen(self) -> None:
        with self._lock:
            self._closed = False

    def events(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._events)

    def _append(self, kind: str, previous: int, details: dict[str, Any]) -> int:
        number = len(self._events) + 1
        event: dict[str, Any] = {
            "timestamp": datetime.now(UTC),
            "type": kind,
            "id": number,
            "previousEventId": previous,
        }
        if kind.endswith(("StateEntered", "StateExited")):
            event[f"state{kind.rpartition('State')[2]}EventDetails"] = details
        elif details:
            event[f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
        self._events.append(event)
        return number
