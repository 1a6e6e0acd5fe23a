"""What is slow and does not change, kept between runs while the bench is worked on: BENCH_MEMORY names a folder.

A run whose numbers are to be believed sets no such folder.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def remembered(make: Callable[[], T], key: Sequence[object], sources: Sequence[str]) -> T:
    """What `make` gives, or gave before for the same key and the same files' text."""
    folder = os.environ.get("BENCH_MEMORY")
    if not folder:
        return make()
    digest = hashlib.sha256(repr(key).encode())
    for source in sources:
        digest.update(Path(source).read_bytes())
    path = Path(folder) / digest.hexdigest()[:32]
    if path.exists():
        found: Any = pickle.loads(path.read_bytes())  # noqa: S301 (written by this very program)
        return found
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(made))
    partial.rename(path)
    return made
