"""Which frames are examined: few, and enough that an appearance's times and boxes can be told from them."""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.shoppable.decode import Image, Video
from functions.shoppable.shots import SegmentShots

FRAME_WIDTH = 960
"""Displayed pixels: pictures are examined at this width at most."""


@dataclass(frozen=True, kw_only=True)
class SampledFrame:
    """A frame to be examined."""

    ms: int
    until_ms: int
    """The picture hardly changes in [ms, until_ms]: near-duplicates up to here were dropped. At least `ms`."""
    frame: int
    shot: int
    """Index of the shot within the segment, from 0."""
    image: Image
    """uint8 BGR, at most FRAME_WIDTH wide."""


def sample_frames(video: Video, shots: SegmentShots, *, width: int = FRAME_WIDTH) -> Iterator[SampledFrame]:
    """Frames of the segment in order of time."""
    raise NotImplementedError
