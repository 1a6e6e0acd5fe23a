"""Which frames are examined: few, and enough that an appearance's times and boxes can be told from them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.shots import SegmentShots

if TYPE_CHECKING:
    from functions.shoppable.decode import Video

FRAME_WIDTH = 960
"""Displayed pixels: pictures are examined at this width at most."""
_SETTLE_MS = 80
"""Not the very first frame of a shot: encoders spend few bits on it."""
_MIN_GAP_MS = 300
_MAX_GAP_MS = 800
_TRAVEL = 0.06
"""Frame widths that the picture may move between two examined frames: a linear interpolation of boxes stays close."""
_CHANGE = 0.12
_QUIET_CHANGE = 0.02
"""Per second: what noise and compression alone bring about."""
_DUPLICATE = 0.006
_THUMB = (64, 32)


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
    spare: bool = False
    """Examined only where the shot's other frames leave doubt."""


def sample_frames(video: "Video", shots: SegmentShots, *, width: int = FRAME_WIDTH) -> Iterator[SampledFrame]:
    """Frames of the segment in order of time, near-duplicates within a shot left out."""
    borders = [shots.start_ms, *(cut.ms for cut in shots.cuts), shots.end_ms]
    shot_of = {
        ms: index for index, (start, end) in enumerate(pairwise(borders)) for ms in choose_times(shots, start, end)
    }
    kept: tuple[SampledFrame, NDArray[np.float32]] | None = None
    for frame in video.frames_at(sorted(shot_of), width=width):
        thumb = _thumb(frame.image)
        shot = shot_of[frame.ms]
        if kept is not None:
            if kept[0].shot == shot and _distance(kept[1], thumb) < _DUPLICATE:
                kept = (replace(kept[0], until_ms=frame.ms), kept[1])
                continue
            yield kept[0]
        kept = (
            SampledFrame(ms=frame.ms, until_ms=frame.ms, frame=frame.number, shot=shot, image=frame.image),
            thumb,
        )
    if kept is not None:
        yield kept[0]


def choose_times(shots: SegmentShots, start_ms: int, end_ms: int) -> list[int]:
    """Times of frames to look at in one shot [start_ms, end_ms): one at least, denser where more moves."""
    entries = [entry for entry in shots.motion if start_ms <= entry.ms < end_ms]
    if not entries:
        return []
    settled = [entry for entry in entries if entry.ms >= start_ms + _SETTLE_MS] or entries[-1:]
    times = [settled[0].ms]
    travelled = 0.0
    for before, entry in pairwise(settled):
        seconds = (entry.ms - before.ms) / 1000
        travelled += entry.speed * seconds / _TRAVEL + max(0.0, entry.change - _QUIET_CHANGE) * seconds / _CHANGE
        gap = entry.ms - times[-1]
        if gap >= _MAX_GAP_MS or (travelled >= 1 and gap >= _MIN_GAP_MS):
            times.append(entry.ms)
            travelled = 0.0
    if settled[-1].ms - times[-1] >= _MIN_GAP_MS:
        times.append(settled[-1].ms)
    return times


def _thumb(image: Image) -> NDArray[np.float32]:
    return (cv2.resize(image, _THUMB, interpolation=cv2.INTER_AREA) / 255).astype(np.float32)


def _distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The largest mean absolute difference of any of 64 tiles: a small product that comes or goes counts in full."""
    tiles = np.abs(first - second).reshape(8, 4, 8, 8, 3).mean(axis=(1, 3, 4))
    return float(tiles.max())
