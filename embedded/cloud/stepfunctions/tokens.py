"""Task tokens: what `.waitForTaskToken` waits for and SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat answer."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from embedded.cloud.stepfunctions.errors import HeartbeatError, StateError, TokenError
from embedded.cloud.stepfunctions.scope import Cancelled, Scope, TimedOutError

Json = Any
_BEAT = object()


@dataclass(slots=True)
class _Waiting:
    box: SimpleQueue[Any] = field(default_factory=SimpleQueue[Any])
    open: bool = True


class TaskTokens:
    """All tokens of a service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}

    def open(self) -> str:
        """A new token. An answer may come before anybody waits for it."""
        token = secrets.token_urlsafe(96)
        with self._lock:
            self._waiting[token] = _Waiting()
        return token

    def wait(self, token: str, scope: Scope, timeout_seconds: float | None, heartbeat_seconds: float | None) -> Json:
        """The output given to SendTaskSuccess. Errors: StateError, HeartbeatError, TimedOutError, Cancelled."""
        waiting = self._waiting[token]
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        try:
            with scope.listening(lambda: waiting.box.put(Cancelled())):
                while True:
                    left = None if end is None else max(0.0, end - time.monotonic())
                    patience = min((value for value in (left, heartbeat_seconds) if value is not None), default=None)
                    try:
                        answer = waiting.box.get(timeout=patience)
                    except Empty:
                        missed = left is None or (heartbeat_seconds is not None and heartbeat_seconds < left)
                        raise (HeartbeatError() if missed else TimedOutError()) from None
                    if isinstance(answer, BaseException):
                        raise answer
                    if answer is not _BEAT:
                        return answer[0]
        finally:
            waiting.open = False

    def succeed(self, token: str, output: Json) -> None:
        self._find(token, closes=True).box.put((output,))

    def fail(self, token: str, error: str, cause: str) -> None:
        self._find(token, closes=True).box.put(StateError(error, cause, task=True))

    def beat(self, token: str) -> None:
        self._find(token, closes=False).box.put(_BEAT)

    def _find(self, token: str, *, closes: bool) -> _Waiting:
        with self._lock:
            waiting = self._waiting.get(token)
            if waiting is None:
                raise TokenError("InvalidToken", f"Invalid Token: '{token[:40]}'")
            if not waiting.open:
                raise TokenError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            if closes:
                waiting.open = False
            return waiting
