"""Cuts: where one shot ends and the next begins, found on small pictures, segment by segment.

A segment is looked at with a margin on both sides, so that its cuts do not depend on where the film was divided.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.contracts.analysis import Shot
from functions.contracts.base import Contract, Milliseconds
from functions.contracts.video import Rational
from functions.shoppable.image import Image
from functions.shoppable.tracks import STEP_MS

if TYPE_CHECKING:
    from functions.shoppable.decode import SmallFrame, Video
    from functions.shoppable.points import Tracker

LOOK_WIDTH = 480
_MARGIN_MS = 1_500
_SAMPLES = 320
"""Columns of pixels that are looked at: noise averages out in a thumbnail and a histogram of so many."""
_BINS = 32
_THUMB = (32, 18)
_SHIFT_X, _SHIFT_Y = 4, 3
"""How far thumbnails may be shifted against each other."""
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
_LEAST_CHANGE = 10.2
"""Mean absolute difference, 0..255, of the two ends of a dissolve."""
_TRANSITION_APART_MS = 800
_MIN_SHOT_MS = 160
_FLAT = 2.55
_BLACK = 25.5
_BLACK_SPREAD = 6.4
_SHOWN_SPREAD = 12.75
"""Standard deviations, and the mean, of luminance, 0..255."""

Array = NDArray[np.float32]
Integers = NDArray[np.int64]


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
class _Looks:
    """What is remembered of n frames."""

    ms: Integers
    number: Integers
    histograms: Array
    """(n, 3, bins): cumulative, as shares, so that L1 is an earth mover's distance: a change of exposure moves it
    little.
    """
    thumbs: Array
    """(n, 18, 32), of whole numbers -128..127: what is summed of them is exact, in any order."""


def detect_shots(video: "Video", start_ms: int, end_ms: int, tracker: "Tracker | None" = None) -> SegmentShots:
    """Cuts and motion of [start_ms, end_ms); `tracker` is shown the same pictures. Raises VideoRefused when decoding
    fails.
    """
    motion = _Motions(start_ms, end_ms)

    def seen(frame: "SmallFrame") -> None:
        motion.add(frame)
        if tracker is not None and start_ms <= frame.ms < end_ms:
            tracker.add(frame.ms, frame.luma)

    cuts = detect_cuts(video, start_ms, end_ms, seen)
    return SegmentShots(start_ms=start_ms, end_ms=end_ms, frames=motion.frames, cuts=cuts, motion=tuple(motion.entries))


def detect_cuts(
    video: "Video", start_ms: int, end_ms: int, seen: "Callable[[SmallFrame], object] | None" = None
) -> tuple[Cut, ...]:
    """Cuts of [start_ms, end_ms) alone; `seen` is shown the decoded pictures, of the margins too. Raises VideoRefused
    when decoding fails.
    """
    looks = _looks(video.small_frames(max(0, start_ms - _MARGIN_MS), end_ms + _MARGIN_MS, width=LOOK_WIDTH), seen)
    hard, slow = _transitions(looks, lambda at: _closer(video, looks, at))
    cuts = {at: _exact(one) for at, one in hard.items()}
    cuts.update({at: Cut(ms=int(looks.ms[at]), frame=int(looks.number[at])) for at in slow})
    return tuple(cut for _, cut in sorted(cuts.items()) if start_ms <= cut.ms < end_ms)


def _closer(video: "Video", looks: _Looks, at: int) -> _Looks:
    """From the look before `at` to that one: those left out in between are decoded if there are any."""
    if looks.number[at] - looks.number[at - 1] > 1:
        before, after = int(looks.ms[at - 1]), int(looks.ms[at])
        closer = _looks(video.small_frames(before, after + 1, width=LOOK_WIDTH, every=True))
        if len(closer.ms) > 1:
            return closer
    pair = slice(at - 1, at + 1)
    return _Looks(looks.ms[pair], looks.number[pair], looks.histograms[pair], looks.thumbs[pair])


def _exact(looks: _Looks) -> Cut:
    """The first frame of a shot that begins after the first of these and not after the last."""
    at = int(_steps(looks).argmax())
    return Cut(ms=int(looks.ms[at]), frame=int(looks.number[at]))


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


def _looks(frames: "Iterable[SmallFrame]", seen: "Callable[[SmallFrame], object] | None" = None) -> _Looks:
    times: list[tuple[int, int]] = []
    counts: list[list[Array]] = []
    thumbs: list[Image] = []
    for frame in frames:
        channels = frame.samples(_SAMPLES)
        times.append((frame.ms, frame.number))
        counts.append([np.asarray(cv2.calcHist([one], [0], None, [_BINS], [0, 256]), np.float32) for one in channels])
        thumbs.append(np.asarray(cv2.resize(channels[0], _THUMB, interpolation=cv2.INTER_AREA), np.uint8))
        if seen is not None:
            seen(frame)
    histograms = np.cumsum(np.reshape(counts, (-1, 3, _BINS)), axis=2, dtype=np.float32)
    ms, number = np.reshape(times, (-1, 2)).astype(np.int64).T
    return _Looks(
        ms=ms,
        number=number,
        histograms=(histograms / histograms[:, :, -1:]).astype(np.float32),
        thumbs=np.reshape(thumbs, (-1, *_THUMB[::-1])).astype(np.float32) - 128,
    )


def _structures(first: Array, second: Array) -> Array:
    """(n,) of thumbnails (n, 18, 32): 1 - the best correlation over small shifts: 0 the same picture, 1 unrelated."""
    core = first[:, _SHIFT_Y:-_SHIFT_Y, _SHIFT_X:-_SHIFT_X]
    high, wide = core.shape[1:]
    best = np.full(len(first), -1.0)
    mean, spread = _moments(core)
    for y in range(2 * _SHIFT_Y + 1):
        for x in range(2 * _SHIFT_X + 1):
            window = second[:, y : y + high, x : x + wide]
            mean_there, spread_there = _moments(window)
            product = np.einsum("nij,nij->n", core, window).astype(np.float64) / (high * wide) - mean * mean_there
            best = np.maximum(best, product / np.maximum(spread * spread_there, 1e-3))
    _, whole = _moments(second)
    flat = (spread < _FLAT) | (whole < _FLAT)
    unlike = np.abs(spread - whole) >= _FLAT
    return np.where(flat, unlike, np.clip(1 - best, 0, 1)).astype(np.float32)


def _moments(thumbs: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) means and standard deviations of thumbnails."""
    size = thumbs.shape[1] * thumbs.shape[2]
    mean = np.einsum("nij->n", thumbs).astype(np.float64) / size
    square = np.einsum("nij,nij->n", thumbs, thumbs).astype(np.float64) / size
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def _differences(looks: _Looks, first: Integers, second: Integers) -> Array:
    """Between looks at these positions, 0 (the same) to about 1 (unrelated): colours and structure must both have
    changed.
    """
    apart = np.abs(looks.histograms[first] - looks.histograms[second]).sum(axis=(1, 2))
    colours = np.minimum(1.0, apart / 12)
    return np.sqrt(colours * _structures(looks.thumbs[first], looks.thumbs[second])).astype(np.float32)


def _steps(looks: _Looks) -> Array:
    """(n,) differences from the look before; the first is 0."""
    at = np.arange(1, len(looks.ms), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.float32), _differences(looks, at - 1, at)])


def _transitions(looks: _Looks, closer: Callable[[int], _Looks]) -> tuple[dict[int, _Looks], list[int]]:
    """Positions of the first looks at new shots, with every frame since the look before (`closer` gives them), and of
    the middles of slow transitions. Looks need not be evenly spaced: not every frame is decoded.
    """
    times = looks.ms
    if len(times) < 2:
        return {}, []
    steps = _steps(looks)
    hard: dict[int, _Looks] = {}
    for at in np.flatnonzero(steps >= _FAINT_LEVEL).tolist():
        if steps[at] < steps[max(0, at - 2) : at + 3].max():
            continue
        first, after = np.searchsorted(times, [times[at] - _CONTEXT_MS, times[at] + _CONTEXT_MS + 1])
        around = np.concatenate([steps[max(1, int(first)) : at], steps[at + 1 : int(after)]])
        if around.size and steps[at] < _CUT_RATIO * float(np.percentile(around, 75)):
            continue
        # Between two shots of one set less changes, but where nothing else moves it is told as well.
        stands_out = around.size > 0 and steps[at] >= _FAINT_RATIO * float(around.max())
        if steps[at] < _CUT_LEVEL and not stands_out:
            continue
        if _is_undone(looks, steps, at) or (hard and times[at] - times[max(hard)] < _MIN_SHOT_MS):
            continue
        frames = closer(at)
        # A cut takes one frame; somebody who walks into the picture takes all those between two looks.
        if not stands_out and _steps(frames).max() < _CUT_LEVEL:
            continue
        hard[at] = frames
    slow = _fades(looks)
    for at in _dissolves(looks, steps, tuple(hard)):
        if all(abs(times[at] - times[other]) > _TRANSITION_APART_MS for other in slow):
            slow.append(at)
    far = _TRANSITION_APART_MS / 2
    return {at: one for at, one in hard.items() if all(abs(times[at] - times[other]) > far for other in slow)}, slow


def _is_undone(looks: _Looks, steps: Array, at: int) -> bool:
    times = looks.ms
    first, after = np.searchsorted(times, [times[at] - _FLASH_MS, times[at] + _FLASH_MS])
    before = np.arange(min(int(first), at - 2) if at > 1 else 0, at, dtype=np.int64)
    following = np.arange(at, min(len(times), max(int(after), at + 2)), dtype=np.int64)
    level = min(_CUT_LEVEL, float(steps[at])) / 2
    pairs = _differences(looks, np.repeat(before, len(following)), np.tile(following, len(before)))
    return float(pairs.min()) < level


def _fades(looks: _Looks) -> list[int]:
    """Middles of what is black between two pictures."""
    mean, spread = _moments(looks.thumbs)
    black = (spread < _BLACK_SPREAD) & (mean + 128 < _BLACK)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], black, [False]]).astype(np.int8)))
    found: list[int] = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        if first and after < len(black) and min(spread[:first].max(), spread[after:].max()) > _SHOWN_SPREAD:
            found.append(int(first + after) // 2)
    return found


def _dissolves(looks: _Looks, steps: Array, hard: Sequence[int]) -> list[int]:
    """Middles of dissolves: the middle is the mean of two unrelated ends, which no motion of a camera brings about."""
    times = looks.ms
    # Of whole steps since the film began: the same wherever a segment begins.
    grid = np.arange(-(-int(times[0]) // _GRID_MS), int(times[-1]) // _GRID_MS + 1, dtype=np.int64) * _GRID_MS
    if len(grid) <= 2 * max(_DISSOLVE_HALVES):
        return []
    thumbs = _at_times(looks.thumbs, times, grid)
    nearest = np.asarray(np.searchsorted((times[1:] + times[:-1]) / 2, grid), np.int64)
    candidates: list[tuple[float, int, int]] = []
    for half in _DISSOLVE_HALVES:
        ends = np.abs(thumbs[2 * half :] - thumbs[: -2 * half]).mean(axis=(1, 2))
        mixed = np.abs(thumbs[half:-half] - (thumbs[2 * half :] + thumbs[: -2 * half]) / 2).mean(axis=(1, 2))
        ratio = mixed / np.maximum(ends, _LEAST_CHANGE / 2)
        at = np.flatnonzero((ratio < _DISSOLVE_RATIO) & (ends > _LEAST_CHANGE)) + half
        # A long dissolve is linear in its middle too: what it leads from and to lies further out.
        outer = nearest[np.maximum(0, at - 2 * half)], nearest[np.minimum(len(grid) - 1, at + 2 * half)]
        unrelated = _differences(looks, *outer) > _CUT_LEVEL * 1.3
        for middle in at[unrelated].tolist():
            begin, end = int(nearest[middle - half]), int(nearest[middle + half])
            if steps[begin + 1 : end + 1].max(initial=0.0) < _CUT_LEVEL * 1.5:
                candidates.append((float(ratio[middle - half]), int(nearest[middle]), half * _GRID_MS))
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


class _Motions:
    """Motion inside [start_ms, end_ms), of pictures in order of time."""

    def __init__(self, start_ms: int, end_ms: int) -> None:
        self._start_ms, self._end_ms = start_ms, end_ms
        self._window = cv2.createHanningWindow(_MOTION_SIZE, cv2.CV_32F)
        self._before: SmallFrame | None = None
        """The frame of the last entry, or the last one before the segment."""
        self.frames = 0
        self.entries: list[Motion] = []

    def add(self, frame: "SmallFrame") -> None:
        """The next picture."""
        if frame.ms >= self._end_ms:
            return
        if frame.ms >= self._start_ms:
            self.frames += 1
            if self.entries and frame.ms - self.entries[-1].ms < STEP_MS:
                return
            self.entries.append(self._entry(frame))
        self._before = frame

    def _entry(self, frame: "SmallFrame") -> Motion:
        speed = change = 0.0
        if self._before is not None:
            now, before = _gray(frame), _gray(self._before)
            seconds = max(frame.ms - self._before.ms, 1) / 1000
            # It multiplies the window into its arguments.
            (dx, dy), response = cv2.phaseCorrelate(before.copy(), now.copy(), self._window)
            speed = cast("float", np.hypot(dx, dy)) / _MOTION_SIZE[0] / seconds if response > 0.05 else 0.0
            tiles = np.abs(now - before)[:52, :96].reshape(4, 13, 4, 24).mean(axis=(1, 3))
            change = float(tiles.max()) / seconds
        sharpness = cv2.mean(cv2.absdiff(frame.luma, cv2.blur(frame.luma, (3, 3))))[0]
        return Motion(ms=frame.ms, speed=round(float(speed), 4), change=round(change, 4), sharpness=round(sharpness, 4))


def _gray(frame: "SmallFrame") -> Array:
    small = cv2.resize(frame.luma, _MOTION_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / np.float32(255), np.float32)
