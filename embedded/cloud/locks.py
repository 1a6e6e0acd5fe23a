"""One lock per service: moto's models are plain dictionaries that expect a single thread.

A conditional write, a version list or a queue is read and changed under its service's lock, whoever asks: the API, a
poller or a delivery. No lock is held while a function runs.
"""

from __future__ import annotations

import threading
from collections import defaultdict

UNLOCKED = frozenset({"sqs", "states"})
"""SQS locks inside its backend, so that a long poll does not keep others out; Step Functions runs its own threads."""

_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
_locks_guard = threading.Lock()


def lock_of(service: str) -> threading.RLock:
    """The lock of a service, by its SigV4 signing name. Re-entrant."""
    with _locks_guard:
        return _locks[service]
