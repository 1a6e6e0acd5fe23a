"""Plain peers, put together from OpenCV's own pieces as its tutorials do: what ours is measured against in one run."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A product and how many inliers it has."""

    product: str
    inliers: int
    box: Box
    """Fractions of the picture."""


@dataclass(frozen=True, eq=False)
class _Known:
    product: str
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    size: tuple[int, int]


class SiftPeer:
    """RootSIFT, ratio test, MAGSAC homography, every picture of every product tried; the product with the most inliers.

    `flann`: nearest neighbours by FLANN's randomised trees instead of exhaustively.
    """

    def __init__(self, pictures: Iterable[tuple[str, Image]], *, flann: bool = False, enlarge: float = 2.0) -> None:
        self._sift = cast("Any", cv2).SIFT_create(contrastThreshold=0.02)
        self._matcher: Any = (
            cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 50}) if flann else cv2.BFMatcher()
        )
        self._enlarge = enlarge
        self._known = [self._described(product, image) for product, image in pictures]

    def match(self, image: Image) -> list[Found]:
        """Products with 10 inliers or more, the best first."""
        seen = self._described("", image)
        if len(seen.points) < 10:
            return []
        best: dict[str, Found] = {}
        for known in self._known:
            found = self._tried(known, seen)
            if found is not None and (known.product not in best or found.inliers > best[known.product].inliers):
                best[known.product] = found
        return sorted(best.values(), key=lambda one: (-one.inliers, one.product))

    def _tried(self, known: _Known, seen: _Known) -> Found | None:
        if len(known.points) < 10:
            return None
        pairs = [
            two[0]
            for two in self._matcher.knnMatch(known.descriptors, seen.descriptors, k=2)
            if len(two) == 2 and two[0].distance < 0.8 * two[1].distance
        ]
        if len(pairs) < 10:
            return None
        source = known.points[[pair.queryIdx for pair in pairs]]
        target = seen.points[[pair.trainIdx for pair in pairs]]
        homography, inside = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 4.0)
        if np.size(homography) != 9 or int(np.sum(inside)) < 10:
            return None
        wide, high = known.size
        corners = np.array([[(0, 0), (wide, 0), (wide, high), (0, high)]], np.float32)
        quad = np.asarray(cv2.perspectiveTransform(corners, np.asarray(homography)), np.float64)[0] / seen.size
        low, top = np.clip(quad.min(axis=0), 0, 1), np.clip(quad.max(axis=0), 0, 1)
        box = (float(low[0]), float(low[1]), float(top[0] - low[0]), float(top[1] - low[1]))
        return Found(product=known.product, inliers=int(np.sum(inside)), box=box)

    def _described(self, product: str, image: Image) -> _Known:
        factor = min(self._enlarge, 960 / max(image.shape[:2]))
        sized = cv2.resize(
            image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        )
        points, raw = self._sift.detectAndCompute(cv2.cvtColor(sized, cv2.COLOR_BGR2GRAY), None)
        size = (sized.shape[1], sized.shape[0])
        if not points:
            return _Known(product, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), size)
        descriptors = np.asarray(raw, np.float32)
        root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
        return _Known(product, np.array([point.pt for point in points], np.float32), root.astype(np.float32), size)
