"""The digest of the code that runs: names in `analysis.v1` and in feature caches what made them."""

import hashlib
from pathlib import Path


def code_digest(root: Path) -> str:
    """SHA-256 (lower-case hex) over the Python files of `root`/functions: sorted relative POSIX paths and bytes."""
    hasher = hashlib.sha256()
    for path in sorted((root / "functions").rglob("*.py"), key=lambda found: found.relative_to(root).as_posix()):
        body = path.read_bytes()
        hasher.update(f"{path.relative_to(root).as_posix()}\0{len(body)}\0".encode())
        hasher.update(body)
    return hasher.hexdigest()
