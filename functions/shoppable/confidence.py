"""How sure an appearance is: from what its few examined frames say to one probability.

Frames of one shot are not independent of each other: the same light, the same side, the same print. So a second
sighting adds little, and the weights are estimated from films (fitted_appearances.py; bench/matching/appearance_fit.py
finds and writes them) and not derived.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from functions.shoppable import fitted_appearances

WEAKEST = 0.02
"""What a frame counts as in which the product should have been seen and was not."""
_BEST = 2


class Features(NamedTuple):
    """What is known of an appearance; a fit finds one weight for each."""

    best: float
    """Mean log odds of the best two sightings."""
    sightings: float
    """Natural logarithm of how many examined frames show it."""
    missed: float
    """Share of the examined frames that should show it and do not."""
    unsteady: float
    """1 - the mean agreement of the paths of every two sightings in a row."""
    contest: float
    """log(1 + exp(odds of the strongest other product in its place - its own)); 0 without one."""


CONSTANT = fitted_appearances.CONSTANT
WEIGHTS = Features(*fitted_appearances.WEIGHTS)
APPROVE = fitted_appearances.APPROVE
"""Published without a person from this probability on, for an expected precision of at least 0.99."""
REVIEW = fitted_appearances.REVIEW
"""A person is asked from this probability on; what has less is dropped."""


def logit(score: float) -> float:
    """Log odds, of a score that is not quite 0 or 1."""
    inside = min(max(score, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def best_of(scores: Sequence[float]) -> float:
    """Mean log odds of the best two."""
    best = sorted(map(logit, scores), reverse=True)[:_BEST]
    return sum(best) / len(best)


def probability(features: Features) -> float:
    """That the product is there, of four decimals."""
    odds = CONSTANT + sum(weight * value for weight, value in zip(WEIGHTS, features, strict=True))
    return round(1 / (1 + math.exp(-min(max(odds, -30.0), 30.0))), 4)
