"""What verification needs of a single product picture, as one record: points, descriptors, outline and picture
together, so that one read of some 50 KB brings all of it, from a file or as a range of a stored object.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.matching.features import OUTLINE_POINTS, silhouette_of

CODE_SCALE = 254.0
"""Projected descriptors are stored as round(x * CODE_SCALE), clipped at ±127."""
_POINT_SCALE = np.array([16, 16, 16, 10], dtype=np.float32)
"""Sixteenths of pixels and tenths of degrees."""
SMALL_SIDE = 160
"""Pixels."""
_HEAD_BYTES = 8
_OUTLINE_BYTES = OUTLINE_POINTS * 2 * 4

Floats = NDArray[np.float32]


class DamagedRecordError(ValueError):
    """What was read is not what the index says should be there."""


class Span(NamedTuple):
    """Where a record is."""

    file: str
    """Name within the index."""
    start: int
    size: int
    checksum: int
    """`checksum_of` its bytes."""

    def checked(self, body: bytes) -> bytes:
        """The bytes, if they are this record's. Raises DamagedRecordError."""
        if len(body) != self.size or checksum_of(body) != self.checksum:
            raise DamagedRecordError(f"bytes {self.start} to {self.start + self.size} of {self.file} are damaged")
        return body


class RecordSource(Protocol):
    """Where records are read from."""

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """The records, checked, in their order. Raises DamagedRecordError, or what the source says."""
        ...


class FileRecords:
    """Records in local files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[str, int] = {}

    def __del__(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Raises DamagedRecordError or OSError."""
        return [span.checked(os.pread(self._file(span.file), span.size, span.start)) for span in spans]

    def _file(self, name: str) -> int:
        if name not in self._open:
            self._open[name] = os.open(self._directory / name, os.O_RDONLY)
        return self._open[name]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """What verification needs of one product image; D dimensions as in `InstanceIndex.project`."""

    width: float
    height: float
    points: Floats
    """(N, 4) as in ImageFeatures."""
    descriptors: Floats
    """(N, D)"""
    outline: Floats
    jpeg: bytes

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """(H, W, 3) BGR."""
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise ValueError("a picture of the index is damaged")
        return np.asarray(decoded, np.uint8)

    @cached_property
    def small(self) -> NDArray[np.uint8]:
        """The same, its longer side at most SMALL_SIDE: layout, drawing and colours are compared by it."""
        high, wide = self.picture.shape[:2]
        factor = SMALL_SIDE / max(high, wide)
        if factor >= 1:
            return self.picture
        size = (max(1, round(wide * factor)), max(1, round(high * factor)))
        return np.asarray(cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def silhouette(self) -> NDArray[np.uint8]:
        """(H, W) of `small`: 255 where the product is, a pixel inside its edge; not what is behind it, between a
        shirt's sleeves or beside a bottle's neck.
        """
        silhouette = silhouette_of(self.small)
        high, wide = silhouette.shape
        corners = np.rint(self.outline * [wide / self.width, high / self.height]).astype(np.int32)
        inside = cv2.bitwise_and(silhouette, cv2.fillConvexPoly(np.zeros_like(silhouette), corners, 255))
        return np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)), np.uint8)


def record_of(
    size: tuple[int, int], points: NDArray[np.int16], codes: NDArray[np.int8], outline: Floats, jpeg: bytes
) -> bytes:
    """The record of a picture of `size` (width, height): `points` by `packed`, `codes` (N, D) by `quantised`."""
    head = np.array([*size, *codes.shape], "<u2").tobytes()
    return head + outline.astype("<f4").tobytes() + points.astype("<i2").tobytes() + codes.tobytes() + jpeg


def reference_of(record: bytes) -> Reference:
    """What record_of took."""
    width, height, count, dimensions = (int(value) for value in np.frombuffer(record, "<u2", 4))
    outline = np.frombuffer(record, "<f4", OUTLINE_POINTS * 2, _HEAD_BYTES)
    at = _HEAD_BYTES + _OUTLINE_BYTES
    points = np.frombuffer(record, "<i2", count * 4, at).reshape(count, 4)
    at += count * 8
    codes = np.frombuffer(record, np.int8, count * dimensions, at).reshape(count, dimensions)
    return Reference(
        width=float(width),
        height=float(height),
        points=unpacked(points),
        descriptors=codes.astype(np.float32) / CODE_SCALE,
        outline=outline.reshape(OUTLINE_POINTS, 2).astype(np.float32),
        jpeg=record[at + count * dimensions :],
    )


def checksum_of(record: bytes) -> int:
    """64 bits."""
    return int.from_bytes(hashlib.blake2b(record, digest_size=8).digest(), "little")


def quantised(vectors: Floats) -> NDArray[np.int8]:
    """Projected descriptors, a byte per dimension."""
    return np.clip(np.rint(vectors * CODE_SCALE), -127, 127).astype(np.int8)


def packed(points: Floats) -> NDArray[np.int16]:
    """Sixteenths of pixels and tenths of degrees."""
    return np.rint(points * _POINT_SCALE).astype(np.int16)


def unpacked(points: NDArray[np.int16]) -> Floats:
    """What packed took, nearly."""
    return points.astype(np.float32) / _POINT_SCALE
