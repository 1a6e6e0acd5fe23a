"""Geometric verification: does this product picture, seen in perspective, explain this part of the frame?

The pairs that voted for a hypothesis give a first map; guided by it, every point of the picture is looked for where it
must be, at the size and turn that it must have, and the map is estimated anew from all that is found.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.matching.features import ImageFeatures
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.shortlist import Hypothesis

DISTANCE = 0.55
"""Squared distance (of unit vectors) above which two points do not look alike."""
FIRM = 0.27
"""Squared distance at which a pair is as likely by chance as from the same point: on photographs of groceries the log
of that ratio falls from 5 at 0.02 through 0 at 0.27 to -2 at DISTANCE.
"""
_MIN_MATCHES = 5
_MIN_INLIERS = 8
_FIRST_REACH = 0.09
"""Of the product's longer side in the frame: how far from its place a point is looked for at first."""
_ROUGH_REACH = 0.2
"""The same where too few votes agree to trust more than their mean pose."""
_REACH = 0.02
_SCALE_OCTAVES = 0.8
_TURN = np.deg2rad(35)
_PERSPECTIVE_FROM = 10
"""Inliers from which on a homography is trusted more than an affine map."""
_STRETCH = 4.0
_MIN_AREA = 0.0008
_FRAME_POINT = 2.2
"""Pixels: the smallest diameter of points that the detector finds."""

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Matrix = NDArray[np.float64]


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
    """Points of the picture that should be seen at this size and place."""
    spread: float
    """Share of the outline's area that the explained points span."""
    votes: float

    @property
    def inliers(self) -> int:
        return len(self.matched)

    @property
    def firm(self) -> float:
        """Inliers, each counted from 1 (its descriptors are equal) to 0 (as far apart as FIRM): what lies where it
        should by chance has distances above.
        """
        return float(np.maximum(0, 1 - self.errors / FIRM).sum(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """(point of the frame, point of the picture), each point at most once."""

    seen: Integers
    known: Integers
    errors: Floats
    expected: int


def verify(hypothesis: Hypothesis, reference: Reference, frame: ImageFeatures, projected: Floats) -> Evidence | None:
    """Evidence for the hypothesis, or None when no possible pose explains enough points."""
    if len(reference.points) < _MIN_MATCHES:
        return None
    side = max(reference.width, reference.height) * hypothesis.scale
    rough, reach = _first_map(hypothesis, reference, frame, side)
    pairs = _guided(rough, reference, frame, projected, float(np.clip(reach * side, 4, 60)))
    if len(pairs.seen) < _MIN_MATCHES:
        return None
    homography: Matrix | None = None
    for _ in range(3):
        again = _estimate(reference.points[pairs.known, :2], frame.points[pairs.seen, :2], side)
        if again is None or not is_possible(again, reference, frame):
            break
        better = _guided(again, reference, frame, projected, float(np.clip(_REACH * side, 2.5, 9.0)))
        if len(better.seen) < _MIN_MATCHES or (homography is not None and len(better.seen) <= len(pairs.seen)):
            break
        homography, pairs = again, better
    if homography is None or len(pairs.seen) < _MIN_INLIERS:
        return None
    return Evidence(
        image=hypothesis.image,
        homography=homography,
        outline=project_points(homography, reference.outline),
        matched=pairs.seen,
        errors=pairs.errors,
        expected=pairs.expected,
        spread=_hull_area(reference.points[pairs.known, :2]) / max(_hull_area(reference.outline), 1.0),
        votes=hypothesis.votes,
    )


def project_points(homography: Matrix, points: Floats) -> Floats:
    """(N, 2) points of the picture to the frame."""
    lifted = np.column_stack([points.astype(np.float64), np.ones(len(points))]) @ homography.T
    return (lifted[:, :2] / lifted[:, 2:]).astype(np.float32)


def is_possible(homography: Matrix, reference: Reference, frame: ImageFeatures) -> bool:
    """No mirror image, nothing behind the camera, no needle, no speck, nothing much larger than the frame."""
    wide, high = reference.width, reference.height
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float64)
    lifted = np.column_stack([corners, np.ones(4)]) @ homography.T
    if not np.isfinite(lifted).all() or lifted[:, 2].min() <= 0.25 * lifted[:, 2].max():
        return False
    quad = lifted[:, :2] / lifted[:, 2:]
    edges = np.roll(quad, -1, axis=0) - quad
    following = np.roll(edges, -1, axis=0)
    if (edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0] <= 0).any():
        return False
    lengths = np.hypot(edges[:, 0], edges[:, 1]) / np.array([wide, high, wide, high])
    area = 0.5 * abs(float(np.sum(quad[:, 0] * np.roll(quad[:, 1], -1) - quad[:, 1] * np.roll(quad[:, 0], -1))))
    return bool(
        lengths.max() <= _STRETCH * lengths.min()
        and _MIN_AREA <= area / (frame.width * frame.height) <= 6
        and area / (wide * high) > 0.2 * lengths.max() ** 2 / _STRETCH
    )


def _first_map(hypothesis: Hypothesis, reference: Reference, frame: ImageFeatures, side: float) -> tuple[Matrix, float]:
    """The map that most votes agree on, and how far to look around it."""
    if len(hypothesis.seen) >= 4:
        affine, inside = cv2.estimateAffinePartial2D(
            hypothesis.known,
            frame.points[hypothesis.seen, :2],
            method=cv2.RANSAC,
            ransacReprojThreshold=max(3.0, 0.05 * side),
            maxIters=200,
            confidence=0.98,
        )
        if np.size(affine) == 6 and int(np.sum(inside)) >= 4:
            found = np.vstack([np.asarray(affine, np.float64), [0, 0, 1]])
            if 0.6 < float(np.hypot(found[0, 0], found[1, 0])) / hypothesis.scale < 1.6:
                return found, _FIRST_REACH
    cosine, sine = hypothesis.scale * np.cos(hypothesis.turn), hypothesis.scale * np.sin(hypothesis.turn)
    x, y = reference.width / 2, reference.height / 2
    pose = [
        [cosine, -sine, hypothesis.x - cosine * x + sine * y],
        [sine, cosine, hypothesis.y - sine * x - cosine * y],
        [0, 0, 1],
    ]
    return np.array(pose, np.float64), _ROUGH_REACH


def _guided(homography: Matrix, reference: Reference, frame: ImageFeatures, projected: Floats, reach: float) -> _Pairs:
    """Points of the frame that lie, and look, as the map demands."""
    points = reference.points
    places = project_points(homography, points[:, :2])
    ahead = project_points(homography, points[:, :2] + np.array([1, 0], dtype=np.float32)) - places
    aside = project_points(homography, points[:, :2] + np.array([0, 1], dtype=np.float32)) - places
    local = np.sqrt(np.abs(ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0]))
    size = np.maximum(points[:, 2] * local, 1e-3)
    visible = np.flatnonzero(
        (size > _FRAME_POINT)
        & (places[:, 0] > 2)
        & (places[:, 1] > 2)
        & (places[:, 0] < frame.width - 2)
        & (places[:, 1] < frame.height - 2)
    )
    turned = np.deg2rad(points[visible, 3])
    direction = np.cos(turned)[:, None] * ahead[visible] + np.sin(turned)[:, None] * aside[visible]
    angle = np.arctan2(direction[:, 1], direction[:, 0])
    near, at = _neighbours(places[visible], frame, reach)
    found = frame.points
    turn = (np.deg2rad(found[near, 3]) - angle[at] + np.pi) % (2 * np.pi) - np.pi
    fits = (np.abs(turn) < _TURN) & (np.abs(np.log2(found[near, 2] / size[visible[at]])) < _SCALE_OCTAVES)
    near, known = near[fits], visible[at[fits]]
    errors = np.square(projected[near] - reference.descriptors[known]).sum(axis=1)
    alike = errors < DISTANCE
    near, known, errors = near[alike], known[alike], errors[alike]
    # The best pair of each point of the frame, then of each point of the picture.
    order = np.lexsort((known, near, errors))
    order = order[np.sort(np.unique(near[order], return_index=True)[1])]
    order = order[np.unique(known[order], return_index=True)[1]]
    order = order[np.argsort(near[order], kind="stable")]
    return _Pairs(near[order], known[order], errors[order].astype(np.float32), max(len(visible), len(order)))


def _neighbours(places: Floats, frame: ImageFeatures, reach: float) -> tuple[Integers, Integers]:
    """All (point of the frame, place) closer than `reach` pixels."""
    # Points lie in strips as high as the reach, from left to right: near a place are one range in each of three.
    length = 4.0 * (frame.width + reach)
    x, strip = frame.points[:, 0].astype(np.float64), np.floor(frame.points[:, 1] / reach)
    keys = strip * length + x
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    of_place = (np.floor(places[:, 1].astype(np.float64) / reach)[None] + np.array([[-1], [0], [1]])) * length
    of_place = (of_place + places[:, 0]).reshape(-1)
    first, last = np.searchsorted(keys, of_place - reach), np.searchsorted(keys, of_place + reach)
    counts = last - first
    row = np.repeat(np.arange(len(of_place)), counts)
    offset = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    near, at = order[first[row] + offset], row % max(len(places), 1)
    across = frame.points[near, 0] - places[at, 0]
    down = frame.points[near, 1] - places[at, 1]
    close = across * across + down * down < reach * reach
    return near[close], at[close]


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


def _hull_area(points: Floats) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.reshape(-1, 1, 2).astype(np.float32))))
