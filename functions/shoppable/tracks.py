"""Point tracks of a segment, and regions followed along them: boxes at every step for one frame matched."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from functions.contracts.analysis import TimedBox
from functions.shoppable import polygons
from functions.shoppable.polygons import Floats

STEP_MS = 76
"""Least time between two steps: every second frame at 25 Hz, every third at 30 Hz."""
_MAGIC = b"tracks.1"
_HEADER = struct.Struct("<8sIIII")
SCALE = 65535

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Points over time; tracks are in order of their first step."""

    width: int
    height: int
    """Of the displayed frame: what fractions are of."""
    times_ms: NDArray[np.int32]
    """(T,) of the steps, ascending."""
    first: NDArray[np.int32]
    """(N,) the step at which a track begins."""
    length: NDArray[np.int32]
    """(N,) how many steps in a row it has."""
    surface: NDArray[np.int32]
    """(N,) Tracks that took over from each other have one surface: having seen it once is to have seen them all."""
    points: NDArray[np.uint16]
    """(sum of length, 2): x and y of every track in turn, as fractions of the displayed frame times 65535."""

    def to_bytes(self) -> bytes:
        """The same tracks always give the same bytes."""
        steps = np.diff(self.points.astype(np.int32), axis=0, prepend=np.zeros((1, 2), np.int32)).astype("<u2")
        body = zlib.compress(
            b"".join(
                (
                    np.diff(self.times_ms, prepend=0).astype("<i4").tobytes(),
                    np.diff(self.first, prepend=0).astype("<i4").tobytes(),
                    self.length.astype("<i4").tobytes(),
                    self.surface.astype("<i4").tobytes(),
                    # High and low bytes apart, which compresses better: most steps are small.
                    *(
                        np.ascontiguousarray(steps[:, axis]).view(np.uint8)[half::2].tobytes()
                        for axis in (0, 1)
                        for half in (0, 1)
                    ),
                )
            ),
            6,
        )
        head = _HEADER.pack(_MAGIC, self.width, self.height, len(self.times_ms), len(self.first))
        return head + struct.pack("<I", zlib.crc32(head + body)) + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What to_bytes gave. Raises ValueError when it is damaged or of another version."""
        head, body = data[: _HEADER.size], data[_HEADER.size + 4 :]
        if len(data) < _HEADER.size + 4 or struct.unpack_from("<I", data, _HEADER.size)[0] != zlib.crc32(head + body):
            raise ValueError(f"{len(data)} bytes are no tracks: their checksum is wrong")
        magic, width, height, steps, number = _HEADER.unpack(head)
        if magic != _MAGIC:
            raise ValueError(f"tracks of another version: {magic!r}")
        values = zlib.decompress(body)
        numbers = np.frombuffer(values, "<i4", steps + 3 * number)
        times, first, length, surface = np.split(numbers.astype(np.int32), [steps, steps + number, steps + 2 * number])
        halves = np.frombuffer(values, np.uint8, offset=4 * len(numbers)).reshape(2, 2, -1).astype(np.uint16)
        deltas = halves[:, 0] | halves[:, 1] << 8
        return cls(
            width=width,
            height=height,
            times_ms=np.cumsum(times, dtype=np.int32),
            first=np.cumsum(first, dtype=np.int32),
            length=length,
            surface=surface,
            points=np.cumsum(deltas.T, axis=0, dtype=np.uint16),
        )

    @cached_property
    def steps(self) -> tuple[tuple[NDArray[np.int32], Floats], ...]:
        """Per step: the tracks alive, ascending, and their points (n, 2) in units of the frame's height."""
        track, _, scaled = self._samples
        order, borders = self._by_step
        return tuple(zip(np.split(track[order], borders), np.split(scaled[order], borders), strict=True))

    @cached_property
    def speeds(self) -> tuple[Floats, ...]:
        """Per step: how fast each of its points moves, (n,) in frame heights per second; the slower of what it does
        before and after.
        """
        track, step, scaled = self._samples
        order, borders = self._by_step
        seconds = np.diff(self.times_ms[step]) / 1000
        along = np.diff(track) == 0
        moved = np.where(along, np.linalg.norm(np.diff(scaled, axis=0), axis=1) / np.where(along, seconds, 1), np.inf)
        slower = np.minimum(np.append(moved, np.inf), np.insert(moved, 0, np.inf))
        return tuple(np.split(np.where(np.isfinite(slower), slower, 0.0)[order], borders))

    @cached_property
    def _samples(self) -> tuple[NDArray[np.int32], NDArray[np.int64], Floats]:
        """Of every point, track after track: its track, its step, and where it is in units of the frame's height."""
        track = np.repeat(np.arange(len(self.first), dtype=np.int32), self.length)
        begins = np.cumsum(self.length) - self.length
        step = np.arange(len(self.points)) - np.repeat(begins - self.first, self.length)
        return track, step, self.points * (np.array([self.width / self.height, 1.0]) / SCALE)

    @cached_property
    def _by_step(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The samples' order by step, then track, and where in it steps begin."""
        _, step, _ = self._samples
        order = np.argsort(step, kind="stable")
        return order, np.searchsorted(step[order], np.arange(1, len(self.times_ms)))


_INNER = 0.94
"""An outline's points are those inside it shrunk by this: at its very border, corners slide along what is behind."""
_TOLERANCE = 0.006
"""Frame heights: about 1.5 pixels of the small picture."""
_TOLERANCE_OF_MOTION = 0.06
_LEAST_OWN = 4
_ENOUGH_OWN = 8
_FEW = 0.35
_LEAST_SHARE = 0.5
_JOIN_AFTER = 3
_SUPPORT_AFTER = 3
_LEAST_SUPPORT = 6
_SUPPORTERS = 60
_COAST_MS = 1_000
"""A region whose own points are all hidden is carried by what moved along with it so far, for at most so long."""
_SAME_PLACE = 0.008
_LEAST_AGAIN = 0.35
_REACH = 0.6
_STIFFNESS = 0.5
"""Weight of a corner where the step before says it is, against 1 for a point where it was seen."""
_LEAST_INSIDE = 0.3
"""Share of the outline that must be inside the frame."""
_GROWTH = 1.35
"""A region does not grow or shrink by more than this from one step to the next."""
_TRIALS = 48


def follow(
    tracks: Tracks, outline: NDArray[np.float64], at_ms: int, start_ms: int, end_ms: int
) -> tuple[TimedBox, ...]:
    """Boxes of a region, from where it is first to where it is last to be trusted within [start_ms, end_ms).

    `outline`: (N, 2) fractions of the frame at at_ms, not clipped. One box for at_ms and one per step of the tracks;
    clipped to the frame, at the border of which a region ends when little of it is left.
    """
    scale = np.array([tracks.width / tracks.height, 1.0])
    corners = np.asarray(outline, np.float64) * scale
    boxes = {at_ms: _box(corners, scale)}
    within = np.flatnonzero((tracks.times_ms >= start_ms) & (tracks.times_ms < end_ms))
    if within.size:
        nearest = int(within[np.abs(tracks.times_ms[within] - at_ms).argmin()])
        forwards, backwards = range(nearest, int(within[-1]) + 1), range(nearest, int(within[0]) - 1, -1)
        company = np.zeros(len(tracks.first), np.bool_)
        # What moved along with the region in one direction helps where it is hidden soon in the other.
        for steps in (forwards, backwards, forwards):
            if int(tracks.times_ms[steps[-1]]) in boxes:
                continue
            region = _Region(tracks, corners, nearest, company)
            for step, moved in region.along(steps):
                if _inside(moved, scale) < _LEAST_INSIDE:
                    break
                boxes[int(tracks.times_ms[step])] = _box(moved, scale)
            company |= region.company
    return tuple((ms, *boxes[ms]) for ms in sorted(boxes))


class _Region:
    """An outline and the points that move with it.

    Its own points keep the place where they were in the first picture, so that errors do not add up; an affine map from
    there to where they are now moves the outline.
    """

    def __init__(self, tracks: Tracks, corners: Floats, step: int, company: NDArray[np.bool_]) -> None:
        """`company`: tracks that are known to move along with the region without being part of it."""
        number = len(tracks.first)
        self._tracks = tracks
        self._corners = corners
        self._middle = corners.mean(axis=0)
        self._map = np.array([[1.0, 0, 0], [0, 1, 0]])
        self._place = np.zeros((number, 2))
        self._own = np.zeros(number, np.bool_)
        self._agreed = np.where(company, _SUPPORT_AFTER, 0)
        self.company = company.copy()
        self._rng = np.random.default_rng(step)
        names, points = tracks.steps[step]
        mine = polygons.contains(self._grown(corners, _INNER), points)
        self._own[names[mine]] = True
        self._agreed[names[mine]] = _SUPPORT_AFTER
        self._places = points[mine]
        self._most = int(mine.sum())
        self._place[names[mine]] = points[mine]
        if int(mine.sum()) < _LEAST_OWN:
            near = polygons.contains(self._grown(corners, 1 + _REACH), points)
            self._agreed[names[near]] = _SUPPORT_AFTER

    def along(self, steps: range) -> Iterator[tuple[int, Floats]]:
        """(step, corners) while they can be trusted; steps without points of its own only if it has some again."""
        waiting: list[tuple[int, Floats]] = []
        for before, step in pairwise(steps):
            known = self._advance(before, step)
            if known is None:
                return
            waiting.append((step, polygons.apply(self._map, self._corners)))
            if known:
                yield from waiting
                waiting.clear()
            elif abs(int(self._tracks.times_ms[step] - self._tracks.times_ms[waiting[0][0]])) > _COAST_MS:
                return

    def _advance(self, before: int, step: int) -> bool | None:
        """Move the region by one step. True: by its own points; False: by others'; None: not known where it is."""
        names, old, new = self._pairs(before, step)
        own = self._own[names]
        number = int(own.sum())
        self._most = max(self._most, number)
        company = own | (self._agreed[names] >= _SUPPORT_AFTER)
        by_own, by_all = (old[own], new[own], _LEAST_OWN), self._nearest(old, new, company)
        # The last few of many are those at the edge of what hides the rest, and slide along it.
        known = number >= min(_ENOUGH_OWN, _FEW * self._most)
        motion = self._motion(*(by_own if known else by_all))
        if motion is None:
            known = not known
            motion = self._motion(*(by_own if known else by_all))
        if motion is None:
            return None
        was = self._map
        self._map = polygons.chained(motion, was)
        if known:
            self._map = self._refined(names[own], new[own])
        if not _is_possible(polygons.apply(was, self._corners), polygons.apply(self._map, self._corners)):
            return None
        self._judge(names, old, new, was, known=known)
        return known

    def _nearest(self, old: Floats, new: Floats, company: NDArray[np.bool_]) -> tuple[Floats, Floats, int]:
        """The nearest of those that move along, and how many must agree: few cameras move the whole frame alike."""
        middle = polygons.apply(self._map, self._corners).mean(axis=0)
        near = np.flatnonzero(company)
        near = near[np.argsort(np.hypot(*(old[near] - middle).T), kind="stable")[:_SUPPORTERS]]
        return old[near], new[near], _LEAST_SUPPORT

    def _pairs(self, before: int, step: int) -> tuple[NDArray[np.int32], Floats, Floats]:
        """Tracks that are seen in both steps, and where."""
        (first, old), (second, new) = self._tracks.steps[before], self._tracks.steps[step]
        names, left, right = np.intersect1d(first, second, assume_unique=True, return_indices=True)
        return names, old[left], new[right]

    def _motion(self, old: Floats, new: Floats, least: int) -> Floats | None:
        """The similarity that most points agree on (RANSAC over pairs), or None."""
        if len(old) < least:
            return None
        source, target = polygons.numbers(old), polygons.numbers(new)
        pairs = self._rng.integers(0, len(old), (_TRIALS, 2))
        apart = source[pairs[:, 1]] - source[pairs[:, 0]]
        usable = np.abs(apart) > 1e-3
        if not usable.any():
            return None
        pairs, apart = pairs[usable], apart[usable]
        turn = (target[pairs[:, 1]] - target[pairs[:, 0]]) / apart
        shift = target[pairs[:, 0]] - turn * source[pairs[:, 0]]
        tolerance = _tolerance(old, new)
        agree = np.abs(turn[:, None] * source + shift[:, None] - target) < tolerance
        best = agree[int(agree.sum(axis=1).argmax())]
        turned, moved = polygons.similarity(source[best], target[best])
        best = np.abs(turned * source + moved - target) < tolerance
        if int(best.sum()) < max(least, _LEAST_SHARE * len(old)):
            return None
        turned, moved = polygons.similarity(source[best], target[best])
        return np.array([[turned.real, -turned.imag, moved.real], [turned.imag, turned.real, moved.imag]])

    def _refined(self, names: NDArray[np.int32], new: Floats) -> Floats:
        """The affine map from the points' first places to where they are, held at the corners by the motion."""
        places = self._place[names]
        good = np.hypot(*(polygons.apply(self._map, places) - new).T) < 2.5 * _TOLERANCE
        source = np.concatenate([places[good], self._corners]) - self._middle
        target = np.concatenate([new[good], polygons.apply(self._map, self._corners)])
        weight = np.concatenate(
            [np.ones(int(good.sum())), np.full(len(self._corners), 4 * _STIFFNESS / len(self._corners))]
        )
        design = np.column_stack([source, np.ones(len(source))])
        weighted = (design * weight[:, None]).T
        solved = np.asarray(np.linalg.solve(weighted @ design, weighted @ target), np.float64).T
        solved[:, 2] -= solved[:, :2] @ self._middle
        return solved

    def _judge(self, names: NDArray[np.int32], old: Floats, new: Floats, was: Floats, *, known: bool) -> None:
        """Who moved along: points inside that did so for some steps become the region's own, others cease to be."""
        moved = polygons.apply(polygons.chained(self._map, polygons.inverse(was)), old)
        agree = np.hypot(*(moved - new).T) < _tolerance(old, new)
        self._agreed[names] = np.clip(self._agreed[names] + np.where(agree, 1, -3), -6, 12)
        self.company |= self._agreed >= _SUPPORT_AFTER
        corners = polygons.apply(self._map, self._corners)
        self._own[names[self._agreed[names] < 0]] = False
        joins = ~self._own[names] & (self._agreed[names] >= _JOIN_AFTER)
        joins &= polygons.contains(self._grown(corners, _INNER), new)
        places = polygons.apply(polygons.inverse(self._map), new[joins])
        if known or self._is_seen_again(places):
            self._own[names[joins]] = True
            self._place[names[joins]] = places
            self._places = np.concatenate([self._places, places])

    def _is_seen_again(self, places: Floats) -> bool:
        """True if corners are where the region had some before it was hidden: what is behind it has others."""
        if len(self._places) < _LEAST_OWN:
            return True
        apart = places[:, None] - self._places[None]
        again = int((np.hypot(apart[..., 0], apart[..., 1]).min(axis=1) < _SAME_PLACE).sum()) if len(places) else 0
        return again >= max(_LEAST_OWN, _LEAST_AGAIN * len(places))

    @staticmethod
    def _grown(corners: Floats, factor: float) -> Floats:
        middle = corners.mean(axis=0)
        return middle + (corners - middle) * factor


def _tolerance(old: Floats, new: Floats) -> float:
    if not len(old):
        return _TOLERANCE
    # The median: of few values NumPy's own takes ten times as long.
    moved = np.sort(np.hypot(*(new - old).T))
    return _TOLERANCE + _TOLERANCE_OF_MOTION * float(moved[(len(moved) - 1) // 2] + moved[len(moved) // 2]) / 2


def _is_possible(before: Floats, after: Floats) -> bool:
    """Of one handedness and size from one step to the next."""
    was, now = polygons.area(before), polygons.area(after)
    return was * now > 0 and 1 / _GROWTH**2 < now / was < _GROWTH**2


def _inside(corners: Floats, scale: Floats) -> float:
    return abs(polygons.area(polygons.clipped(corners, scale))) / max(abs(polygons.area(corners)), 1e-9)


def _box(corners: Floats, scale: Floats) -> Box:
    seen = polygons.clipped(corners, scale)
    (left, top), (right, bottom) = (
        np.clip((seen if len(seen) else corners) / scale, 0, 1).min(axis=0),
        np.clip((seen if len(seen) else corners) / scale, 0, 1).max(axis=0),
    )
    x, y = round(float(left), 5), round(float(top), 5)
    return x, y, round(min(float(right), 1.0) - x, 5), round(min(float(bottom), 1.0) - y, 5)
