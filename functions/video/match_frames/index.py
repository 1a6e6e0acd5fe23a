"""The visual index of a catalogue revision on the container's disk: fetched once, verified, opened by memory map.

The records of a large catalogue stay where they are; single ones are read when they are needed.
"""

import hashlib
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from functions.shared.errors import Permanent, Transient, aws_errors
from functions.shared.objects import get_bytes
from functions.shoppable.matching.index import IndexManifest, InstanceIndex
from functions.shoppable.matching.instance import InstanceMatcher
from functions.video.match_frames.records import StoredRecords

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEPT_SECONDS = 3600
"""An index that no invocation of this machine used for so long is deleted: /tmp is small."""

WHOLE_BYTES = 128 << 20
"""Up to so many bytes of records are fetched with the rest: fewer requests, and no waiting for them in each frame."""

_opened: dict[str, InstanceMatcher] = {}


def cache_root() -> Path:
    """One directory per index below it, named by the digest of the index's manifest."""
    return Path(tempfile.gettempdir()) / "shoppable-index"


def load(s3: "S3Client", bucket: str, prefix: str) -> InstanceMatcher:
    """The matcher over the index below `prefix` (without a trailing slash); the last one is kept open.

    Raises Transient (also when a file is not what the manifest says: it may be read again) or Permanent.
    """
    document = get_bytes(s3, bucket, f"{prefix}/manifest.json")
    manifest = _manifest(document, prefix)
    name = hashlib.sha256(document).hexdigest()
    whole = manifest.record_bytes <= WHOLE_BYTES
    if name not in _opened:
        directory = cache_root() / name
        if not directory.is_dir():
            _discard_unused(cache_root())
            files = {file: digest for file, digest in manifest.files.items() if whole or file not in manifest.records}
            _fetch(s3, bucket, prefix, document, files, directory)
        os.utime(directory)
        try:
            index = InstanceIndex.load(directory, None if whole else StoredRecords(s3, bucket, prefix))
        except ValueError as error:
            raise Permanent(f"the index {prefix} cannot be opened by this code: {error}") from error
        _opened.clear()
        _opened[name] = InstanceMatcher(index)
    return _opened[name]


def forget() -> None:
    """Drops the opened index: for tests."""
    _opened.clear()


def _manifest(document: bytes, prefix: str) -> IndexManifest:
    """Raises Permanent when other code has built the index."""
    try:
        return IndexManifest.model_validate_json(document)
    except ValidationError as error:
        raise Permanent(
            f"The catalogue's index {prefix} was built by another version of the code. Upload the product feed again, "
            "unchanged if you like: that builds it anew; then start the analysis again."
        ) from error


def _fetch(s3: "S3Client", bucket: str, prefix: str, document: bytes, files: dict[str, str], directory: Path) -> None:
    """Into a directory of its own first: another process sees the whole index or none of it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="fetching-") as scratch:
        whole = Path(scratch) / "index"
        whole.mkdir()
        (whole / "manifest.json").write_bytes(document)
        with ThreadPoolExecutor(8) as readers:
            fetches = [
                readers.submit(_fetch_file, s3, bucket, f"{prefix}/{file}", whole / file, digest)
                for file, digest in files.items()
            ]
            for fetch in fetches:
                fetch.result()
        try:
            whole.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise


def _fetch_file(s3: "S3Client", bucket: str, key: str, file: Path, digest: str) -> None:
    hasher = hashlib.sha256()
    with aws_errors(f"get s3://{bucket}/{key}"), file.open("wb") as target:
        for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(8 << 20):
            hasher.update(chunk)
            target.write(chunk)
    if hasher.hexdigest() != digest:
        raise Transient(f"s3://{bucket}/{key} is not what the manifest says")


def _discard_unused(root: Path) -> None:
    if root.is_dir():
        for directory in root.iterdir():
            # Another process may be fetching beside this one: its scratch directory is gone as soon as it is done.
            with suppress(FileNotFoundError):
                if time.time() - directory.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(directory, ignore_errors=True)
