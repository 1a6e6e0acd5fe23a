"""A function's lines on their way to CloudWatch Logs, with the START, END and REPORT lines that Lambda adds."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import logs_backends

from embedded.cloud import authority
from embedded.cloud.function_config import FunctionConfig
from embedded.cloud.locks import lock_of

logger = logging.getLogger(__name__)

TAIL_BYTES = 4096  # what `LogType=Tail` gives back: the last 4 KB


class LogStream:
    """One worker's log stream. Lines are written when an invocation ends, or at once when none runs."""

    def __init__(self, config: FunctionConfig) -> None:
        now = datetime.now(UTC)
        self._config = config
        self._group = config.log_group
        self._backend: Any = logs_backends[config.account_id][config.region]
        self._stream = f"{now:%Y/%m/%d}/[{config.version}]{uuid.uuid4().hex}"
        self._version = config.version
        self._memory_mb = config.memory_mb
        self._lines: list[tuple[int, str]] = []
        self._guard = threading.Lock()
        self._created = False

    @property
    def name(self) -> str:
        """The stream's name, as in AWS_LAMBDA_LOG_STREAM_NAME."""
        return self._stream

    def line(self, text: str) -> None:
        """One line of the function's own output."""
        with self._guard:
            self._lines.append((int(time.time() * 1000), text))

    def start(self, request_id: str) -> None:
        """The line that opens an invocation."""
        self.line(f"START RequestId: {request_id} Version: {self._version}")

    def end(self, request_id: str, seconds: float, used_mb: int, init_seconds: float | None, status: str = "") -> bytes:
        """The lines that close an invocation; writes everything out and gives the tail."""
        self.line(f"END RequestId: {request_id}")
        init = "" if init_seconds is None else f"\tInit Duration: {init_seconds * 1000:.2f} ms"
        self.line(
            f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms\t"
            f"Billed Duration: {-(-seconds * 1000 // 1):.0f} ms\tMemory Size: {self._memory_mb} MB\t"
            f"Max Memory Used: {used_mb} MB{init}{status}"
        )
        return self.flush()

    def flush(self) -> bytes:
        """Write what has gathered; gives its last 4 KB."""
        with self._guard:
            lines, self._lines = self._lines, []
        if not lines:
            return b""
        try:
            with lock_of("logs"):
                self._write(lines)
        except Exception:
            logger.exception("log lines of %s were lost", self._group)
        return "\n".join(text for _, text in lines).encode()[-TAIL_BYTES:]

    def _write(self, lines: list[tuple[int, str]]) -> None:
        self._may("PutLogEvents")
        if not self._created:
            self._may("CreateLogStream")
            if self._group not in self._backend.groups:
                self._backend.create_log_group(self._group, {})
            self._backend.create_log_stream(self._group, self._stream)
            self._created = True
        events = [{"timestamp": at, "message": text} for at, text in lines if text]
        self._backend.put_log_events(self._group, self._stream, events)

    def _may(self, operation: str) -> None:
        """Raises NotPermittedError unless the function's role may: the service writes its lines in its name."""
        authority.as_role(
            self._config.role,
            self._config.name,
            region=self._config.region,
            api=f"logs:{operation}",
            params={"logGroupName": self._group, "logStreamName": self._stream},
        )
