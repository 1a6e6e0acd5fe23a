"""Geometry of the plane: polygons (n, 2) and affine maps (2, 3)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def numbers(points: Floats) -> NDArray[np.complex128]:
    """Points as x + iy."""
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex128)


def similarity(source: NDArray[np.complex128], target: NDArray[np.complex128]) -> tuple[complex, complex]:
    """(turn, shift) of least squares: target = turn × source + shift."""
    middle, aim = complex(source.mean()), complex(target.mean())
    spread = source - middle
    turn = complex(np.vdot(spread, target - aim)) / max(float(np.sum(np.abs(spread) ** 2)), 1e-12)
    return turn, aim - turn * middle


def apply(matrix: Floats, points: Floats) -> Floats:
    """Where an affine map takes points."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def chained(after: Floats, before: Floats) -> Floats:
    """First `before`, then `after`; both (2, 3)."""
    return np.column_stack([after[:, :2] @ before[:, :2], after[:, :2] @ before[:, 2] + after[:, 2]])


def inverse(matrix: Floats) -> Floats:
    """The map that takes everything back."""
    back = np.linalg.inv(matrix[:, :2])
    return np.asarray(np.column_stack([back, -back @ matrix[:, 2]]), np.float64)


def area(corners: Floats) -> float:
    """Positive when the corners go round clockwise on the screen."""
    return 0.5 * sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in _edges(corners))


def contains(corners: Floats, points: Floats) -> NDArray[np.bool_]:
    """Which points lie inside a polygon (by the crossings of a ray)."""
    inside = np.zeros(len(points), np.bool_)
    x, y = points.T
    for (x0, y0), (x1, y1) in _edges(corners):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def clipped(corners: Floats, scale: Floats) -> Floats:
    """The part of a polygon inside the frame (Sutherland and Hodgman 1974)."""
    kept: list[list[float]] = corners.tolist()
    for axis in (0, 1):
        for limit, way in ((0.0, 1.0), (float(scale[axis]), -1.0)):
            corner_before = kept[-1] if kept else []
            before = (corner_before[axis] - limit) * way if kept else 0.0
            whole, kept = kept, []
            for corner in whole:
                depth = (corner[axis] - limit) * way
                if (depth >= 0) != (before >= 0):
                    share = before / (before - depth)
                    kept.append([one + (other - one) * share for one, other in zip(corner_before, corner, strict=True)])
                if depth >= 0:
                    kept.append(corner)
                corner_before, before = corner, depth
    return np.array(kept, np.float64).reshape(-1, 2)


def _edges(corners: Floats) -> Iterable[tuple[list[float], list[float]]]:
    """From each corner to the next; of few, which Python goes through faster than NumPy."""
    points: list[list[float]] = corners.tolist()
    return zip(points, points[1:] + points[:1], strict=True)
