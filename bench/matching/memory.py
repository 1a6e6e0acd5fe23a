"""What is slow to make, kept in folders.

`remembered` is for while the bench is worked on: BENCH_MEMORY names a folder, and only the sources that a call names
count. A run whose numbers are to be believed sets no such folder. `run_folder` lets a run that was cut off go on:
whatever could change a result begins a new folder.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("functions", "bench", "demo")
LOCKED: Final = "requirements-dev.lock"
"""Below ROOT, as SOURCES: all that results depend on."""


def write_whole(path: Path, body: bytes) -> None:
    """All of it or nothing, also when the process ends half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(body)
    partial.replace(path)


def kept(path: Path, make: Callable[[], T]) -> T:
    """What lies at `path`; else what `make` gives, which lies there from then on."""
    if path.exists():
        found: Any = pickle.loads(path.read_bytes())  # noqa: S301 (written by this very program)
        return found
    made = make()
    write_whole(path, pickle.dumps(made))
    return made


def digest_of(key: bytes, files: Iterable[Path] = ()) -> str:
    """32 hexadecimal digits of the key and of the files' text."""
    digest = hashlib.sha256(key)
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def remembered(make: Callable[[], T], key: Sequence[object], sources: Sequence[str]) -> T:
    """What `make` gives, or gave before for the same key and the same files' text."""
    folder = os.environ.get("BENCH_MEMORY")
    if not folder:
        return make()
    return kept(Path(folder) / digest_of(repr(key).encode(), map(Path, sources)), make)


def digest_of_sources(root: Path = ROOT) -> str:
    """Of everything below `root` that could change a result, and of the Python that runs it."""
    found = (path for name in SOURCES for path in sorted((root / name).rglob("*")))
    files = [root / LOCKED, *(path for path in found if path.is_file() and "__pycache__" not in path.parts)]
    names = [str(path.relative_to(root)) for path in files]
    return digest_of(repr((sys.version, names, [path.stat().st_size for path in files])).encode(), files)


@contextmanager
def run_folder(keep: Path | None, root: Path = ROOT) -> Generator[tuple[Path, Path | None], None, None]:
    """(where jobs leave files for one another, where their results are kept or None): below `keep`, in a folder of what
    the sources are now; without `keep` for this run only.
    """
    if keep is None:
        with TemporaryDirectory(prefix="bench-matching-") as name:
            yield Path(name), None
        return
    folder = keep.resolve() / digest_of_sources(root)
    for part in ("work", "results"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    yield folder / "work", folder / "results"
