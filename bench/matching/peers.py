"""Plain peers, put together from OpenCV's own pieces as its tutorials do: what ours is measured against in one run.

Both describe frames at the size at which ours does, and both keep, of several products that claim one place, the one
with the most inliers. How many inliers a product needs is chosen as our thresholds are: on calibration seeds.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import FRAME_SIDE, ROOT_SCALE, ImageFeatures
from functions.shoppable.paths import box_iou

Box = tuple[float, float, float, float]

LEAST_INLIERS: Final = 6
PRODUCT_SIDE: Final = 960
"""Pixels: longer pictures of products are brought down to this side."""
_SAME_PLACE = 0.3
_WORDS = 1000
_SHORTLIST = 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A product and how many inliers it has."""

    product: str
    inliers: int
    box: Box
    """Fractions of the picture."""


@dataclass(frozen=True, eq=False)
class _Known:
    product: str
    points: NDArray[np.float32]
    descriptors: NDArray[Any]
    size: tuple[int, int]


class SiftPeer:
    """RootSIFT, ratio test, homography by RANSAC, every picture of every product tried.

    `flann`: nearest neighbours by FLANN's randomised trees, planted once a picture, instead of exhaustively.
    """

    def __init__(
        self,
        pictures: Iterable[tuple[str, Image]],
        *,
        flann: bool = False,
        least: int = LEAST_INLIERS,
        robust: int = cv2.RANSAC,
        checked: bool = True,
        enlarge: float = 2.0,
    ) -> None:
        """`checked`: an outline that is not convex, or much too small, is no product's."""
        self._sift = cast("Any", cv2).SIFT_create(contrastThreshold=0.02)
        self._flann, self._least, self._enlarge = flann, least, enlarge
        self._robust, self._checked = robust, checked
        self._known = [self._described(product, image, PRODUCT_SIDE) for product, image in pictures]

    def add(self, product: str, features: ImageFeatures) -> None:
        """A picture that is described already."""
        root = features.descriptors.astype(np.float32) / ROOT_SCALE
        size = (features.width, features.height)
        self._known.append(_Known(product, np.ascontiguousarray(features.points[:, :2]), root, size))

    def match(self, image: Image, without: Collection[str] = ()) -> list[Seen]:
        """Products with enough inliers, the best first; `without`: as if these were not sold."""
        return _best(self.located(image, without))

    def located(self, image: Image, without: Collection[str] = ()) -> list[Seen]:
        """Every picture with enough inliers, also where several claim one place."""
        cv2.setRNGSeed(1)
        seen = self._described("", image, FRAME_SIDE)
        if len(seen.points) < self._least:
            return []
        matcher: Any = (
            cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 50}) if self._flann else cv2.BFMatcher()
        )
        matcher.add([seen.descriptors])
        matcher.train()
        found = (
            _located(known, seen, matcher, least=self._least, robust=self._robust, checked=self._checked)
            for known in self._known
            if known.product not in without
        )
        return [one for one in found if one is not None]

    def _described(self, product: str, image: Image, side: int) -> _Known:
        sized = _sized(image, side, self._enlarge)
        points, raw = self._sift.detectAndCompute(cv2.cvtColor(sized, cv2.COLOR_BGR2GRAY), None)
        size = (sized.shape[1], sized.shape[0])
        if not points:
            return _Known(product, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), size)
        descriptors = np.asarray(raw, np.float32)
        root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
        return _Known(product, np.array([point.pt for point in points], np.float32), root.astype(np.float32), size)


class OrbPeer:
    """ORB, a bag of visual words over the catalogue's own descriptors, tf-idf, and RANSAC on the most similar pictures.

    Words are found by k-majority: k-means in Hamming's distance (Grana et al., "A fast approach for integrating ORB
    descriptors in the bag of words model", 2013); ranking as in Sivic and Zisserman, "Video Google", ICCV 2003.
    """

    def __init__(
        self,
        pictures: Iterable[tuple[str, Image]],
        *,
        least: int = LEAST_INLIERS,
        shortlist: int = _SHORTLIST,
        enlarge: float = 2.0,
    ) -> None:
        self._orb: Any = cv2.ORB.create(nfeatures=1500, fastThreshold=10)
        self._least, self._shortlist, self._enlarge = least, shortlist, enlarge
        self._known = [self._described(product, image, PRODUCT_SIDE) for product, image in pictures]
        self._words = _majorities(np.concatenate([known.descriptors for known in self._known]), _WORDS)
        counts = np.array([self._counted(known) for known in self._known])
        self._rarity = np.log(len(counts) / np.maximum((counts > 0).sum(axis=0), 1))
        self._bags = _unit(counts * self._rarity)

    def match(self, image: Image, without: Collection[str] = ()) -> list[Seen]:
        """Products with enough inliers, the best first; `without`: as if these were not sold."""
        cv2.setRNGSeed(1)
        seen = self._described("", image, FRAME_SIDE)
        if len(seen.points) < self._least:
            return []
        alike = self._bags @ _unit(self._counted(seen) * self._rarity)
        ranked = [self._known[int(k)] for k in np.argsort(-alike, kind="stable")]
        sold = [known for known in ranked if known.product not in without]
        matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
        matcher.add([seen.descriptors])
        found = (
            _located(known, seen, matcher, least=self._least, robust=cv2.RANSAC, checked=True)
            for known in sold[: self._shortlist]
        )
        return _best(one for one in found if one is not None)

    def _described(self, product: str, image: Image, side: int) -> _Known:
        sized = _sized(image, side, self._enlarge)
        points, raw = self._orb.detectAndCompute(cv2.cvtColor(sized, cv2.COLOR_BGR2GRAY), None)
        size = (sized.shape[1], sized.shape[0])
        if not points:
            return _Known(product, np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), size)
        return _Known(product, np.array([point.pt for point in points], np.float32), np.asarray(raw, np.uint8), size)

    def _counted(self, known: _Known) -> NDArray[np.float64]:
        """How often each word occurs in a picture, as a share of all."""
        words = _nearest(known.descriptors, self._words)
        return np.bincount(words, minlength=len(self._words)) / max(1, len(words))


def _sized(image: Image, side: int, enlarge: float) -> Image:
    factor = min(enlarge, side / max(image.shape[:2]))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _located(
    known: _Known,
    seen: _Known,
    matcher: cv2.DescriptorMatcher,
    *,
    least: int,
    robust: int,
    checked: bool,
) -> Seen | None:
    """`matcher` holds what is seen."""
    if len(known.points) < least:
        return None
    pairs = [
        two[0]
        for two in matcher.knnMatch(known.descriptors, k=2)
        if len(two) == 2 and two[0].distance < 0.8 * two[1].distance
    ]
    if len(pairs) < least:
        return None
    source = known.points[[pair.queryIdx for pair in pairs]]
    target = seen.points[[pair.trainIdx for pair in pairs]]
    homography, inside = cv2.findHomography(source, target, robust, 4.0)
    if np.size(homography) != 9:
        return None
    # A map that throws everything onto one spot explains many pairs, but few points.
    inliers = len(np.unique(target[np.ravel(inside) > 0], axis=0)) if checked else int(np.sum(inside))
    if inliers < least:
        return None
    wide, high = known.size
    corners = np.array([[(0, 0), (wide, 0), (wide, high), (0, high)]], np.float32)
    quad = np.asarray(cv2.perspectiveTransform(corners, np.asarray(homography)), np.float64)[0] / seen.size
    outline = quad.astype(np.float32).reshape(-1, 1, 2)
    if checked and not (cv2.isContourConvex(outline) and 0.0005 < cv2.contourArea(outline) < 4):
        return None
    low, top = np.clip(quad.min(axis=0), 0, 1), np.clip(quad.max(axis=0), 0, 1)
    box = (float(low[0]), float(low[1]), float(top[0] - low[0]), float(top[1] - low[1]))
    return Seen(product=known.product, inliers=inliers, box=box)


def _best(found: Iterable[Seen]) -> list[Seen]:
    """Of each product its best picture, and of each place its best product."""
    kept: list[Seen] = []
    products: set[str] = set()
    for one in sorted(found, key=lambda seen: (-seen.inliers, seen.product)):
        if one.product not in products and not any(box_iou(one.box, other.box) > _SAME_PLACE for other in kept):
            products.add(one.product)
            kept.append(one)
    return kept


def _nearest(descriptors: NDArray[np.uint8], words: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,): the word of each descriptor."""
    pairs: Sequence[Any] = cv2.BFMatcher(cv2.NORM_HAMMING).match(descriptors, words) if len(descriptors) else []
    return np.array([pair.trainIdx for pair in pairs], np.int64)


def _majorities(descriptors: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    sample = descriptors[rng.permutation(len(descriptors))[: 30 * count]]
    words = sample[rng.permutation(len(sample))[:count]]
    bits = np.unpackbits(sample, axis=1).astype(np.float32)
    for _ in range(8):
        owner = _nearest(sample, words)
        sums = np.zeros((len(words), bits.shape[1]), np.float32)
        np.add.at(sums, owner, bits)
        members = np.bincount(owner, minlength=len(words))[:, None]
        words = np.where(members > 0, np.packbits(sums * 2 > members, axis=1), words).astype(np.uint8)
    return words


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
