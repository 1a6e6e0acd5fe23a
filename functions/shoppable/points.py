"""Points followed from picture to picture: corners (Shi and Tomasi 1994) by pyramidal Lucas-Kanade (Bouguet 2000).

A point counts only where following it back leads to where it was (Kalal et al. 2010), and none goes across a cut.
"""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.tracks import SCALE, STEP_MS, Tracks

WIDTH = 480
"""Pixels, at most, of the pictures that points are followed on."""
_WINDOW = (13, 13)
_NEAR_LEVELS = 1
_LEVELS = 3
_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.03)
_CELL = 20
_PER_CELL = 2
_APART = 6
_CORNER = 4e-4
"""Least eigenvalue of a corner (of cv2.cornerMinEigenVal, blocks of 5): noise and compression stay below."""
_BACK = 0.7
"""Pixels that a point may miss itself by when it is followed back."""
_PATCH_CHANGE = 24.0
"""Mean absolute difference, 0..255, of the pictures around a point."""
_LEAST_LENGTH = 3
_NEIGHBOUR = 24.0
_ALIKE = 1.5
"""Pixels. A new point is of the surface of its nearest neighbour if that is no further away, they moved alike by this
much, and what it stands on could be seen in the picture before.
"""
_PATCH = 11
_REMEMBERED = 2000
_LEAST_MOVED = 8
_RETURN = 6.0
"""Pixels from where a lost point should be by now at which it may come back."""
_RETURN_LIKENESS = 0.85


class Tracker:
    """Follows points from picture to picture."""

    def __init__(self) -> None:
        self._luma: Image | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._speeds = np.zeros((0, 2), np.float32)
        """Pixels per step."""
        self._names = np.zeros(0, np.int32)
        self._surfaces = np.zeros(0, np.int32)
        """Of every point there ever was."""
        self._hidden = _Hidden()
        self._times: list[int] = []
        self._seen: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []

    def add(self, ms: int, luma: Image) -> bool:
        """The next picture, uint8 (H, W); passed over (False) when it is too soon after the one before."""
        if self._times and ms - self._times[-1] < STEP_MS:
            return False
        if self._luma is not None and len(self._points):
            self._follow(self._luma, luma)
        self._renew(self._luma, luma)
        self._luma = luma
        self._times.append(ms)
        high, wide = luma.shape
        self._seen.append((self._names, (self._points + 0.5) / np.array([wide, high], np.float32)))
        return True

    def tracks(self, cuts_ms: Sequence[int], width: int, height: int) -> Tracks:
        """What was followed, ended at every cut. `width`, `height`: of the displayed frame."""
        times = np.array(self._times, np.int32)
        if not self._times:
            return Tracks(width, height, times, times, times, times, np.zeros((0, 2), np.uint16))
        step = np.repeat(np.arange(len(times)), [len(names) for names, _ in self._seen])
        shot = np.searchsorted(np.array(sorted(cuts_ms), np.int32), times, side="right")[step]
        names = np.concatenate([names for names, _ in self._seen]).astype(np.int64)
        parts = names * (len(cuts_ms) + 1) + shot
        order = np.argsort(parts, kind="stable")
        _, begins, length = np.unique(parts[order], return_index=True, return_counts=True)
        first = step[order][begins]
        kept = np.flatnonzero(length >= _LEAST_LENGTH)
        kept = kept[np.argsort(first[kept], kind="stable")]
        chosen = np.concatenate([order[begins[one] : begins[one] + length[one]] for one in kept] or [order[:0]])
        heads = order[begins[kept]]
        surfaces = self._surfaces[names[heads]].astype(np.int64) * (len(cuts_ms) + 1) + shot[heads]
        fractions = np.concatenate([points for _, points in self._seen])[chosen]
        return Tracks(
            width=width,
            height=height,
            times_ms=times,
            first=first[kept].astype(np.int32),
            length=length[kept].astype(np.int32),
            surface=np.unique(surfaces, return_inverse=True)[1].astype(np.int32),
            points=np.clip(np.rint(fractions * SCALE), 0, SCALE).astype(np.uint16),
        )

    def _follow(self, before: Image, luma: Image) -> None:
        """Where points are expected first, in little more than their own surroundings, so that what passes close by
        does not drag them along; then, for those lost, further around.
        """
        ends, good = _tracked(before, luma, self._points, self._speeds, _NEAR_LEVELS)
        lost = np.flatnonzero(~good)
        if len(lost):
            ends[lost], good[lost] = _tracked(before, luma, self._points[lost], np.zeros_like(ends[lost]), _LEVELS)
        self._hidden.move(self._points[good], ends[good])
        self._hidden.add(before, self._points[~good], self._surfaces[self._names[~good]])
        self._speeds = (ends - self._points)[good]
        self._points, self._names = ends[good], self._names[good]

    def _renew(self, before: Image | None, luma: Image) -> None:
        """New points in cells that have few."""
        added = _corners(luma, self._points)
        names = np.arange(len(self._surfaces), len(self._surfaces) + len(added), dtype=np.int32)
        surfaces, speeds = names, np.zeros_like(added)
        if before is not None and len(self._points) and len(added):
            apart = np.hypot(*np.moveaxis(added[:, None] - self._points[None], 2, 0))
            nearest = apart.argmin(axis=1)
            speeds = self._speeds[nearest]
            was, seen = _tracked(luma, before, added, -speeds, _NEAR_LEVELS)
            seen &= (np.hypot(*(added - was - speeds).T) < _ALIKE) & (apart.min(axis=1) < _NEIGHBOUR)
            surfaces = np.where(seen, self._surfaces[self._names[nearest]], names)
        surfaces = self._hidden.recognised(luma, added, surfaces)
        self._surfaces = np.concatenate([self._surfaces, surfaces.astype(np.int32)])
        self._speeds = np.concatenate([self._speeds, speeds])
        self._points = np.concatenate([self._points, added])
        self._names = np.concatenate([self._names, names])


def _corners(luma: Image, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) where the picture has corners, but not near `points`, and few per cell."""
    high, wide = luma.shape
    corners = cv2.cornerMinEigenVal(luma, 5)
    peaks = (corners >= cv2.dilate(corners, np.ones((_APART, _APART), np.uint8))) & (corners > _CORNER)
    taken = np.zeros(luma.shape, np.uint8)
    x, y = np.rint(points).astype(int).T
    taken[y, x] = 1
    taken = cv2.dilate(taken, np.ones((2 * _APART + 1, 2 * _APART + 1), np.uint8))
    taken[:3], taken[-3:], taken[:, :3], taken[:, -3:] = 1, 1, 1, 1
    y, x = np.divmod(np.flatnonzero(peaks > taken), wide)
    across = -(-wide // _CELL)
    cell = (y // _CELL) * across + x // _CELL
    filled = (points[:, 1] // _CELL).astype(int) * across + (points[:, 0] // _CELL).astype(int)
    room = _PER_CELL - np.bincount(filled, minlength=across * -(-high // _CELL))
    strongest = np.lexsort((x, y, -corners[y, x], cell))
    x, y, cell = x[strongest], y[strongest], cell[strongest]
    rank = np.arange(len(cell)) - np.asarray(np.searchsorted(cell, cell), np.int64)
    new = np.asarray(rank < room[cell], np.bool_)
    return np.stack([x[new], y[new]], axis=1).astype(np.float32)


class _Hidden:
    """Points that were lost, where they would be now: what comes into sight again is nothing new."""

    def __init__(self) -> None:
        self._points = np.zeros((0, 2), np.float32)
        self._patches = np.zeros((0, _PATCH**2), np.float32)
        self._surfaces = np.zeros(0, np.int32)

    def add(self, luma: Image, points: NDArray[np.float32], surfaces: NDArray[np.int32]) -> None:
        """Points (n, 2) that are seen in this picture for the last time."""
        self._points = np.concatenate([self._points, points])[-_REMEMBERED:]
        self._patches = np.concatenate([self._patches, _patches(luma, points)])[-_REMEMBERED:]
        self._surfaces = np.concatenate([self._surfaces, surfaces])[-_REMEMBERED:]

    def move(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> None:
        """As most of the picture moved; where too few points say how, what was hidden is forgotten."""
        if len(before) < _LEAST_MOVED:
            self.__init__()
            return
        if not len(self._points):
            return
        cv2.setRNGSeed(1)
        matrix = cast(
            "NDArray[np.float64] | None",
            cv2.estimateAffinePartial2D(before, after, None, cv2.RANSAC, _ALIKE, 50, 0.99, 2)[0],
        )
        if matrix is not None:
            motion = matrix.astype(np.float32)
            self._points = self._points @ motion[:, :2].T + motion[:, 2]

    def recognised(self, luma: Image, points: NDArray[np.float32], surfaces: NDArray[np.int32]) -> NDArray[np.int32]:
        """The surfaces of new points: the lost point's where the picture is as it was there."""
        if not len(self._points) or not len(points):
            return surfaces
        apart = np.hypot(*np.moveaxis(points[:, None] - self._points[None], 2, 0))
        likeness = _patches(luma, points) @ self._patches.T
        likeness[apart > _RETURN] = -1
        best = likeness.argmax(axis=1)
        known = likeness[np.arange(len(points)), best] > _RETURN_LIKENESS
        return np.asarray(np.where(known, self._surfaces[best], surfaces), np.int32)


def _patches(luma: Image, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, _PATCH²) surroundings of points, of mean 0 and length 1."""
    half = _PATCH // 2
    wide = cv2.copyMakeBorder(luma, half, half, half, half, cv2.BORDER_REPLICATE)
    x, y = np.clip(np.rint(points).astype(int), 0, (luma.shape[1] - 1, luma.shape[0] - 1)).T
    offsets = np.arange(_PATCH)
    found = wide[y[:, None, None] + offsets[:, None], x[:, None, None] + offsets].reshape(len(points), _PATCH**2)
    centred = found - found.mean(axis=1, keepdims=True, dtype=np.float32)
    return (centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)).astype(np.float32)


def _tracked(
    before: Image, after: Image, points: NDArray[np.float32], speeds: NDArray[np.float32], levels: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where points (n, 2) that are expected to move by `speeds` went, and which of them can be trusted."""
    ends, change = _flow(before, after, points, points + speeds, levels)
    back, _ = _flow(after, before, ends, ends - speeds, levels)
    high, wide = after.shape
    good = (change < _PATCH_CHANGE) & (np.hypot(*(back - points).T) < _BACK)
    good &= ((ends >= 1) & (ends <= (wide - 2, high - 2))).all(axis=1)
    return ends, np.asarray(good, np.bool_)


def _flow(
    before: Image, after: Image, points: NDArray[np.float32], guess: NDArray[np.float32], levels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where points (n, 2) went, and how much the picture changed around them (n,): infinite where they were lost."""
    ends, found, change = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        guess.copy(),
        winSize=_WINDOW,
        maxLevel=levels,
        criteria=_CRITERIA,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    changes = np.where(np.asarray(found)[:, 0] == 1, np.asarray(change, np.float32)[:, 0], np.float32(np.inf))
    return np.asarray(ends, np.float32), np.asarray(changes, np.float32)
