"""A frame's points by where they are, so that those near many places are found in one step, without a sort."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.shoppable.matching.features import ImageFeatures

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_CELL: Final = 18.0
"""Pixels: the side of a cell; twice the usual reach."""
_CIRCLE: Final = 65536.0


class PointGrid:
    """The points of one frame in cells, row by row (compressed sparse rows: a start per cell)."""

    def __init__(self, frame: ImageFeatures, descriptors: Floats) -> None:
        """`descriptors`: (N, D), as the catalogue's index projects them."""
        self.width, self.height = frame.width, frame.height
        self.places: Floats = np.ascontiguousarray(frame.points[:, :2])
        self.descriptors = descriptors
        self._columns = int(frame.width / _CELL) + 1
        self._rows = int(frame.height / _CELL) + 1
        column = np.clip(self.places[:, 0] / _CELL, 0, self._columns - 1).astype(np.int64)
        row = np.clip(self.places[:, 1] / _CELL, 0, self._rows - 1).astype(np.int64)
        cell = row * self._columns + column
        self._order = np.argsort(cell, kind="stable")
        self._start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=self._rows * self._columns))])
        self._x, self._y = (np.ascontiguousarray(self.places[self._order, axis]) for axis in (0, 1))
        self._turn = _turns(np.deg2rad(frame.points[self._order, 3]))
        self._size = np.log2(frame.points[self._order, 2])

    def near(
        self, places: Floats, sizes: Floats, turns: Floats, *, reach: float, octaves: float, turn: float
    ) -> tuple[Integers, Integers]:
        """All (point, place) closer than `reach` pixels whose sizes and turns (radians) differ by less than these."""
        x, y = places[:, 0], places[:, 1]
        left, right = (np.clip((x + way) / _CELL, 0, self._columns - 1).astype(np.int64) for way in (-reach, reach))
        top, bottom = (np.clip((y + way) / _CELL, 0, self._rows - 1).astype(np.int64) for way in (-reach, reach))
        rows = top + np.arange(int(2 * reach / _CELL) + 2)[:, None]
        inside = rows <= bottom
        at = np.broadcast_to(np.arange(len(places)), rows.shape)[inside]
        base = rows[inside] * self._columns
        first, last = self._start[base + left[at]], self._start[base + right[at] + 1]
        counts = last - first
        ends = np.cumsum(counts)
        at = np.repeat(at, counts)
        # From the start of each range on, one by one.
        number = np.arange(len(at)) + np.repeat(first - ends + counts, counts)
        # Angles wrap around as 16-bit numbers do.
        limit = int(turn / (2 * np.pi) * _CIRCLE)
        fits = (self._turn[number] - _turns(turns)[at] + np.int16(limit)).view(np.uint16) <= 2 * limit
        number, at = number[fits], at[fits]
        across, down = self._x[number] - x[at], self._y[number] - y[at]
        fits = (across * across + down * down < reach * reach) & (
            np.abs(self._size[number] - np.log2(sizes)[at]) < octaves
        )
        return self._order[number[fits]], at[fits]


def _turns(radians: Floats) -> NDArray[np.int16]:
    return np.rint(radians * (_CIRCLE / (2 * np.pi))).astype(np.int64).astype(np.int16)
