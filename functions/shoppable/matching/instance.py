"""The engine `instance`: local features, a shortlist over the whole catalogue, geometric verification of its best."""

import math
from dataclasses import replace

import cv2
import numpy as np

from functions.shoppable.decode import Image
from functions.shoppable.matching.features import ImageFeatures, describe_frame, resized_frame
from functions.shoppable.matching.index import InstanceIndex, Reference
from functions.shoppable.matching.port import Box, FrameMatch
from functions.shoppable.matching.shortlist import shortlist
from functions.shoppable.matching.verify import Evidence, verify

__all__ = ["FrameMatch", "InstanceMatcher"]

HYPOTHESES = 28
_SAME_PLACE = 0.3
_MIN_SCORE = 0.05


class InstanceMatcher:
    """Implements functions.shoppable.matching.port.Matcher. Not safe for several threads."""

    def __init__(self, index: InstanceIndex) -> None:
        self._index = index

    def match(self, image: Image) -> list[FrameMatch]:
        """Products in a uint8 BGR picture (H, W, 3), the best first."""
        return self.match_features(describe_frame(image), resized_frame(image))

    def match_features(self, frame: ImageFeatures, image: Image | None = None) -> list[FrameMatch]:
        """As `match`, from features that describe_frame gave; without the picture, colours cannot tell look-alikes apart."""
        return [
            _frame_match(self._index, found, frame)
            for found in self.evidence(frame, image)
            if found.score >= _MIN_SCORE
        ]

    def evidence(self, frame: ImageFeatures, image: Image | None = None) -> list[Evidence]:
        """What was verified, look-alikes suppressed, the best first."""
        return compete(self._index, self.verified(frame, image))

    def verified(self, frame: ImageFeatures, image: Image | None) -> list[Evidence]:
        """Everything that geometry allows, before hypotheses compete."""
        cv2.setRNGSeed(1)
        projected = self._index.project(frame.descriptors)
        references: dict[int, Reference] = {}
        found: list[Evidence] = []
        for hypothesis in shortlist(self._index, frame, projected, limit=HYPOTHESES):
            if hypothesis.image not in references:
                references[hypothesis.image] = self._index.reference(hypothesis.image)
            evidence = verify(hypothesis, references[hypothesis.image], frame, projected, image)
            if evidence is not None:
                found.append(replace(evidence, score=probability(evidence)))
        return found


def logit(evidence: Evidence) -> float:
    """How much one hypothesis has for it, without regard to others."""
    share = evidence.inliers / max(evidence.expected, 1)
    return (
        -9.0
        + 2.2 * math.log(evidence.inliers)
        + 4.0 * share
        + 2.0 * min(evidence.spread, 1.0)
        + 4.0 * evidence.structure
        + 2.0 * evidence.colour
    )


def probability(evidence: Evidence) -> float:
    return 1 / (1 + math.exp(-logit(evidence)))


def compete(index: InstanceIndex, found: list[Evidence]) -> list[Evidence]:
    """One product in one place, and one place for each product: of what overlaps, the best remains."""
    winners: list[Evidence] = []
    for evidence in sorted(found, key=lambda item: (-logit(item), item.image)):
        product = index.image_product[evidence.image]
        if any(
            product == index.image_product[winner.image] or _overlap(winner, evidence) > _SAME_PLACE
            for winner in winners
        ):
            continue
        winners.append(evidence)
    return winners


def _bounds(evidence: Evidence) -> tuple[float, float, float, float]:
    low, high = evidence.outline.min(axis=0), evidence.outline.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _overlap(first: Evidence, second: Evidence) -> float:
    """Intersection over the smaller box."""
    a, b = _bounds(first), _bounds(second)
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide * high / max(smaller, 1e-6)


def _frame_match(index: InstanceIndex, evidence: Evidence, frame: ImageFeatures) -> FrameMatch:
    return FrameMatch(
        product_id=index.product_ids[int(index.image_product[evidence.image])],
        image_sha256=index.image_sha256s[evidence.image],
        box=_box(evidence, frame),
        score=round(evidence.score, 4),
        inliers=evidence.inliers,
    )


def _box(evidence: Evidence, frame: ImageFeatures) -> Box:
    left, top, right, bottom = _bounds(evidence)
    x0, x1 = (float(np.clip(edge / frame.width, 0, 1)) for edge in (left, right))
    y0, y1 = (float(np.clip(edge / frame.height, 0, 1)) for edge in (top, bottom))
    return round(x0, 5), round(y0, 5), round(x1 - x0, 5), round(y1 - y0, 5)
