"""Cuts: where one shot ends and the next begins, found on small pictures, segment by segment.

A segment is looked at with a margin on both sides, so that its cuts do not depend on where the film was divided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.contracts.analysis import Shot
from functions.contracts.base import Contract, Milliseconds
from functions.contracts.video import Rational
from functions.shoppable.tracks import STEP_MS

if TYPE_CHECKING:
    from functions.shoppable.decode import SmallFrame, Video
    from functions.shoppable.points import Tracker

LOOK_WIDTH = 480
_MARGIN_MS = 1_500
_THUMB = (32, 18)
_MOTION_SIZE = (96, 54)
_FLASH_MS = 200
"""A change that is undone within so long is a flash or a passing object, not a cut."""
_CONTEXT_MS = 480
_CUT_LEVEL = 0.28
_CUT_RATIO = 2.2
_FAINT_LEVEL = 0.14
_FAINT_RATIO = 6.0
_GRID_MS = 80
_DISSOLVE_HALVES = (2, 3, 4, 6, 8, 10)
"""In steps of the grid."""
_DISSOLVE_RATIO = 0.2
_TRANSITION_APART_MS = 800
_MIN_SHOT_MS = 160
_BLACK = 0.1
_BLACK_SPREAD = 0.025
_SHOWN_SPREAD = 0.05

Array = NDArray[np.float32]


class Cut(Contract):
    """The first frame of a new shot."""

    ms: Milliseconds
    frame: int


class Motion(Contract):
    """How much the picture moved since the entry before (or, in the first of a segment, the frame before)."""

    ms: Milliseconds
    speed: float
    """Displacement of the whole picture, in frame widths per second."""
    change: float
    """The largest mean absolute luminance difference of any sixteenth of the picture, 0..1, per second."""
    sharpness: float
    """Mean absolute difference of the luminance from its surroundings, 0..255: compares frames of one shot."""


class SegmentShots(Contract):
    """What DetectShots stores for a segment [start_ms, end_ms)."""

    start_ms: Milliseconds
    end_ms: Milliseconds
    frames: int
    """Frames decoded inside the segment."""
    cuts: tuple[Cut, ...]
    """In order of time, inside the segment; the film's first frame is not a cut."""
    motion: tuple[Motion, ...]
    """At the times of the segment's tracks: every STEP_MS or so; the first is the segment's first frame."""


@dataclass(frozen=True, eq=False)
class _Look:
    """What is remembered of a frame."""

    ms: int
    number: int
    histogram: Array
    """Cumulative per channel, so that L1 is an earth mover's distance: a change of exposure moves it little."""
    thumb: Array
    gray: Array
    sharpness: float


def detect_shots(video: "Video", start_ms: int, end_ms: int, tracker: "Tracker | None" = None) -> SegmentShots:
    """Cuts and motion of [start_ms, end_ms); `tracker` is shown the same pictures. Raises VideoRefused when decoding
    fails.
    """
    looks: list[_Look] = []
    for frame in video.small_frames(max(0, start_ms - _MARGIN_MS), end_ms + _MARGIN_MS, width=LOOK_WIDTH):
        looks.append(_look(frame))
        if tracker is not None and start_ms <= frame.ms < end_ms:
            tracker.add(frame.ms, frame.luma)
    inside = [position for position, look in enumerate(looks) if start_ms <= look.ms < end_ms]
    cuts = [_exact(video, looks[at - 1], looks[at]) for at in _cuts(looks)]
    return SegmentShots(
        start_ms=start_ms,
        end_ms=end_ms,
        frames=len(inside),
        cuts=tuple(cut for cut in cuts if start_ms <= cut.ms < end_ms),
        motion=_motion(looks, inside),
    )


def _exact(video: "Video", before: _Look, after: _Look) -> Cut:
    """The first frame of a shot that begins after one look and not after another: those left out in between are decoded
    if there are any.
    """
    looks = [before]
    if after.number - before.number > 1:
        between = video.small_frames(before.ms + 1, after.ms, width=LOOK_WIDTH, every=True)
        looks += [_look(frame) for frame in between]
    looks.append(after)
    changes = [_difference(one, other) for one, other in pairwise(looks)]
    first = looks[changes.index(max(changes)) + 1]
    return Cut(ms=first.ms, frame=first.number)


def merge_shots(segments: Sequence[SegmentShots], *, duration_ms: int, frame_rate: Rational) -> tuple[Shot, ...]:
    """The film's shots from the segments' cuts: gapless, from 0 to duration_ms, numbered from 0."""
    borders = {0: 0}
    for segment in segments:
        for cut in segment.cuts:
            if 0 < cut.ms < duration_ms:
                borders[cut.ms] = cut.frame
    last_frame = round(duration_ms * frame_rate.numerator / (1000 * frame_rate.denominator))
    times = [*sorted(borders), duration_ms]
    frames = [borders[ms] for ms in times[:-1]]
    frames.append(max(last_frame, frames[-1] + 1))
    return tuple(
        Shot(index=index, start_ms=start, end_ms=end, start_frame=first, end_frame=after)
        for index, ((start, end), (first, after)) in enumerate(zip(pairwise(times), pairwise(frames), strict=True))
    )


def _look(frame: "SmallFrame") -> _Look:
    channels = (frame.luma[::3, ::3], frame.chroma[:, :, 0], frame.chroma[:, :, 1])
    histogram = np.concatenate(
        [np.cumsum(np.bincount(channel.reshape(-1) >> 3, minlength=32)) / channel.size for channel in channels]
    )
    gray = cv2.resize(frame.luma, _MOTION_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return _Look(
        ms=frame.ms,
        number=frame.number,
        histogram=histogram.astype(np.float32),
        thumb=cv2.resize(gray, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32),
        gray=gray,
        sharpness=round(cv2.mean(cv2.absdiff(frame.luma, cv2.blur(frame.luma, (3, 3))))[0], 4),
    )


def _structure(first: Array, second: Array) -> float:
    """1 - the best correlation of two thumbnails over small shifts: 0 the same picture, 1 unrelated."""
    core = first[3:-3, 4:-4]
    if float(core.std()) < 0.01 or float(second.std()) < 0.01:
        return 0.0 if abs(float(core.std()) - float(second.std())) < 0.01 else 1.0
    return float(np.clip(1 - cv2.matchTemplate(second, core, cv2.TM_CCOEFF_NORMED).max(), 0, 1))


def _difference(first: _Look, second: _Look) -> float:
    """0 (the same) to about 1 (unrelated): colours and structure must both have changed."""
    colours = min(1.0, float(np.abs(first.histogram - second.histogram).sum()) / 12)
    return float(np.sqrt(colours * _structure(first.thumb, second.thumb)))


def _cuts(looks: Sequence[_Look]) -> list[int]:
    """Positions of the first frames of new shots. Looks need not be evenly spaced: not every frame is decoded."""
    if len(looks) < 2:
        return []
    times = np.array([look.ms for look in looks])
    steps = np.array([0.0] + [_difference(before, after) for before, after in pairwise(looks)])
    hard: list[int] = []
    for at in range(1, len(looks)):
        if steps[at] < _FAINT_LEVEL or steps[at] < steps[max(0, at - 2) : at + 3].max():
            continue
        first, after = np.searchsorted(times, [times[at] - _CONTEXT_MS, times[at] + _CONTEXT_MS + 1])
        around = np.concatenate([steps[max(1, int(first)) : at], steps[at + 1 : int(after)]])
        if around.size and steps[at] < _CUT_RATIO * float(np.percentile(around, 75)):
            continue
        # Between two shots of one set less changes, but where nothing else moves it is told as well.
        if steps[at] < _CUT_LEVEL and (not around.size or steps[at] < _FAINT_RATIO * float(around.max())):
            continue
        if _is_undone(looks, times, at) or (hard and times[at] - times[hard[-1]] < _MIN_SHOT_MS):
            continue
        hard.append(at)
    slow = _fades(looks)
    for at in _dissolves(looks, times, steps, hard):
        if all(abs(times[at] - times[other]) > _TRANSITION_APART_MS for other in slow):
            slow.append(at)
    kept = [at for at in hard if all(abs(times[at] - times[other]) > _TRANSITION_APART_MS / 2 for other in slow)]
    return sorted({*kept, *slow})


def _is_undone(looks: Sequence[_Look], times: NDArray[np.int64], at: int) -> bool:
    first, after = np.searchsorted(times, [times[at] - _FLASH_MS, times[at] + _FLASH_MS])
    before, following = looks[min(int(first), at - 2) if at > 1 else 0 : at], looks[at : max(int(after), at + 2)]
    level = min(_CUT_LEVEL, _difference(looks[at - 1], looks[at])) / 2
    return min(_difference(one, other) for one in before for other in following) < level


def _fades(looks: Sequence[_Look]) -> list[int]:
    """Middles of what is black between two pictures."""
    thumbs = np.stack([look.thumb for look in looks])
    spread = thumbs.std(axis=(1, 2))
    black = (spread < _BLACK_SPREAD) & (thumbs.mean(axis=(1, 2)) < _BLACK)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], black, [False]]).astype(np.int8)))
    found: list[int] = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        if first and after < len(looks) and min(spread[:first].max(), spread[after:].max()) > _SHOWN_SPREAD:
            found.append(int(first + after) // 2)
    return found


def _dissolves(
    looks: Sequence[_Look], times: NDArray[np.int64], steps: NDArray[np.float64], hard: Sequence[int]
) -> list[int]:
    """Middles of dissolves: the middle is the mean of two unrelated ends, which no motion of a camera brings about."""
    # Of whole steps since the film began: the same wherever a segment begins.
    grid = np.arange(-(-int(times[0]) // _GRID_MS), int(times[-1]) // _GRID_MS + 1, dtype=np.int64) * _GRID_MS
    if len(grid) <= 2 * max(_DISSOLVE_HALVES):
        return []
    thumbs = _at_times(np.stack([look.thumb for look in looks]), times, grid)
    nearest = np.asarray(np.searchsorted((times[1:] + times[:-1]) / 2, grid), np.int64)
    candidates: list[tuple[float, int, int]] = []
    for half in _DISSOLVE_HALVES:
        ends = np.abs(thumbs[2 * half :] - thumbs[: -2 * half]).mean(axis=(1, 2))
        mixed = np.abs(thumbs[half:-half] - (thumbs[2 * half :] + thumbs[: -2 * half]) / 2).mean(axis=(1, 2))
        ratio = mixed / np.maximum(ends, 0.02)
        for position in np.flatnonzero((ratio < _DISSOLVE_RATIO) & (ends > 0.04)).tolist():
            at = position + half
            begin, end = (int(nearest[index]) for index in (at - half, at + half))
            smooth = steps[begin + 1 : end + 1].max(initial=0.0) < _CUT_LEVEL * 1.5
            # A long dissolve is linear in its middle too: what it leads from and to lies further out.
            outer = (int(nearest[index]) for index in (max(0, at - 2 * half), min(len(grid) - 1, at + 2 * half)))
            if smooth and _difference(*(looks[index] for index in outer)) > _CUT_LEVEL * 1.3:
                candidates.append((float(ratio[position]), int(nearest[at]), half * _GRID_MS))
    found: list[int] = []
    for _, at, half_ms in sorted(candidates):
        apart = max(2 * half_ms, _TRANSITION_APART_MS)
        if all(abs(times[at] - times[other]) > apart for other in [*found, *hard]):
            found.append(at)
    return found


def _at_times(values: Array, times: NDArray[np.int64], wanted: NDArray[np.int64]) -> Array:
    """Linear interpolation of (n, …) values."""
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    before = after - 1
    share = ((wanted - times[before]) / (times[after] - times[before])).astype(np.float32)
    share = np.clip(share, 0, 1).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[before] * (1 - share) + values[after] * share, np.float32)


def _motion(looks: Sequence[_Look], inside: Sequence[int]) -> tuple[Motion, ...]:
    window = cv2.createHanningWindow(_MOTION_SIZE, cv2.CV_32F)
    entries: list[Motion] = []
    previous: _Look | None = looks[inside[0] - 1] if inside and inside[0] > 0 else None
    for position in inside:
        look = looks[position]
        if entries and look.ms - entries[-1].ms < STEP_MS:
            continue
        speed = change = 0.0
        if previous is not None:
            seconds = max(look.ms - previous.ms, 1) / 1000
            # It multiplies the window into its arguments.
            (dx, dy), response = cv2.phaseCorrelate(previous.gray.copy(), look.gray.copy(), window)
            speed = cast("float", np.hypot(dx, dy)) / _MOTION_SIZE[0] / seconds if response > 0.05 else 0.0
            tiles = np.abs(look.gray - previous.gray)[:52, :96].reshape(4, 13, 4, 24).mean(axis=(1, 3))
            change = float(tiles.max()) / seconds
        entries.append(
            Motion(ms=look.ms, speed=round(float(speed), 4), change=round(change, 4), sharpness=look.sharpness)
        )
        previous = look
    return tuple(entries)
