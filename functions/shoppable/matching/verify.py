"""Geometric verification: does this product picture, seen in perspective, explain this part of the frame?

The pairs that voted for a hypothesis give a first map; guided by it, every point of the picture is looked for where it
must be, at the size and turn that it must have, and the map is estimated anew from all that is found.
"""

from dataclasses import dataclass
from math import hypot
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.matching.grid import PointGrid
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.shortlist import Hypothesis

DISTANCE = 0.55
"""Squared distance (of unit vectors) above which two points do not look alike."""
FIRM = 0.27
"""Squared distance at which a pair is as likely by chance as from the same point: on photographs of groceries the log
of that ratio falls from 5 at 0.02 through 0 at 0.27 to -2 at DISTANCE.
"""
_CORE_FROM = 0.3
"""Firmness of points that span the part of a product that is surely seen: other sides of a carton, or what a hand
covers, have none.
"""
_MIN_MATCHES = 5
_MIN_INLIERS = 8
_FIRST_FIRM = 1.0
"""Firm evidence below which a first map, where points are looked for furthest, is not worth a second: of 1,850 on
photographs 650 came to 4 or more in the end, none of these began below.
"""
_FIRST_REACHES = ((10, 0.06), (4, 0.09), (0, 0.12))
"""From so many votes on that agree on a map: how far from its place a point is looked for at first, as a share of the
product's longer side in the frame. Where too few agree on any, the map is their mean pose.
"""
_REACH_IN_PLACE = 0.12
"""Of a look-alike that is posed as another product is: layouts differ a little."""
_REACH = 0.02
_SCALE_OCTAVES = 0.8
_TURN = np.deg2rad(35)
_PERSPECTIVE_FROM = 10
"""Inliers from which on a homography is trusted more than an affine map."""
_STRETCH = 4.0
_MIN_AREA, _MAX_AREA = 0.0008, 6.0
"""Of the frame's."""
_FRAME_POINT = 2.2
"""Pixels: the smallest diameter of points that the detector finds."""

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Matrix = NDArray[np.float64]


class Sized(Protocol):
    """Whatever has a size in pixels."""

    @property
    def width(self) -> float: ...

    @property
    def height(self) -> float: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """A verified hypothesis."""

    image: int
    homography: Matrix
    """(3, 3): the picture's pixels to the frame's."""
    outline: Floats
    """(N, 2): the product's outline in the frame, in pixels."""
    matched: Integers
    """Points of the frame that are explained, ascending."""
    errors: Floats
    """Squared distances of their descriptors to their partners'."""
    expected: int
    """Points of the picture that a frame could show at this size, in this place."""
    core: Floats
    """(N, 2): hull, in the frame, of what is firmly found; empty where that spans nothing."""

    @property
    def inliers(self) -> int:
        return len(self.matched)

    @property
    def firm(self) -> float:
        """Inliers, each counted from 1 (its descriptors are equal) to 0 (as far apart as FIRM): what lies where it
        should by chance has distances above.
        """
        return _firm(self.errors)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """(point of the frame, point of the picture), each point at most once."""

    seen: Integers
    known: Integers
    errors: Floats
    visible: Integers
    """Points of the picture that the frame could show."""


def verify(hypothesis: Hypothesis, reference: Reference, grid: PointGrid) -> Evidence | None:
    """Evidence for the hypothesis, or None when no possible pose explains enough points."""
    if len(reference.points) < _MIN_MATCHES:
        return None
    side = max(reference.width, reference.height) * hypothesis.scale
    rough, agreeing = _first_map(hypothesis, reference, grid, side)
    reach = next(reach for least, reach in _FIRST_REACHES if agreeing >= least)
    return _verified(hypothesis.image, rough, side, reach, reference, grid)


def verify_in_place_of(
    other: Evidence, of_other: Reference, image: int, reference: Reference, grid: PointGrid
) -> Evidence | None:
    """Evidence that a picture (`image`, `reference`) shows what stands where `other` (`of_other`) was found, posed as
    that is; None as of `verify`. Pictures of look-alikes show about the same layout.
    """
    low, high = reference.outline.min(axis=0), reference.outline.max(axis=0)
    to_low, to_high = of_other.outline.min(axis=0), of_other.outline.max(axis=0)
    wide, tall = (to_high - to_low) / np.maximum(high - low, 1.0)
    onto = np.array([[wide, 0, to_low[0] - wide * low[0]], [0, tall, to_low[1] - tall * low[1]], [0, 0, 1.0]])
    in_frame = other.outline.max(axis=0) - other.outline.min(axis=0)
    rough = np.asarray(other.homography @ onto, np.float64)
    if len(reference.points) < _MIN_MATCHES or not is_possible(rough, reference, grid):
        return None
    return _verified(image, rough, float(in_frame.max()), _REACH_IN_PLACE, reference, grid)


def _verified(
    image: int, rough: Matrix, side: float, reach: float, reference: Reference, grid: PointGrid
) -> Evidence | None:
    """`side`: pixels that the picture's longer side has in the frame, about; `reach`: a share of it."""
    pairs = _guided(rough, reference, grid, float(np.clip(reach * side, 4, 60)))
    if len(pairs.seen) < _MIN_MATCHES or _firm(pairs.errors) < _FIRST_FIRM:
        return None
    homography: Matrix | None = None
    for _ in range(3):
        again = _estimate(reference.points[pairs.known, :2], grid.places[pairs.seen], side)
        if again is None or not is_possible(again, reference, grid):
            break
        better = _guided(again, reference, grid, float(np.clip(_REACH * side, 2.5, 9.0)))
        if len(better.seen) < _MIN_MATCHES or (homography is not None and len(better.seen) <= len(pairs.seen)):
            break
        homography, pairs = again, better
    if homography is None or len(pairs.seen) < _MIN_INLIERS:
        return None
    firm = pairs.known[_firmness(pairs.errors) > _CORE_FROM]
    return Evidence(
        image=image,
        homography=homography,
        outline=project_points(homography, reference.outline),
        matched=pairs.seen,
        errors=pairs.errors,
        expected=len(pairs.visible),
        core=_hull(project_points(homography, reference.points[firm, :2])),
    )


def _firmness(errors: Floats) -> Floats:
    return np.maximum(0, 1 - errors / FIRM).astype(np.float32)


def _hull(points: Floats) -> Floats:
    return np.asarray(cv2.convexHull(points), np.float32).reshape(-1, 2) if len(points) >= 3 else points[:0]


def _firm(errors: Floats) -> float:
    return float(_firmness(errors).sum(dtype=np.float64))


def project_points(homography: Matrix, points: Floats) -> Floats:
    """(N, 2) points of the picture to the frame."""
    lifted = np.column_stack([points.astype(np.float64), np.ones(len(points))]) @ homography.T
    return (lifted[:, :2] / lifted[:, 2:]).astype(np.float32)


def is_possible(homography: Matrix, picture: Sized, frame: Sized) -> bool:
    """No mirror image, nothing behind the camera, no needle, no speck, nothing much larger than the frame."""
    wide, high = picture.width, picture.height
    (a, b, c), (d, e, f), (g, h, i) = homography.tolist()
    corners = ((0.0, 0.0), (wide, 0.0), (wide, high), (0.0, high))
    depths = [g * x + h * y + i for x, y in corners]
    # Also of a map that is not finite, none of these comparisons is true.
    if not min(depths) > 0.25 * max(depths):
        return False
    quad = [((a * x + b * y + c) / w, (d * x + e * y + f) / w) for (x, y), w in zip(corners, depths, strict=True)]
    edges = [(q[0] - p[0], q[1] - p[1]) for p, q in zip(quad, quad[1:] + quad[:1], strict=True)]
    if not all(p[0] * q[1] - p[1] * q[0] > 0 for p, q in zip(edges, edges[1:] + edges[:1], strict=True)):
        return False
    lengths = [hypot(*edge) / side for edge, side in zip(edges, (wide, high, wide, high), strict=True)]
    area = 0.5 * sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(quad, quad[1:] + quad[:1], strict=True))
    return (
        max(lengths) <= _STRETCH * min(lengths)
        and _MIN_AREA <= area / (frame.width * frame.height) <= _MAX_AREA
        and area / (wide * high) > 0.2 * max(lengths) ** 2 / _STRETCH
    )


def _first_map(hypothesis: Hypothesis, reference: Reference, grid: PointGrid, side: float) -> tuple[Matrix, int]:
    """The map that most votes agree on, and how many do; their mean pose, and 0, where that are fewer than four."""
    if len(hypothesis.seen) >= 4:
        affine, inside = cv2.estimateAffinePartial2D(
            hypothesis.known,
            grid.places[hypothesis.seen],
            method=cv2.RANSAC,
            ransacReprojThreshold=max(3.0, 0.05 * side),
            maxIters=200,
            confidence=0.98,
        )
        if np.size(affine) == 6 and int(np.sum(inside)) >= 4:
            found = np.vstack([np.asarray(affine, np.float64), [0, 0, 1]])
            if 0.6 < float(np.hypot(found[0, 0], found[1, 0])) / hypothesis.scale < 1.6:
                return found, int(np.sum(inside))
    cosine, sine = hypothesis.scale * np.cos(hypothesis.turn), hypothesis.scale * np.sin(hypothesis.turn)
    x, y = reference.width / 2, reference.height / 2
    pose = [
        [cosine, -sine, hypothesis.x - cosine * x + sine * y],
        [sine, cosine, hypothesis.y - sine * x - cosine * y],
        [0, 0, 1],
    ]
    return np.array(pose, np.float64), 0


def _guided(homography: Matrix, reference: Reference, grid: PointGrid, reach: float) -> _Pairs:
    """Points of the frame that lie, and look, as the map demands."""
    points = reference.points
    x, y = points[:, 0], points[:, 1]
    (a, b, c), (d, e, f), (g, h, i) = homography.astype(np.float32).tolist()
    depth = g * x + h * y + i
    to_x, to_y = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
    # The map's derivative at each point.
    right_x, right_y = (a - to_x * g) / depth, (d - to_y * g) / depth
    down_x, down_y = (b - to_x * h) / depth, (e - to_y * h) / depth
    size = points[:, 2] * np.sqrt(np.abs(right_x * down_y - right_y * down_x))
    visible = np.flatnonzero(
        (size > _FRAME_POINT) & (to_x > 2) & (to_y > 2) & (to_x < grid.width - 2) & (to_y < grid.height - 2)
    )
    turned = np.deg2rad(points[visible, 3])
    cosine, sine = np.cos(turned), np.sin(turned)
    angle = np.arctan2(
        cosine * right_y[visible] + sine * down_y[visible], cosine * right_x[visible] + sine * down_x[visible]
    )
    places = np.stack([to_x[visible], to_y[visible]], axis=1)
    near, at = grid.near(places, size[visible], angle, reach=reach, octaves=_SCALE_OCTAVES, turn=_TURN)
    known = visible[at]
    apart = grid.descriptors[near] - reference.descriptors[known]
    errors = np.einsum("ij,ij->i", apart, apart)
    alike = np.flatnonzero(errors < DISTANCE)
    near, known, errors = near[alike], known[alike], errors[alike]
    # The best pair of each point of the frame, then of each point of the picture: what is written last stays.
    worst_first = np.lexsort((-known, -near, -errors))
    for side, count in ((near, len(grid.places)), (known, len(points))):
        best = np.full(count, -1)
        best[side[worst_first]] = worst_first
        worst_first = worst_first[best[side[worst_first]] == worst_first]
    order = worst_first[np.argsort(near[worst_first])]
    return _Pairs(near[order], known[order], errors[order], visible)


def _estimate(known: Floats, found: Floats, side: float) -> Matrix | None:
    """A homography where there are points enough, else an affine map, from the picture to the frame."""
    threshold = float(np.clip(0.015 * side, 2.0, 8.0))
    count = len(known)
    if count >= _PERSPECTIVE_FROM:
        homography, inside = cv2.findHomography(
            known, found, cv2.USAC_MAGSAC, threshold, maxIters=1000, confidence=0.995
        )
        if np.size(homography) == 9 and int(np.sum(inside)) >= _PERSPECTIVE_FROM:
            return np.asarray(homography, dtype=np.float64)
    if count < _MIN_MATCHES:
        return None
    affine, inside = cv2.estimateAffinePartial2D(
        known, found, method=cv2.RANSAC, ransacReprojThreshold=1.5 * threshold, maxIters=500, confidence=0.99
    )
    if np.size(affine) != 6 or int(np.sum(inside)) < _MIN_MATCHES - 1:
        return None
    return np.vstack([np.asarray(affine, dtype=np.float64), [0, 0, 1]])
