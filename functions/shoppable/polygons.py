"""Geometry of the plane: polygons (n, 2) and affine maps (2, 3)."""

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
    x, y = corners.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def contains(corners: Floats, points: Floats) -> NDArray[np.bool_]:
    """Which points lie inside a polygon (by the crossings of a ray)."""
    inside = np.zeros(len(points), np.bool_)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def clipped(corners: Floats, scale: Floats) -> Floats:
    """The part of a polygon inside the frame (Sutherland and Hodgman 1974)."""
    for axis in (0, 1):
        for limit, way in ((0.0, 1.0), (float(scale[axis]), -1.0)):
            depth = (corners[:, axis] - limit) * way
            kept: list[Floats] = []
            for index, corner in enumerate(corners):
                if (depth[index] >= 0) != (depth[index - 1] >= 0):
                    share = depth[index - 1] / (depth[index - 1] - depth[index])
                    kept.append(corners[index - 1] + (corner - corners[index - 1]) * share)
                if depth[index] >= 0:
                    kept.append(corner)
            corners = np.array(kept).reshape(-1, 2)
    return corners
