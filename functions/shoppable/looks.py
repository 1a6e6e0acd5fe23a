"""Which frames of a segment are examined, and what is made of each: the second look and the following of matches.

Ordinary frames are examined all, as they are. In a shot that shows nothing so, one of them is viewed stretched, for
what stands at a slant: to view all of them costs twice as much again, and most of a film shows nothing that is sold. Of
a shot's spare ones, one after the other, those are examined in which something may be seen that is neither clearly
there nor clearly not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np

from functions.shoppable.appearances import evidence_rank, is_sure, link_shot
from functions.shoppable.matching.port import Found, FrameMatch, Views
from functions.shoppable.paths import STORED_TOLERANCE, thin
from functions.shoppable.shots import SegmentShots
from functions.shoppable.sightings import FrameMatches, Sighting
from functions.shoppable.tracks import Tracks, follow

FOLLOW_FROM = 0.1
"""A match that scores less is none."""
DOUBT_FROM = 0.3
"""What scores less is nothing: a second look would cost more than it finds."""
ENOUGH_LOOKS = 3
"""At one appearance: what is in doubt after so many is for a person."""
_SLACK_MS = 300


class Frame(Protocol):
    """A sampled frame, with or without its picture."""

    @property
    def ms(self) -> int: ...
    @property
    def until_ms(self) -> int: ...
    @property
    def frame(self) -> int: ...
    @property
    def shot(self) -> int: ...
    @property
    def spare(self) -> bool: ...


Sampled = TypeVar("Sampled", bound=Frame)


@dataclass(frozen=True, eq=False, kw_only=True)
class ShotLooks:
    """What a segment's part of a shot shows."""

    frames: tuple[FrameMatches, ...]
    """Those examined, in order of time."""
    crops: dict[str, Callable[[], bytes]]
    """By the key that a sighting names: a JPEG. One per product."""


Look = Callable[[Sampled, Views], Sequence[Found]]
CropsKey = Callable[[int, str], str]
"""Of the milliseconds of a frame and the product that is seen in it."""


def examine(
    frames: Sequence[Sampled], shots: SegmentShots, tracks: Tracks, look: Look[Sampled], crops_key: CropsKey
) -> Iterator[ShotLooks]:
    """Shot by shot. `frames` are the segment's, in order of time.

    `look` is asked for the ordinary ones in their order, and in between for stretched views and spare ones.
    """
    of_shot: dict[int, list[Sampled]] = defaultdict(list)
    for frame in frames:
        of_shot[frame.shot].append(frame)
    borders = list(pairwise([shots.start_ms, *(cut.ms for cut in shots.cuts), shots.end_ms]))
    for number in sorted(of_shot):
        shot = _Shot(borders[number], tracks)
        ordinary = [frame for frame in of_shot[number] if not frame.spare]
        for frame in ordinary:
            shot.see(frame, look(frame, "upright"))
        if ordinary and shot.shows_nothing():
            middle = ordinary[len(ordinary) // 2]
            shot.see(middle, look(middle, "slanted"))
        for frame in of_shot[number]:
            if frame.spare and shot.is_in_doubt(frame.ms):
                shot.see(frame, look(frame, "all"))
        yield shot.result(crops_key)


class _Shot:
    """What is known of a segment's part of a shot so far."""

    def __init__(self, span: tuple[int, int], tracks: Tracks) -> None:
        self._span = span
        self._tracks = tracks
        self._frames: list[FrameMatches] = []
        self._crops: dict[tuple[int, int], Callable[[], bytes]] = {}
        self._best: dict[str, tuple[tuple[float, int], tuple[int, int]]] = {}
        """By product: the rank of its best sighting; that one's time and number."""

    def see(self, frame: Frame, found: Sequence[Found]) -> None:
        """Takes in what one more frame shows, or another view of one that showed nothing."""
        sightings: list[Sighting] = []
        for one in found:
            if one.match.chance < FOLLOW_FROM:
                continue
            name = (frame.ms, len(sightings))
            sightings.append(self._followed(one.match, frame))
            rank = evidence_rank(sightings[-1])
            best = self._best.get(one.match.product_id)
            if best is None or rank > best[0]:
                if best is not None:
                    del self._crops[best[1]]
                self._best[one.match.product_id], self._crops[name] = (rank, name), one.crops
        self._frames = [one for one in self._frames if one.ms != frame.ms]
        self._frames.append(
            FrameMatches(ms=frame.ms, until_ms=frame.until_ms, frame=frame.frame, sightings=tuple(sightings))
        )

    def shows_nothing(self) -> bool:
        return not any(frame.sightings for frame in self._frames)

    def is_in_doubt(self, ms: int) -> bool:
        """True if something may be there at a time that a further look could confirm."""
        return any(
            found.score >= DOUBT_FROM
            and not is_sure(found)
            and found.start_ms - _SLACK_MS <= ms <= found.end_ms + _SLACK_MS
            and sum(found.start_ms <= frame.ms <= found.end_ms for frame in self._frames) < ENOUGH_LOOKS
            for found in link_shot(self._frames, *self._span)
        )

    def result(self, crops_key: CropsKey) -> ShotLooks:
        frames: list[FrameMatches] = []
        crops: dict[str, Callable[[], bytes]] = {}
        for frame in sorted(self._frames, key=lambda one: one.ms):
            sightings = list(frame.sightings)
            for number, sighting in enumerate(frame.sightings):
                if (frame.ms, number) in self._crops:
                    key = crops_key(frame.ms, sighting.product_id)
                    sightings[number] = sighting.model_copy(update={"crops_key": key})
                    crops[key] = self._crops[frame.ms, number]
            frames.append(frame.model_copy(update={"sightings": tuple(sightings)}))
        return ShotLooks(frames=tuple(frames), crops=crops)

    def _followed(self, match: FrameMatch, frame: Frame) -> Sighting:
        path = follow(self._tracks, np.array(match.outline, np.float64), frame.ms, *self._span)
        known = {box[0]: box for box in path} or {frame.ms: (frame.ms, *match.box)}
        # The frame itself is known best: by what was recognised and not by what moved.
        known[frame.ms] = (frame.ms, *match.box)
        return Sighting(
            product_id=match.product_id,
            category=match.category,
            image_sha256=match.image_sha256,
            inliers=match.inliers,
            score=match.score,
            chance=match.chance,
            rivals=match.rivals,
            path=thin(tuple(known[ms] for ms in sorted(known)), STORED_TOLERANCE),
        )
