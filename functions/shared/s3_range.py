"""One version of an S3 object as a seekable file, read by ranged GETs: a film is decoded without downloading it."""

import io
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from functions.shared.errors import Transient, aws_errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

BLOCK_BYTES = 1 << 20
MAX_READ_AHEAD_BLOCKS = 8
CACHED_BLOCKS = 48


class ReadDeadlineError(Exception):
    """Reading went on for longer than the file was opened for."""


class S3RangeFile(io.RawIOBase):
    """Read-only file object over [0, size) of one object version. Not safe for several threads.

    Blocks are cached, the least recently used dropped first. Each GET that follows on the one before it, as when a film
    is decoded in order, fetches twice as many blocks as the last, up to MAX_READ_AHEAD_BLOCKS. `deadline_seconds`
    bounds the life of the file: a hostile container that makes its demuxer read for ever ends in ReadDeadlineError.

    Raises Transient or Permanent (functions.shared.errors) and ReadDeadlineError.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        key: str,
        version_id: str,
        size_bytes: int,
        *,
        deadline_seconds: float | None = None,
    ) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._version_id = version_id
        self._size = size_bytes
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next_sequential = 0
        self._read_ahead = 1
        self._deadline = None if deadline_seconds is None else time.monotonic() + deadline_seconds
        self.requests = 0
        """GETs made so far."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of a file; a position before the start is a ValueError, one behind the end reads nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` as far as the object reaches; returns the bytes read, 0 at the end."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self._size - self._position))
        filled = 0
        while filled < wanted:
            number, offset = divmod(self._position, BLOCK_BYTES)
            piece = self._block(number)[offset : offset + wanted - filled]
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._position += len(piece)
        return filled

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ReadDeadlineError(f"s3://{self._bucket}/{self._key} was not read within its time")
        sequential = number == self._next_sequential
        self._read_ahead = min(2 * self._read_ahead, MAX_READ_AHEAD_BLOCKS) if sequential else 1
        first = number * BLOCK_BYTES
        last = min(first + self._read_ahead * BLOCK_BYTES, self._size) - 1
        with aws_errors(f"get bytes {first}-{last} of s3://{self._bucket}/{self._key}"):
            body = self._s3.get_object(
                Bucket=self._bucket, Key=self._key, VersionId=self._version_id, Range=f"bytes={first}-{last}"
            )["Body"].read()
        self.requests += 1
        if len(body) != last - first + 1:
            raise Transient(f"s3://{self._bucket}/{self._key} gave {len(body)} bytes of {first}-{last}")
        for start in range(0, len(body), BLOCK_BYTES):
            block = number + start // BLOCK_BYTES
            self._blocks[block] = body[start : start + BLOCK_BYTES]
            self._blocks.move_to_end(block)
        self._next_sequential = number + self._read_ahead
        while len(self._blocks) > CACHED_BLOCKS:
            self._blocks.popitem(last=False)
