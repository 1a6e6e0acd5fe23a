"""Cancellation: what ends a branch, an iteration, a child execution or all of an execution while it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any


class Cancelled(BaseException):
    """The scope was cancelled. No `except Exception` may swallow it."""


class TimedOutError(Exception):
    """A call took longer than it may."""


class Scope:
    """A tree: cancelling one cancels all below it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._listeners: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled.set()
            listeners = list(self._listeners.values())
            self._listeners.clear()
        for listener in listeners:
            listener()

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Generator[None]:
        """Have `listener` called once when this scope is cancelled, at once if it already is."""
        with self._lock:
            key = self._next
            self._next += 1
            already = self._cancelled.is_set()
            if not already:
                self._listeners[key] = listener
        if already:
            listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.pop(key, None)

    @contextmanager
    def child(self) -> Generator[Scope]:
        scope = Scope()
        with self.listening(scope.cancel):
            yield scope

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Wait, or raise Cancelled as soon as it is."""
        if self._cancelled.wait(max(0.0, seconds)):
            raise Cancelled

    def run(self, call: Callable[[], Any], timeout_seconds: float | None = None) -> Any:  # noqa: ANN401 - passes through
        """`call()` in a thread of its own, abandoned when this scope is cancelled or the time is over.

        Errors: what `call` raises, TimedOutError, Cancelled.
        """
        box: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def work() -> None:
            try:
                box.put((call(), None))
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                box.put((None, error))

        with self.listening(lambda: box.put((None, Cancelled()))):
            threading.Thread(target=work, name="task", daemon=True).start()
            try:
                value, error = box.get(timeout=timeout_seconds)
            except Empty:
                raise TimedOutError from None
        if error is not None:
            raise error
        return value


def run_all(parent: Scope, jobs: Sequence[Callable[[Scope], Any]], limit: int) -> list[Any]:
    """Results of all jobs, at most `limit` at a time; the first that fails cancels the others and is raised."""
    results: list[Any] = [None] * len(jobs)
    failures: SimpleQueue[BaseException] = SimpleQueue()
    turns = iter(range(len(jobs)))
    lock = threading.Lock()

    with parent.child() as scope:

        def work() -> None:
            while not scope.cancelled:
                with lock:
                    at = next(turns, None)
                if at is None:
                    return
                try:
                    results[at] = jobs[at](scope)
                except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                    failures.put(error)
                    scope.cancel()

        join_all(work, min(limit, len(jobs)), "fork")
    parent.check()
    if not failures.empty():
        raise failures.get()
    return results


def join_all(work: Callable[[], None], count: int, name: str) -> None:
    """Run `work` in `count` threads at once and wait for all."""
    threads = [threading.Thread(target=work, name=f"{name}-{at}", daemon=True) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
