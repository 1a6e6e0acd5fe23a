"""Estimates the weights in functions/shoppable/matching/scores.py: logistic regressions with a ridge.

Learned from the photographs and from generated scenes of calibration seeds; a photograph is only ever judged by weights
that no photograph of its brand has taught.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.matching.samples import Sample
from functions.shoppable.matching.scores import CERTAIN

Doubles = NDArray[np.float64]

RIDGE: Final = 1.0
MISSING_WEIGHT: Final = 0.15
"""How often a look-alike of what is shown is in the catalogue while the product itself is not: an assumption."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """As in scores.py."""

    against: Doubles
    """Features' differences, then the two contests."""
    alone: Doubles
    """A constant, the features, how alike it is in what tells it apart, then what a close contest takes away."""

    def margins(self, sample: Sample) -> Doubles:
        """(candidates, candidates): log odds of the row's against the column's; CERTAIN on the diagonal."""
        features = features_of(sample)
        result = np.full((len(features), len(features)), CERTAIN)
        for (low, high), contest in sample.place.contests.items():
            odds = float(np.r_[features[low] - features[high], contest] @ self.against)
            result[low, high], result[high, low] = odds, -odds
        return np.clip(result, -3 * CERTAIN, 3 * CERTAIN)

    def scores(self, sample: Sample) -> Doubles:
        """Probability of each candidate."""
        return sigmoid(self.odds(sample))

    def odds(self, sample: Sample) -> Doubles:
        """Log odds of each candidate."""
        return _alone(sample, self.margins(sample).min(axis=1)) @ self.alone


def features_of(sample: Sample) -> Doubles:
    """(candidates, features)."""
    return np.array([candidate.features() for candidate in sample.place.candidates])


def sigmoid(odds: Doubles) -> Doubles:
    """Probability of log odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))


def fit(samples: Sequence[Sample]) -> Weights:
    """Weights from samples."""
    weight = {sample.source: MISSING_WEIGHT for sample in samples if sample.source.endswith("missing")}
    rows: list[Doubles] = []
    labels: list[float] = []
    counts: list[float] = []
    for sample in samples:
        features = features_of(sample)
        for (low, high), contest in sample.place.contests.items():
            if sample.right[low] != sample.right[high]:
                row = np.r_[features[low] - features[high], contest]
                for sign, label in ((1, sample.right[low]), (-1, sample.right[high])):
                    rows.append(sign * row)
                    labels.append(float(label))
                    counts.append(0.5 * weight.get(sample.source, 1.0))
    against = logistic(np.array(rows), np.array(labels), np.array(counts))
    found = Weights(against=against, alone=np.zeros(0))
    rows, labels, counts = [], [], []
    for sample in samples:
        closest = found.margins(sample).min(axis=1)
        best = int(closest.argmax())
        rows.append(_alone(sample, closest)[best])
        labels.append(float(sample.right[best]))
        counts.append(weight.get(sample.source, 1.0))
    return Weights(against=against, alone=logistic(np.array(rows), np.array(labels), np.array(counts), constant=True))


def _alone(sample: Sample, closest: Doubles) -> Doubles:
    features = features_of(sample)
    distinct = [sample.place.least_distinct(number) for number in range(len(features))]
    close = -np.log1p(np.exp(-np.minimum(closest, CERTAIN)))
    return np.column_stack([np.ones(len(features)), features, distinct, close])


def logistic(rows: Doubles, labels: Doubles, counts: Doubles, *, constant: bool = False) -> Doubles:
    """Weights of a logistic regression with a ridge (none on the first column if that is a constant), by Newton's
    method.
    """
    ridge = np.eye(rows.shape[1]) * RIDGE
    if constant:
        ridge[0, 0] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = sigmoid(rows @ weights)
        gradient = rows.T @ (counts * (chance - labels)) + ridge @ weights
        curvature = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights
