"""One worker: a process that runs one function under AWS's own runtime interface client, one invocation at a time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from embedded.cloud.context import Cloud
from embedded.cloud.credentials import assume_role
from embedded.cloud.function_config import FunctionConfig
from embedded.cloud.function_logs import LogStream
from embedded.cloud.runtime_api import Invocation, RuntimeApi
from embedded.cloud.worker_process import environment_of, scratch, start_runtime

INIT_SECONDS = 10.0  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended. `alive` says whether the worker may take another."""

    payload: bytes
    error: str | None
    log_tail: bytes
    alive: bool


class Worker:
    """A process for one function's configuration."""

    def __init__(self, config: FunctionConfig, cloud: Cloud) -> None:
        self.config = config
        self.last_used = time.monotonic()
        self._api = RuntimeApi()
        self._log = LogStream(config)
        self._directory = Path(tempfile.mkdtemp(prefix=f"fn-{config.name[:40]}-", dir=scratch(cloud)))
        self._running: Invocation | None = None
        self._guard = threading.Lock()
        self._partial = b""
        self._started = time.monotonic()
        self._init_seconds: float | None = None
        credentials = assume_role(config.role, config.name, service="lambda.amazonaws.com")
        lifetime = timedelta(seconds=config.timeout_seconds + 60)
        self._stale_at = credentials.expires_at - lifetime
        environment = environment_of(config, cloud, self._directory) | credentials.environment()
        environment["AWS_LAMBDA_RUNTIME_API"] = self._api.address
        environment["AWS_LAMBDA_LOG_STREAM_NAME"] = self._log.name
        self._process = start_runtime(config.command[0], environment, cloud.root)
        assert self._process.stdout is not None  # noqa: S101 - stdout=PIPE
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        threading.Thread(target=self._watch, name=f"watch-{config.name}", daemon=True).start()

    @property
    def usable(self) -> bool:
        """Whether it lives and its credentials outlast another invocation."""
        return self._process.poll() is None and datetime.now(UTC) < self._stale_at

    def run(self, arn: str, request_id: str, payload: bytes) -> Outcome:
        """Run one invocation, of the function as `arn` names it, to its end, its timeout or the worker's death."""
        invocation = Invocation(request_id, payload, arn, self.config.timeout_seconds)
        cold = self._await_init()
        with self._guard:
            self._running = invocation
        self._log.start(request_id)
        begun = time.monotonic()
        if self._api.init_error is not None:
            self._end(invocation, self._api.init_error, "Unhandled")
        elif self._process.poll() is not None:
            self._died(invocation)
        else:
            self._api.give(invocation)
            if not invocation.done.wait(self.config.timeout_seconds):
                self._time_out(invocation)
        seconds = time.monotonic() - begun
        with self._guard:
            self._running = None
        self._drain()
        timed_out = invocation.error is not None and b"Sandbox.Timedout" in invocation.result[:200]
        alive = self._api.init_error is None and self._process.poll() is None and not timed_out
        tail = self._log.end(request_id, seconds, self._used_mb(), cold, "\tStatus: timeout" if timed_out else "")
        self.last_used = time.monotonic()
        if not alive:
            self.kill()
        return Outcome(invocation.result, invocation.error, tail, alive)

    def kill(self) -> None:
        """End the process and everything it started; remove its scratch directory."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _await_init(self) -> float | None:
        if self._init_seconds is not None:
            return None
        self._api.ready.wait(INIT_SECONDS + self.config.timeout_seconds)
        self._init_seconds = time.monotonic() - self._started
        return self._init_seconds

    def _time_out(self, invocation: Invocation) -> None:
        message = f"Task timed out after {self.config.timeout_seconds:.2f} seconds"
        self._log.line(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {invocation.request_id} {message}")
        self._end(invocation, *_problem(invocation, "Sandbox.Timedout", message))

    def _died(self, invocation: Invocation) -> None:
        code = self._process.wait()
        how = f"signal: {signal.strsignal(-code) or -code}".lower() if code < 0 else f"exit status {code}"
        kind = "Runtime.ExitError"
        self._end(invocation, *_problem(invocation, kind, f"Runtime exited with error: {how}"))

    def _end(self, invocation: Invocation, payload: bytes, error: str | None) -> None:
        invocation.finish(payload, error)

    def _watch(self) -> None:
        """Read what the process says until it ends, then fail what it was doing."""
        ended = os.pidfd_open(self._process.pid)
        try:
            while True:
                readable, _, _ = select.select([self._pipe, ended], [], [])
                if self._pipe in readable and not self._drain():
                    select.select([ended], [], [])
                    break
                if ended in readable:
                    self._drain()
                    break
        finally:
            os.close(ended)
        self._api.ready.set()
        with self._guard:
            running = self._running
        if running is not None:
            self._died(running)
        self._log.flush()

    def _drain(self) -> bool:
        """Turn what is in the pipe into log lines; False once the other end is closed."""
        with self._guard:
            while True:
                try:
                    piece = os.read(self._pipe, 65_536)
                except (BlockingIOError, ValueError):
                    return True
                if not piece:
                    if self._partial:
                        self._log.line(self._partial.decode("utf-8", "replace"))
                        self._partial = b""
                    return False
                *lines, self._partial = (self._partial + piece).split(b"\n")
                for line in lines:
                    self._log.line(line.decode("utf-8", "replace").replace("\r", "\n"))

    def _used_mb(self) -> int:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(peak.split()[1]) // 1024


def _problem(invocation: Invocation, kind: str, message: str) -> tuple[bytes, str]:
    text = f"RequestId: {invocation.request_id} Error: {message}"
    return json.dumps({"errorType": kind, "errorMessage": text}).encode(), "Unhandled"
