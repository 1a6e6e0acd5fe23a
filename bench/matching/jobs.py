"""Two processes that take jobs from one queue, and say when each is done."""

import pickle
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import cv2

from bench.matching.memory import digest_of, kept

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class Jobs:
    """Two processes and what they are asked."""

    pool: ProcessPoolExecutor
    results: Path | None = None
    """Where results are kept; an earlier run's are taken from there."""
    began: float = field(default_factory=time.monotonic)

    def ask(self, name: str, call: Callable[P, T], *given: P.args, **named: P.kwargs) -> "Future[T]":
        """In one of the processes, unless its result is kept; says when it is done. A set among what is given is in
        another order in each run, so that its result would not be found again.
        """
        asked = partial(call, *given, **named)
        if self.results is None:
            return self._submit(name, asked)
        path = self.results / digest_of(pickle.dumps((name, call, given, named)))
        if not path.exists():
            return self._submit(name, partial(kept, path, asked))
        job: Future[T] = Future()
        job.set_result(kept(path, asked))
        self._say(name, "kept")
        return job

    def ask_anew(self, name: str, call: Callable[P, T], *given: P.args, **named: P.kwargs) -> "Future[T]":
        """The same, and never kept: for times that are compared with another job's."""
        return self._submit(name, partial(call, *given, **named))

    def _submit(self, name: str, asked: Callable[[], T]) -> "Future[T]":
        job = self.pool.submit(asked)
        job.add_done_callback(partial(self._said, name))
        return job

    def _said(self, name: str, job: "Future[Any]") -> None:
        self._say(name, "failed" if job.exception() else "done")

    def _say(self, name: str, how: str) -> None:
        print(f"  [{time.monotonic() - self.began:5.0f} s] {name}: {how}", file=sys.stderr, flush=True)


@contextmanager
def two_processes(results: Path | None = None) -> Generator[Jobs, None, None]:
    """OpenCV has one thread in each. `results`: of Jobs."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield Jobs(pool, results)
