"""One segment's products, frame by frame, with the progress that an operator sees."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import cv2
import numpy as np

from functions.contracts.video import SegmentInput, SegmentStep, StoredFrame
from functions.shared import artefacts
from functions.shared.errors import Permanent
from functions.shoppable.appearances import FrameMatches
from functions.shoppable.image import Image
from functions.shoppable.matching.port import Matcher

REPORT_EVERY_FRAMES = 10


class Frames(Protocol):
    """Where frames and the index are read from and the result goes."""

    def frames(self, key: str) -> Sequence[StoredFrame]:
        """What SampleFrames stored."""
        ...

    def pictures(self, stored: Sequence[StoredFrame]) -> Iterable[bytes]:
        """The frames' JPEGs, in their order."""
        ...

    def matcher(self) -> Matcher:
        """The engine over the catalogue revision of this analysis."""
        ...

    def report(self, done: int, total: int) -> None:
        """How far this segment is; never fails the work."""
        ...

    def put_matches(self, key: str, found: Sequence[FrameMatches]) -> None:
        """Write the artefact."""
        ...


def match(order: SegmentInput, store: Frames) -> SegmentStep:
    """Match and store. Raises Permanent when a picture is broken."""
    index = order.segment.index
    stored = store.frames(artefacts.segment_key(order.prefix, index, "frames.json"))
    store.report(0, len(stored))
    matcher = store.matcher()
    found: list[FrameMatches] = []
    for frame, jpeg in zip(stored, store.pictures(stored), strict=True):
        matches = tuple(one.match for one in matcher.match(decode(jpeg, frame.key)))
        found.append(FrameMatches(ms=frame.ms, until_ms=frame.until_ms, frame=frame.frame, matches=matches))
        if len(found) % REPORT_EVERY_FRAMES == 0:
            store.report(len(found), len(stored))
    key = artefacts.segment_key(order.prefix, index, "matches.json")
    store.put_matches(key, found)
    store.report(len(stored), len(stored))
    return SegmentStep(index=index, result_key=key, frames=len(stored))


def decode(jpeg: bytes, key: str) -> Image:
    """The picture as uint8 BGR (H, W, 3)."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise Permanent(f"{key} is no picture")
    return np.asarray(image, np.uint8)
