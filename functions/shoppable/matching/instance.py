"""The engine `instance`: local features, a shortlist over the whole catalogue, geometric verification of its best, and
a contest of surfaces between those that claim one place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from functions.shoppable.image import Image
from functions.shoppable.matching.features import ImageFeatures, describe_features, resized_frame
from functions.shoppable.matching.grid import PointGrid
from functions.shoppable.matching.index import InstanceIndex, Reference
from functions.shoppable.matching.port import Box, Found, FrameMatch, Outline, Views
from functions.shoppable.matching.scores import CERTAIN, Candidate, chance, margin, probability, weights_of
from functions.shoppable.matching.shortlist import shortlist
from functions.shoppable.matching.surface import (
    INDISTINCT,
    Drawing,
    Surface,
    contest,
    crops_of,
    distinct,
    draw,
    likeness,
    surface,
)
from functions.shoppable.matching.verify import Evidence, verify, verify_in_place_of

__all__ = ["FrameMatch", "InstanceMatcher"]

HYPOTHESES = 24
_SAME_PLACE = 0.5
_SAME_POINTS = 0.25
"""Share of a product's points that another one claims too, from which on only one of them can be right."""
_PLACES = 8
_CANDIDATES = 5
"""Of one place, at most."""
_COMPARABLE = 0.5
"""Share of what a product's best picture firmly explains, from which on another one may take its place."""
_HOPELESS = ((0.25, 0.0), (0.5, 6.0))
"""(share, less): of what the best in its place firmly explains beyond so much, the share below which a candidate is not
compared; the first of these holds always. Of 560 right answers on photographs and scenes none had less.
"""
_LEAST_FIRM = 1.0
"""Evidence below is what chance brings about."""
_LEAST_FIRST = 1.5
"""The same of the best in a place: none of 80 such in photographs and scenes was right."""
_SURE = 4.0
"""Firm evidence of a product, or of a look-alike of it: what a picture shows that has none, is hardly ever told."""
_MIN_SCORE = 0.02
_SLANTS = ((1.5, 0.75), (0.75, 1.5))
"""Factors of width and height by which a picture is stretched to view it again: of what stands at a slant, one side is
foreshortened, and points of it look like those of a product picture only once it is long again (Morel and Yu,
"ASIFT: a new framework for fully affine invariant image comparison", SIAM J. Imaging Sciences 2009, simulate tilts by
factors of 1.4).
"""
_AS_IT_IS = (1.0, 1.0)
_SHAPES: Mapping[Views, Sequence[tuple[float, float]]] = {
    "all": (_AS_IT_IS, *_SLANTS),
    "upright": (_AS_IT_IS,),
    "slanted": _SLANTS,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Place:
    """Part of a frame that one or several products claim."""

    category: str
    """Of the product that most is firmly found of: by its weights all are scored."""
    candidates: tuple[Candidate, ...]
    contests: dict[tuple[int, int], tuple[float, float]]
    """Of every two candidates, by their numbers, the lower first."""
    distinct: dict[tuple[int, int], float]
    """surface.distinct of a candidate against another, by their numbers."""

    def least_distinct(self, number: int) -> float:
        """The candidate's likeness in what tells it apart from the rival for which that is least."""
        return min((value for (one, _), value in self.distinct.items() if one == number), default=INDISTINCT)

    def closest(self, number: int) -> float:
        """The candidate's margin against its strongest rival."""
        weights, margins = weights_of(self.category), [CERTAIN]
        for other in range(len(self.candidates)):
            if other != number:
                low, high = min(number, other), max(number, other)
                odds = margin(weights, self.candidates[low], self.candidates[high], self.contests[low, high])
                margins.append(odds if number == low else -odds)
        return min(margins)

    def scores(self) -> list[float]:
        """Probability of each candidate: what is in one place excludes all else there."""
        weights, closest = weights_of(self.category), [self.closest(number) for number in range(len(self.candidates))]
        scores = [
            probability(weights, one, closest[number], self.least_distinct(number))
            for number, one in enumerate(self.candidates)
        ]
        best = max(range(len(scores)), key=lambda number: (closest[number], -number))
        return [score if number == best else min(score, 1 - scores[best]) for number, score in enumerate(scores)]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Examined:
    """A place and the pictures that its candidates were compared by, in their order."""

    place: Place
    seen: Surface
    drawings: list[Drawing]


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """A picture as it is, or stretched, and what was found in it; boxes are fractions of either."""

    frame: ImageFeatures
    examined: Sequence[_Examined]

    @property
    def places(self) -> list[Place]:
        """What was verified, by place."""
        return [one.place for one in self.examined]

    @property
    def firm(self) -> float:
        """The firmest evidence there is."""
        return max((one.place.candidates[0].evidence.firm for one in self.examined), default=0.0)


class InstanceMatcher:
    """Implements functions.shoppable.matching.port.Matcher. Not safe for several threads.

    Makes OpenCV use one thread in this process: frames are spread over processes, and one order of work gives one
    answer.
    """

    def __init__(self, index: InstanceIndex) -> None:
        cv2.setNumThreads(1)
        self._index = index

    @property
    def index_digest(self) -> str:
        return self._index.digest

    def match(self, image: Image, views: Views = "all") -> list[Found]:
        """Products in a uint8 BGR picture (H, W, 3), the best first; of look-alikes in one place, every one that may be
        it.
        """
        found: list[Found] = []
        view = self.view(image, views)
        for one in view.examined:
            for number, match in enumerate(_frame_matches(self._index, one.place, view.frame)):
                if match.chance >= _MIN_SCORE:
                    found.append(Found(match=match, crops=partial(crops_of, one.seen, one.drawings[number])))
        return sorted(found, key=lambda one: (-one.match.score, one.match.product_id, one.match.box))

    def view(self, image: Image, views: Views = "all", *, thorough: bool = False) -> View:
        """Of the picture as it is; where that is not asked for, or shows nothing surely, the first stretched one that
        surely does.

        `thorough`: with candidates that would be compared if the best in their place were not sold, and with all that
        may be weighed.
        """
        looked: list[View] = []
        for across, down in _SHAPES[views]:
            looked.append(self._view(resized_frame(image, across=across, down=down), thorough))
            if looked[-1].firm >= _SURE:
                return looked[-1]
        # A stretched view counts only where it surely shows something.
        return looked[0] if views != "slanted" else View(frame=looked[0].frame, examined=())

    def _view(self, image: Image, thorough: bool) -> View:
        frame = describe_features(image)
        evidence, references = self._verified(frame)
        groups: list[list[Evidence]] = []
        for group in _places(evidence)[:_PLACES]:
            firm = [one.firm for one in group]
            kept = _among_best(firm, _HOPELESS[:1])[: _CANDIDATES + 1] if thorough else compared(firm)
            if kept:
                groups.append([group[number] for number in kept])
        examined = [self._place(group, references, frame, image, thorough) for group in groups]
        return View(frame=frame, examined=[one for one in examined if one.place.candidates])

    def _verified(self, frame: ImageFeatures) -> tuple[list[Evidence], Mapping[int, Reference]]:
        """What geometry allows, the firmest first; of one product in one place, one."""
        cv2.setRNGSeed(1)
        projected = self._index.project(frame.descriptors)
        grid = PointGrid(frame, projected)
        found: list[Evidence] = []
        hypotheses = shortlist(self._index, frame, projected, limit=HYPOTHESES)
        references = self._index.references(hypothesis.image for hypothesis in hypotheses)
        for hypothesis in hypotheses:
            evidence = verify(hypothesis, references[hypothesis.image], grid)
            if evidence is not None and evidence.firm >= _LEAST_FIRM:
                found.append(evidence)
        of_product: dict[int, list[Evidence]] = {}
        for evidence in sorted(found, key=_strength, reverse=True):
            of_product.setdefault(int(self._index.image_product[evidence.image]), []).append(evidence)
        kept = [_tightest(group) for of_one in of_product.values() for group in _places(of_one)]
        kept.sort(key=_strength, reverse=True)
        return sorted([*kept, *self._rivals(kept, references, grid)], key=_strength, reverse=True), references

    def _rivals(
        self, found: list[Evidence], references: Mapping[int, Reference], grid: PointGrid
    ) -> Iterator[Evidence]:
        """Every product that the frame surely shows somewhere is tried wherever another one is seen: of copies side by
        side, the shortlist may name the product for one and its look-alike for the next.
        """
        sure: dict[int, Evidence] = {}
        for evidence in found:
            if evidence.firm >= _SURE:
                sure.setdefault(int(self._index.image_product[evidence.image]), evidence)
        for group in _places(found)[:_PLACES]:
            first = group[0]
            if first.firm < _SURE:
                continue
            present = {int(self._index.image_product[evidence.image]) for evidence in group}
            for product, known in sure.items():
                if product not in present:
                    of_first, reference = references[first.image], references[known.image]
                    rival = verify_in_place_of(first, of_first, known.image, reference, grid)
                    if rival is not None and rival.firm >= _LEAST_FIRM and _is_same_place(first, rival):
                        yield rival

    def _place(
        self,
        group: list[Evidence],
        references: Mapping[int, Reference],
        frame: ImageFeatures,
        image: Image,
        thorough: bool,
    ) -> _Examined:
        category = self._index.categories[int(self._index.image_product[group[0].image])]
        words = thorough or weights_of(category).other_print != 0
        seen = surface(group[0].homography, references[group[0].image], (frame.width, frame.height), image)
        candidates: list[Candidate] = []
        drawings: list[Drawing] = []
        for evidence in group:
            drawing = draw(seen, evidence.homography, evidence.core, references[evidence.image])
            alike = likeness(seen, drawing, words=words)
            if alike is not None:
                candidates.append(Candidate(evidence=evidence, likeness=alike))
                drawings.append(drawing)
        contests = {
            (low, high): contest(seen, drawings[low], drawings[high])
            for high in range(len(drawings))
            for low in range(high)
        }
        pairs = [(one, other) for one in range(len(drawings)) for other in range(len(drawings)) if one != other]
        told = {(one, other): distinct(seen, drawings[one], drawings[other]) for one, other in pairs}
        place = Place(category=category, candidates=tuple(candidates), contests=contests, distinct=told)
        return _Examined(place=place, seen=seen, drawings=drawings)


def compared(firm: Sequence[float]) -> list[int]:
    """Which candidates for a place are, by what is firmly found of each, the most first; none where all is chance."""
    return _among_best(firm, _HOPELESS)[:_CANDIDATES] if firm[0] >= _LEAST_FIRST else []


def _among_best(firm: Sequence[float], hopeless: Sequence[tuple[float, float]]) -> list[int]:
    least = max(share * (firm[0] - less) for share, less in hopeless)
    return [number for number, value in enumerate(firm) if value >= least]


def _strength(evidence: Evidence) -> tuple[float, int, int]:
    return evidence.firm, evidence.inliers, -evidence.image


def _tightest(group: list[Evidence]) -> Evidence:
    """Of a product's pictures in one place (the firmest first) the one with the smallest outline: a picture taken at
    an angle, or in a room, has a side or a table in it that does not lie in the plane of what both explain.
    """
    of_image: dict[int, Evidence] = {}
    for evidence in group:
        if evidence.firm >= _COMPARABLE * group[0].firm:
            of_image.setdefault(evidence.image, evidence)
    return min(of_image.values(), key=_area)


def _area(evidence: Evidence) -> float:
    return float(cv2.contourArea(cv2.convexHull(evidence.outline.reshape(-1, 1, 2))))


def _is_same_place(first: Evidence, second: Evidence) -> bool:
    common = len(np.intersect1d(first.matched, second.matched, assume_unique=True))
    return common >= _SAME_POINTS * min(first.inliers, second.inliers) or _overlap(first, second) > _SAME_PLACE


def _places(found: list[Evidence]) -> list[list[Evidence]]:
    """Groups that claim the same points of the frame or the same part of it, each around its first."""
    groups: list[list[Evidence]] = []
    for evidence in found:
        for group in groups:
            if _is_same_place(group[0], evidence):
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


def _frame_matches(index: InstanceIndex, place: Place, frame: ImageFeatures) -> Iterator[FrameMatch]:
    """One of each candidate, in their order."""
    scores = place.scores()
    products = [int(index.image_product[candidate.evidence.image]) for candidate in place.candidates]
    by_score = sorted(range(len(scores)), key=lambda number: -scores[number])
    for number, (candidate, product) in enumerate(zip(place.candidates, products, strict=True)):
        score = scores[number]
        yield FrameMatch(
            product_id=index.product_ids[product],
            image_sha256=index.image_sha256(candidate.evidence.image),
            box=box_of(candidate.evidence, frame),
            score=round(score, 4),
            chance=round(chance(scores) if number == by_score[0] else score, 4),
            rivals=tuple(index.product_ids[products[other]] for other in by_score if other != number),
            inliers=candidate.evidence.inliers,
            outline=outline_of(candidate.evidence, frame),
            category=index.categories[product],
        )


def box_of(evidence: Evidence, frame: ImageFeatures) -> Box:
    """Around the outline, as fractions of the frame, clipped to it."""
    left, top, right, bottom = _bounds(evidence)
    x0, x1 = (float(np.clip(edge / frame.width, 0, 1)) for edge in (left, right))
    y0, y1 = (float(np.clip(edge / frame.height, 0, 1)) for edge in (top, bottom))
    return round(x0, 5), round(y0, 5), round(x1 - x0, 5), round(y1 - y0, 5)


def outline_of(evidence: Evidence, frame: ImageFeatures) -> Outline:
    """As fractions of the frame; a product partly outside of it has points beyond 0 and 1."""
    points = evidence.outline / np.array([frame.width, frame.height], np.float32)
    return tuple(dict.fromkeys((round(float(x), 5), round(float(y), 5)) for x, y in points))
