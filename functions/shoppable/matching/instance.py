"""The engine `instance`: local features, a shortlist over the whole catalogue, geometric verification of its best."""

import math
from dataclasses import replace

import cv2
import numpy as np

from functions.shoppable.image import Image
from functions.shoppable.matching.features import ImageFeatures, describe_frame, resized_frame
from functions.shoppable.matching.index import InstanceIndex, Reference
from functions.shoppable.matching.lookalikes import picture_margin, points_margin
from functions.shoppable.matching.port import Box, FrameMatch
from functions.shoppable.matching.shortlist import shortlist
from functions.shoppable.matching.verify import Evidence, verify

__all__ = ["FrameMatch", "InstanceMatcher"]

HYPOTHESES = 36
_SAME_PLACE = 0.5
_SAME_POINTS = 0.25
"""Share of a product's points that another one claims too, from which on only one of them can be right."""
_CERTAIN = 20.0
_HOPELESS = 5.0
# Log odds per unit of each margin: a logistic regression over pairs of look-alikes.
_MARGIN_LOGIT = 0.3
_MARGIN_POINTS = 5.8
_MARGIN_STRUCTURE = 5.5
_MARGIN_COLOUR = 2.5
_MIN_SCORE = 0.05


class InstanceMatcher:
    """Implements functions.shoppable.matching.port.Matcher. Not safe for several threads.

    Makes OpenCV use one thread in this process: frames are spread over processes, and one order of work gives one
    answer.
    """

    def __init__(self, index: InstanceIndex) -> None:
        cv2.setNumThreads(1)
        self._index = index

    def match(self, image: Image) -> list[FrameMatch]:
        """Products in a uint8 BGR picture (H, W, 3), the best first."""
        return self.match_features(describe_frame(image), resized_frame(image))

    def match_features(self, frame: ImageFeatures, image: Image | None = None) -> list[FrameMatch]:
        """As `match`, from features that describe_frame gave; without the picture, neither colours nor shapes add
        to the score.
        """
        return [
            _frame_match(self._index, found, frame)
            for found in self.evidence(frame, image)
            if found.score >= _MIN_SCORE
        ]

    def evidence(self, frame: ImageFeatures, image: Image | None = None) -> list[Evidence]:
        """What was verified, look-alikes suppressed, the best first."""
        found = self._best_of_products(self.verified(frame, image))
        winners = [self._champion(group, frame, image) for group in _rivals(found)]
        return sorted(winners, key=lambda winner: (-winner.score, winner.image))

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

    def _best_of_products(self, found: list[Evidence]) -> list[Evidence]:
        """The best place of each product, in descending order."""
        best: dict[int, Evidence] = {}
        for evidence in sorted(found, key=lambda item: (-logit(item), item.image)):
            best.setdefault(int(self._index.image_product[evidence.image]), evidence)
        return list(best.values())

    def _champion(self, group: list[Evidence], frame: ImageFeatures, image: Image | None) -> Evidence:
        """Of products that claim the same points, the one that wins; the closest contest limits its score."""
        champion = group[0]
        for rival in group[1:]:
            if self._margin(champion, rival, frame, image) < 0:
                champion = rival
        margins = [self._margin(champion, rival, frame, image) for rival in group if rival is not champion]
        closest = min(margins, default=_CERTAIN)
        return replace(champion, score=probability(champion) * _sigmoid(closest))

    def _margin(self, first: Evidence, second: Evidence, frame: ImageFeatures, image: Image | None) -> float:
        """Log odds that the first of two look-alikes is the right one; changes its sign when they change places."""
        margin = _MARGIN_LOGIT * (logit(first) - logit(second)) + _MARGIN_POINTS * points_margin(first, second)
        if image is not None:
            one, other = self._index.reference(first.image), self._index.reference(second.image)
            forth = picture_margin(first, second, (one, other), frame, image)
            back = picture_margin(second, first, (other, one), frame, image)
            margin += _MARGIN_STRUCTURE * (forth[0] - back[0]) / 2 + _MARGIN_COLOUR * (forth[1] - back[1]) / 2
        return margin


def logit(evidence: Evidence) -> float:
    """How much one hypothesis has for it, without regard to others: log odds.

    A logistic regression over hypotheses of generated scenes with unknown products and of photographs of real packages
    from whose catalogue the right product was taken away; inliers alone say little, since a brand's products share
    print.
    """
    return (
        -5.6
        + 0.25 * math.log(max(evidence.inliers, 1))
        + 7.4 * evidence.inliers / max(evidence.expected, 1)
        + 0.7 * min(evidence.spread, 1.0)
        + 3.3 * evidence.structure
        + 3.3 * evidence.colour
    )


def probability(evidence: Evidence) -> float:
    """Of the hypothesis, before look-alikes are considered."""
    return _sigmoid(logit(evidence))


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -60.0), 60.0)))


def _rivals(found: list[Evidence]) -> list[list[Evidence]]:
    """Groups that claim the same points of the frame, each around its best; `found` in descending order."""
    groups: list[list[Evidence]] = []
    for evidence in found:
        for group in groups:
            common = len(np.intersect1d(group[0].matched, evidence.matched))
            if common >= _SAME_POINTS * evidence.inliers or _overlap(group[0], evidence) > _SAME_PLACE:
                # What is far behind loses whatever the pictures say.
                if logit(evidence) > logit(group[0]) - _HOPELESS:
                    group.append(evidence)
                break
        else:
            groups.append([evidence])
    return groups


def _bounds(evidence: Evidence) -> tuple[float, float, float, float]:
    low, high = evidence.outline.min(axis=0), evidence.outline.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _overlap(first: Evidence, second: Evidence) -> float:
    """Intersection over union of the boxes."""
    a, b = _bounds(first), _bounds(second)
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return wide * high / max(areas - wide * high, 1e-6)


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
