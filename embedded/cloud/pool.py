"""The workers there are: warm ones are used again, a few run at the same time, the oldest idle one makes room."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from embedded.cloud.context import Cloud
from embedded.cloud.function_config import FunctionConfig
from embedded.cloud.workers import Worker

IDLE_SECONDS = 15 * 60.0
_PATIENCE_SECONDS = 2.0
"""How long others with a warm worker at hand may overtake the first in the queue."""


class _Ticket:
    """A place in the queue."""

    def __init__(self) -> None:
        self.since = time.monotonic()


class PoolClosedError(RuntimeError):
    """The cloud is going down."""


class ConcurrencyExceededError(Exception):
    """The function's reserved concurrency is used up."""


class Pool:
    """At most `size` workers, busy and idle together. Who finds none free waits; first come, first served."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._size = cloud.workers
        self._idle: list[Worker] = []  # the last used last
        self._busy: set[Worker] = set()
        self._starting = 0
        self._active: Counter[tuple[str, str]] = Counter()
        self._queue: list[_Ticket] = []
        self._changed = threading.Condition()
        self._closed = False

    @contextmanager
    def admitted(self, config: FunctionConfig) -> Generator[None]:
        """Count an invocation against the function's reserved concurrency; raises `ConcurrencyExceededError`."""
        with self._changed:
            limit = config.reserved_concurrency
            if limit is not None and self._active[config.region, config.name] >= limit:
                raise ConcurrencyExceededError(config.name)
            self._active[config.region, config.name] += 1
        try:
            yield
        finally:
            with self._changed:
                self._active[config.region, config.name] -= 1

    @contextmanager
    def worker(self, config: FunctionConfig) -> Generator[Worker]:
        """A worker for `config`, warm if there is one. It goes back afterwards unless it died."""
        worker = self._take(config)
        try:
            yield worker
        finally:
            with self._changed:
                self._busy.discard(worker)
                keep = worker.usable and not self._closed
                if keep:
                    self._idle.append(worker)
                self._changed.notify_all()
            if not keep:
                worker.kill()

    def close(self) -> None:
        """End every worker."""
        with self._changed:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.kill()

    def _take(self, config: FunctionConfig) -> Worker:
        ticket = _Ticket()
        evicted: list[Worker] = []
        found: Worker | None = None
        with self._changed:
            self._queue.append(ticket)
            try:
                while not self._closed:
                    evicted += self._outdated(config)
                    head = self._queue[0]
                    if head is ticket or time.monotonic() - head.since < _PATIENCE_SECONDS:
                        found = self._warm(config)
                    if found or (head is ticket and self._room(evicted)):
                        break
                    self._changed.wait()
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
            if self._closed:
                raise PoolClosedError("the embedded AWS is going down")
            if found:
                self._busy.add(found)
            else:
                self._starting += 1
        for worker in evicted:
            worker.kill()
        return found or self._start(config)

    def _start(self, config: FunctionConfig) -> Worker:
        try:
            worker = Worker(config, self._cloud)
        except BaseException:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._starting -= 1
            self._busy.add(worker)
        return worker

    def _outdated(self, config: FunctionConfig) -> list[Worker]:
        """Idle workers of an older configuration of this function, dead ones, and those long unused."""
        now = time.monotonic()
        old = [
            worker
            for worker in self._idle
            if not worker.usable
            or now - worker.last_used > IDLE_SECONDS
            or (worker.config.arn == config.arn and worker.config.digest != config.digest)
        ]
        self._idle = [worker for worker in self._idle if worker not in old]
        return old

    def _warm(self, config: FunctionConfig) -> Worker | None:
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position].config.digest == config.digest:
                return self._idle.pop(position)
        return None

    def _room(self, evicted: list[Worker]) -> bool:
        if len(self._busy) + len(self._idle) + self._starting < self._size:
            return True
        if self._idle:
            evicted.append(self._idle.pop(0))
            return True
        return False
