"""From evidence to a probability: a few interpretable features, weighed by logistic regression.

Two questions. *Which* of the candidates for one place is it: a margin, in log odds, between any two. *Is* it that at
all: log odds of the best, given how close the contest was. The weights, by the category of what is foremost in a place,
are in fitted.py; bench/matching/fitting.py finds and writes them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from functions.shoppable.matching.fitted import BENDS, WEIGHTS
from functions.shoppable.matching.surface import INDISTINCT, Likeness
from functions.shoppable.matching.verify import Evidence
from functions.shoppable.matching.weights import Weights

CERTAIN = 6.0
"""Margins beyond say no more."""
LARGEST = 12.0
"""Log odds beyond say no more."""
_HARDLY_ANY = 0.02
"""Of print that is another: less is what noise brings about."""
_AGREEING = 200
"""Of print that agrees, the first half of a hundredth of the square says as much as each doubling after it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A verified hypothesis and how its picture compares with what the frame shows there."""

    evidence: Evidence
    likeness: Likeness

    def features(self) -> tuple[float, ...]:
        """As many as in Weights.against; a few units at most, each."""
        found, alike = self.evidence, self.likeness
        return (
            math.log1p(found.firm) / 3,
            math.log1p(found.inliers - found.firm) / 3,
            alike.structure,
            alike.colour,
            alike.off_colour / 20,
            math.log((found.firm + 0.5) / (found.expected + 5)),
            alike.core,
            alike.core_structure,
            alike.core_worst,
            math.log1p(_AGREEING * alike.agreeing) / 3,
        )

    def other_print(self) -> float:
        """Less than 0: the more of what is printed is another, the nearer to it. Between two candidates for a place it
        says nothing that a contest does not say better.
        """
        return math.log(self.likeness.other_print + _HARDLY_ANY)


def weights_of(category: str) -> Weights:
    """Those of a top-level category."""
    return WEIGHTS.get(category, WEIGHTS[""])


def margin(weights: Weights, first: Candidate, second: Candidate, contest: tuple[float, float]) -> float:
    """Log odds that the first of two candidates for one place is the right one, if one is; antisymmetric."""
    odds = weights.structure * contest[0] + weights.colour * contest[1]
    for weight, one, other in zip(weights.against, first.features(), second.features(), strict=True):
        odds += weight * (one - other)
    return min(max(odds, -3 * CERTAIN), 3 * CERTAIN)


def chance(scores: Sequence[float]) -> float:
    """That one of the candidates for a place is there, of which each excludes the others."""
    return min(1.0, sum(scores))


def probability(weights: Weights, candidate: Candidate, closest: float, distinct: float = INDISTINCT) -> float:
    """That this product is there. `closest`: its margin against the strongest rival, CERTAIN if there is none;
    `distinct`: the least of surface.distinct against all rivals.
    """
    constant, *alone = weights.alone
    odds = constant + weights.distinct * distinct - weights.close * math.log1p(math.exp(-min(closest, CERTAIN)))
    odds += weights.other_print * candidate.other_print()
    for weight, value in zip(alone, candidate.features(), strict=True):
        odds += weight * value
    return 1 / (1 + math.exp(-calibrated(weights, odds)))


def calibrated(weights: Weights, odds: float) -> float:
    """Log odds that come true: a line that bends upwards or downwards at each of BENDS."""
    inside = min(max(odds, -LARGEST), LARGEST)
    shift, slope, *more = weights.calibration
    return shift + slope * inside + sum(steeper * max(inside - at, 0) for steeper, at in zip(more, BENDS, strict=True))
