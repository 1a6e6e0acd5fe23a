"""One segment's products, shot by shot, with the progress that an operator sees."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import cv2
import numpy as np

from functions.contracts.video import SegmentInput, SegmentStep, StoredFrame
from functions.shared import artefacts
from functions.shared.errors import Permanent
from functions.shoppable import looks
from functions.shoppable.image import Image
from functions.shoppable.matching.port import Found, Matcher, Views
from functions.shoppable.shots import SegmentShots
from functions.shoppable.sightings import FrameMatches, SegmentMatches
from functions.shoppable.tracks import Tracks

REPORT_EVERY_FRAMES = 10


class Segment(Protocol):
    """Where frames and the index are read from and the result goes."""

    def frames(self, key: str) -> Sequence[StoredFrame]:
        """What SampleFrames stored."""
        ...

    def shots(self, key: str) -> SegmentShots:
        """What DetectShots stored."""
        ...

    def tracks(self, key: str) -> Tracks:
        """What DetectShots stored beside it."""
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

    def put_crops(self, key: str, jpeg: bytes) -> None:
        """Write evidence."""
        ...

    def put_matches(self, key: str, found: SegmentMatches) -> None:
        """Write the artefact."""
        ...


def match(order: SegmentInput, store: Segment) -> SegmentStep:
    """Match and store. Raises Permanent when a picture is broken."""
    prefix, index = order.prefix, order.segment.index
    stored = store.frames(artefacts.segment_key(prefix, index, "frames.json"))
    progress = _Progress(store, sum(not frame.spare for frame in stored))
    ordinary = iter(store.pictures([frame for frame in stored if not frame.spare]))
    matcher = store.matcher()

    def look(frame: StoredFrame, views: Views) -> list[Found]:
        # A stretched view is of a frame that was examined before.
        if views != "slanted":
            progress.begin(frame)
        (jpeg,) = [next(ordinary)] if views == "upright" else store.pictures([frame])
        return matcher.match(decode(jpeg, frame.key), views)

    examined: list[FrameMatches] = []
    for shot in looks.examine(
        stored,
        store.shots(artefacts.segment_key(prefix, index, "shots.json")),
        store.tracks(artefacts.segment_key(prefix, index, "tracks.bin")),
        look,
        lambda ms, product_id: artefacts.crops_key(prefix, index, ms, product_id),
    ):
        for key, crops in shot.crops.items():
            store.put_crops(key, crops())
        examined += shot.frames
    key = artefacts.segment_key(prefix, index, "matches.json")
    store.put_matches(key, SegmentMatches(index_digest=matcher.index_digest, frames=tuple(examined)))
    progress.end()
    return SegmentStep(index=index, result_key=key, frames=len(examined))


def decode(jpeg: bytes, key: str) -> Image:
    """The picture as uint8 BGR (H, W, 3)."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise Permanent(f"{key} is no picture")
    return np.asarray(image, np.uint8)


class _Progress:
    """Frames examined, of the ordinary ones and those spare ones that had to be."""

    def __init__(self, store: Segment, total: int) -> None:
        self._store = store
        self._done = 0
        self._total = total
        store.report(0, total)

    def begin(self, frame: StoredFrame) -> None:
        if self._done and self._done % REPORT_EVERY_FRAMES == 0:
            self._store.report(self._done, self._total)
        self._done += 1
        self._total += frame.spare

    def end(self) -> None:
        self._store.report(self._done, self._total)
