"""Work that happens by itself: now in the background, or after a delay. One pool of threads, one clock."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

logger = logging.getLogger(__name__)


class Later:
    """Runs functions in the background. What fails is logged; who must know of it catches it inside the function."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        threading.Thread(target=self._clock, name=f"{name}-clock", daemon=True).start()

    def run(self, work: Callable[[], None], *, after_seconds: float = 0) -> None:
        """Run `work` as soon as a thread is free, but not before `after_seconds` have passed."""
        if after_seconds <= 0:
            self._submit(work)
            return
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + after_seconds, next(self._order), work))
            self._changed.notify()

    def stop(self) -> None:
        """Start nothing more; what runs is not waited for."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Callable[[], None]) -> None:
        def logged() -> None:
            try:
                work()
            except Exception:
                logger.exception("background work failed")

        if not self._stopped:
            self._pool.submit(logged)

    def _clock(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                if not self._due:
                    self._changed.wait()
                    continue
                wait = self._due[0][0] - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                _, _, work = heapq.heappop(self._due)
            self._submit(work)
