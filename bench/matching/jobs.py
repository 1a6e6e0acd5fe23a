"""Two processes that take jobs from one queue, and say when each is done."""

import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

import cv2

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class Jobs:
    """Two processes and what they are asked."""

    pool: ProcessPoolExecutor
    began: float = field(default_factory=time.monotonic)

    def ask(self, name: str, call: Callable[P, T], *given: P.args, **named: P.kwargs) -> "Future[T]":
        """In one of the processes; says when it is done."""
        job = self.pool.submit(partial(call, *given, **named))
        job.add_done_callback(partial(self._said, name))
        return job

    def _said(self, name: str, job: "Future[Any]") -> None:
        how = "failed" if job.exception() else "done"
        print(f"  [{time.monotonic() - self.began:5.0f} s] {name}: {how}", file=sys.stderr, flush=True)


@contextmanager
def two_processes() -> Generator[Jobs, None, None]:
    """OpenCV has one thread in each."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield Jobs(pool)
