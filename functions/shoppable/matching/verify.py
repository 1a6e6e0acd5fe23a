"""Geometric verification: does this product picture, seen in perspective, explain this part of the frame?"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import THUMB_SIDE, ImageFeatures
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.shortlist import Hypothesis

_REGION = 0.9
"""Points of the frame within this many longer sides of the product's centre are considered."""
_RATIO = 0.9
DISTANCE = 0.55
_NEAREST = 1.1
_SCALE_OCTAVES = 1.0
_TURN = np.deg2rad(40)
_MIN_MATCHES = 5
_PERSPECTIVE_FROM = 10
"""Inliers from which on a homography is trusted more than an affine map."""
_STRETCH = 4.0
_MIN_AREA = 0.0008
_FRAME_POINT = 2.2
"""Pixels: the smallest diameter of points that the detector finds."""

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """A verified hypothesis."""

    image: int
    homography: Matrix
    """(3, 3): the picture's pixels to the frame's."""
    outline: Floats
    """(N, 2): the product's outline in the frame, in pixels."""
    matched: NDArray[np.int64]
    """Points of the frame that are explained, ascending."""
    errors: Floats
    """Squared distances of their descriptors to their partners'."""
    expected: int
    """Points of the picture that should be seen at this size and place."""
    matches: int
    """Matches before geometry."""
    spread: float
    """Share of the outline's area that the explained points span."""
    structure: float
    """-1..1: correlation of luminance in detail."""
    colour: float
    """-1..1: correlation of colour."""
    votes: float
    score: float = 0.0

    @property
    def inliers(self) -> int:
        return len(self.matched)


def verify(
    hypothesis: Hypothesis, reference: Reference, frame: ImageFeatures, projected: Floats, image: Image | None
) -> Evidence | None:
    """Evidence for the hypothesis, or None when no possible pose explains enough points."""
    side = max(reference.width, reference.height) * hypothesis.scale
    near = np.flatnonzero(
        np.hypot(frame.points[:, 0] - hypothesis.x, frame.points[:, 1] - hypothesis.y) < _REGION * side
    )
    if len(near) < _MIN_MATCHES or len(reference.points) < _MIN_MATCHES:
        return None
    distances = _distances(projected[near], reference.descriptors)
    seen, known = _matches(distances, frame.points[near], reference, hypothesis, side)
    if len(seen) < _MIN_MATCHES:
        return None
    homography = _estimate(reference.points[known, :2], frame.points[near[seen], :2], side)
    if homography is None or not is_possible(homography, reference, frame):
        return None
    partners, refined = _partners(distances), homography
    seen_now, known_now, costs, expected = _explained(refined, partners, frame.points[near], reference, frame)
    for _ in range(2):
        if len(seen_now) < _MIN_MATCHES:
            return None
        again = _estimate(reference.points[known_now, :2], frame.points[near[seen_now], :2], side)
        if again is None or not is_possible(again, reference, frame):
            break
        better = _explained(again, partners, frame.points[near], reference, frame)
        if len(better[0]) <= len(seen_now):
            break
        refined, (seen_now, known_now, costs, expected) = again, better
    if len(seen_now) < _MIN_MATCHES:
        return None
    outline = project_points(refined, reference.outline)
    structure, colour = _appearance(refined, reference, frame, image)
    return Evidence(
        image=hypothesis.image,
        homography=refined,
        outline=outline,
        matched=near[seen_now],
        errors=costs,
        expected=expected,
        matches=len(seen),
        spread=_hull_area(reference.points[known_now, :2]) / max(_hull_area(reference.outline), 1.0),
        structure=structure,
        colour=colour,
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


def _distances(found: Floats, known: Floats) -> Floats:
    """Squared, (frame points, picture points)."""
    squares = (found**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None]
    return np.maximum(squares - 2 * (found @ known.T), 0).astype(np.float32)


def _matches(
    distances: Floats, found: Floats, reference: Reference, hypothesis: Hypothesis, side: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that agree with the hypothesis, one per point of the picture."""
    best = distances.argmin(axis=1)
    rows = np.arange(len(best))
    nearest = distances[rows, best]
    second = np.partition(distances, 1, axis=1)[:, 1]
    known = reference.points[best]
    scale = np.abs(np.log2(found[:, 2] / known[:, 2] / hypothesis.scale))
    turn = np.abs((np.deg2rad(found[:, 3] - known[:, 3]) - hypothesis.turn + np.pi) % (2 * np.pi) - np.pi)
    centred = known[:, :2] - np.array([reference.width, reference.height], dtype=np.float32) / 2
    cosine, sine = hypothesis.scale * np.cos(hypothesis.turn), hypothesis.scale * np.sin(hypothesis.turn)
    x = hypothesis.x + cosine * centred[:, 0] - sine * centred[:, 1]
    y = hypothesis.y + sine * centred[:, 0] + cosine * centred[:, 1]
    agree = (
        (nearest < DISTANCE)
        & (nearest < _RATIO**2 * second)
        & (scale < _SCALE_OCTAVES)
        & (turn < _TURN)
        & (np.hypot(found[:, 0] - x, found[:, 1] - y) < 0.4 * side)
    )
    chosen = rows[agree]
    order = chosen[np.lexsort((chosen, nearest[chosen]))]
    _, first = np.unique(best[order], return_index=True)
    kept = np.sort(order[first])
    return kept, best[kept]


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


@dataclass(frozen=True, eq=False)
class _Partners:
    """Pairs (point of the frame, point of the picture) that look alike in any pose, and their squared distances."""

    seen: NDArray[np.int64]
    known: NDArray[np.int64]
    cost: Floats


def _partners(distances: Floats) -> _Partners:
    # Where chance alone brings points together, the best partner is rarely the one in the right place.
    seen, known = np.nonzero(distances <= np.minimum(_NEAREST * distances.min(axis=0, keepdims=True), DISTANCE))
    return _Partners(seen, known, distances[seen, known])


def _explained(
    homography: Matrix, partners: _Partners, found: Floats, reference: Reference, frame: ImageFeatures
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, int]:
    """Points of the frame that lie, and look, as the pose demands; their partners, costs; how many there could be."""
    places = project_points(homography, reference.points[:, :2])
    ahead = project_points(homography, reference.points[:, :2] + np.array([1, 0], dtype=np.float32)) - places
    aside = project_points(homography, reference.points[:, :2] + np.array([0, 1], dtype=np.float32)) - places
    local = np.sqrt(np.abs(ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0]))
    size = np.maximum(reference.points[:, 2] * local, 1e-3)
    visible = (
        (size > _FRAME_POINT)
        & (places[:, 0] > 2)
        & (places[:, 1] > 2)
        & (places[:, 0] < frame.width - 2)
        & (places[:, 1] < frame.height - 2)
    )
    outline = project_points(homography, reference.outline)
    radius = float(np.clip(0.02 * max(np.ptp(outline[:, 0]), np.ptp(outline[:, 1])), 2.5, 9.0))
    seen, known, cost = partners.seen, partners.known, partners.cost
    there = np.hypot(found[seen, 0] - places[known, 0], found[seen, 1] - places[known, 1]) < radius
    fits = np.flatnonzero(there & visible[known] & (np.abs(np.log2(found[seen, 2] / size[known])) < 0.8))
    # The best pair of each point of the frame, then of each point of the picture.
    fits = fits[np.lexsort((fits, cost[fits]))]
    fits = fits[np.sort(np.unique(seen[fits], return_index=True)[1])]
    fits = fits[np.unique(known[fits], return_index=True)[1]]
    fits = fits[np.argsort(seen[fits])]
    return seen[fits], known[fits], cost[fits], max(int(visible.sum()), len(fits))


def _hull_area(points: Floats) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.reshape(-1, 1, 2).astype(np.float32))))


def straightened(
    homography: Matrix, reference: Reference, frame: ImageFeatures, image: Image
) -> tuple[Image, NDArray[np.bool_]]:
    """The product as the frame shows it, warped to the size of its thumb, and where that is inside product and
    frame.
    """
    shape = (THUMB_SIDE, THUMB_SIDE)
    to_thumb = np.diag([THUMB_SIDE / reference.width, THUMB_SIDE / reference.height, 1.0])
    scale = np.diag([image.shape[1] / frame.width, image.shape[0] / frame.height, 1.0])
    inverse = np.asarray(to_thumb @ np.linalg.inv(scale @ homography), np.float64)
    mask = np.zeros(shape, np.uint8)
    outline = reference.outline * np.array([THUMB_SIDE / reference.width, THUMB_SIDE / reference.height])
    cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 1)
    inside = cv2.warpPerspective(np.ones(image.shape[:2], np.uint8), inverse, shape, flags=cv2.INTER_NEAREST)
    return _shrunk_warp(image, inverse, shape), (mask & np.asarray(inside, np.uint8)) > 0


def _appearance(
    homography: Matrix, reference: Reference, frame: ImageFeatures, image: Image | None
) -> tuple[float, float]:
    """Correlations of the frame, straightened, with the picture: detail of luminance, and colour."""
    if image is None:
        return 0.0, 0.0
    straight, chosen = straightened(homography, reference, frame, image)
    if int(chosen.sum()) < 200:
        return 0.0, 0.0
    pictures = (lab_of(straight), lab_of(reference.thumb))
    detail = [blurred(lab[..., :1], 1.0) - blurred(lab[..., :1], 6.0) for lab in pictures]
    soft = [blurred(lab[..., 1:], 2.0) for lab in pictures]
    return (
        _correlation(detail[0][chosen], detail[1][chosen], 6.0),
        _correlation(soft[0][chosen], soft[1][chosen], 8.0),
    )


def lab_of(image: Image) -> Floats:
    """(H, W, 3) L*a*b* in OpenCV's 8 bit scale."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2Lab), np.float32)


def blurred(channels: Floats, sigma: float) -> Floats:
    """(H, W, C), also where C is 1."""
    return np.asarray(cv2.GaussianBlur(channels, (0, 0), sigma), np.float32).reshape(channels.shape)


def _shrunk_warp(image: Image, matrix: Matrix, shape: tuple[int, int]) -> Image:
    """A warp to a small picture that averages, so that it does not alias."""
    twice = np.diag([3.0, 3.0, 1.0]) @ matrix
    large = cv2.warpPerspective(
        image, twice, (shape[0] * 3, shape[1] * 3), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(large, shape, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _correlation(one: Floats, other: Floats, floor: float) -> float:
    """Of all channels together; `floor` (a variance) keeps flat pictures from correlating by their noise."""
    first = one - one.mean(axis=0)
    second = other - other.mean(axis=0)
    power = np.sqrt(((first**2).mean(axis=0).sum() + floor) * ((second**2).mean(axis=0).sum() + floor))
    return float((first * second).mean(axis=0).sum() / power)
