"""What an edge keeps: objects and errors, each for its time, until they are invalidated or room is needed."""

from __future__ import annotations

import fnmatch
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from embedded.cloud.cdn.origin import Found

ROOM_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and when it came and goes (monotonic seconds)."""

    found: Found
    since: float
    until: float


class Cache:
    """By path; least recently used go first."""

    def __init__(self, room: int = ROOM_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._room, self._clock = room, clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> tuple[Found, int] | None:
        """What is kept and its age in seconds."""
        with self._lock:
            kept = self._kept.get(path)
            if kept is None or kept.until <= self._clock():
                return None
            self._kept.move_to_end(path)
            return kept.found, int(self._clock() - kept.since)

    def put(self, path: str, found: Found, seconds: float) -> None:
        """Keep an answer."""
        with self._lock:
            self._drop(path)
            if seconds <= 0 or len(found.body) > self._room:
                return
            self._kept[path] = Kept(found, self._clock(), self._clock() + seconds)
            self._size += len(found.body)
            while self._size > self._room:
                self._drop(next(iter(self._kept)))

    def invalidate(self, pattern: str) -> int:
        """Forget the paths that match (`*` at the end stands for anything); how many there were."""
        expression = re.compile(fnmatch.translate(re.sub(r"[\[\]?]", lambda one: f"[{one.group()}]", pattern)))
        with self._lock:
            paths = [path for path in self._kept if expression.match(path)]
            for path in paths:
                self._drop(path)
            return len(paths)

    def _drop(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._size -= len(kept.found.body)
