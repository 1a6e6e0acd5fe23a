"""Estimates the weights in functions/shoppable/matching/scores.py: logistic regressions with a ridge, and a calibrator.

Learned from the photographs and from generated scenes of calibration seeds; a photograph is only ever judged by weights
that no photograph of its brand has taught, a scene in the choice of thresholds by weights of the other seeds.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bench.matching.samples import Doubles, Sample
from functions.shoppable.matching.scores import CERTAIN, LARGEST

RIDGE: Final = 1.0
MISSING_LEARNED: Final = 0.15
"""Weight, while the features' weights are learned, of what is seen with the right product gone from the catalogue."""
MISSING_PRIOR: Final = 0.03
"""How often a look-alike of what is shown is in the catalogue while the product itself is not, in comparison with
products that are in it: an assumption. Scores and thresholds are for that share.
"""
OWN_WEIGHT: Final = 8.0
"""Of a photograph, where its category's own weights are learned; other weights count it as a scene."""
SCENES_SHARE: Final = 0.2
"""Of what photographs weigh together, what scenes do where a category's own weights are learned: they are cleaner than
any photograph, and only say what too few photographs leave open.
"""
PHOTOGRAPHED: Final = 30
"""Photographed products, found, from which on a category has weights of its own."""
BENDS: Final = (0.0, 2.0)
"""Log odds at which the calibration may bend."""
_OTHER_PRINT: Final = -2
"""Column of `_alone`. Categories with weights of their own do without it: the studio pictures of the photographed
groceries are 198 pixels long, words in them are a blur, and of 106 photographs two fewer are approved if it counts.
"""
_AS_IT_IS = np.array([0.0, 1.0, *(0.0 for _ in BENDS)])


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """As in scores.py."""

    against: Doubles
    """Features' differences, then the two contests."""
    alone: Doubles
    """A constant, the features, how alike it is in what tells it apart, how much of its print is another, then what a
    close contest takes away.
    """
    calibration: Doubles
    """A constant, a slope, then how much steeper it is from each of BENDS on."""

    def margins(self, sample: Sample) -> Doubles:
        """(candidates, candidates): log odds of the row's against the column's; CERTAIN on the diagonal."""
        features = sample.features
        result = np.full((len(features), len(features)), CERTAIN)
        for (low, high), contest in sample.place.contests.items():
            odds = float(np.r_[features[low] - features[high], contest] @ self.against)
            result[low, high], result[high, low] = odds, -odds
        return np.clip(result, -3 * CERTAIN, 3 * CERTAIN)

    def scores(self, sample: Sample) -> Doubles:
        """Probability of each candidate, as Place.scores gives it."""
        closest = self.margins(sample).min(axis=1)
        scores = sigmoid(_bent(_alone(sample, closest) @ self.alone) @ self.calibration)
        best = int(closest.argmax())
        others = np.arange(len(scores)) != best
        return np.where(others, np.minimum(scores, 1 - scores[best]), scores)


def sigmoid(odds: Doubles) -> Doubles:
    """Probability of log odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))


def categories_of(samples: Iterable[Sample]) -> list[str]:
    """Those that have weights of their own, and `""`, of all others."""
    found = Counter(one.place.category for one in samples if one.is_photograph and any(one.right))
    return ["", *sorted(category for category, count in found.items() if count >= PHOTOGRAPHED)]


def counts_of(samples: Sequence[Sample], category: str) -> Doubles:
    """How much each sample counts where weights of a category are learned."""
    counts = np.array([MISSING_LEARNED if sample.is_missing else 1.0 for sample in samples])
    if category:
        own = np.array([sample.is_photograph and category == sample.place.category for sample in samples])
        counts[own] *= OWN_WEIGHT
        counts[~own] *= SCENES_SHARE * counts[own].sum() / max(counts[~own].sum(), 1e-9)
    return counts


def fit(samples: Sequence[Sample], category: str = "") -> Learned:
    """Weights from samples, for a category."""
    weigh = counts_of(samples, category).tolist()
    rows: list[Doubles] = []
    labels: list[float] = []
    counts: list[float] = []
    for sample, weight in zip(samples, weigh, strict=True):
        features = sample.features
        for (low, high), contest in sample.place.contests.items():
            if sample.right[low] != sample.right[high]:
                row = np.r_[features[low] - features[high], contest]
                for sign, label in ((1, sample.right[low]), (-1, sample.right[high])):
                    rows.append(sign * row)
                    labels.append(float(label))
                    counts.append(0.5 * weight)
    against = logistic(np.array(rows), np.array(labels), np.array(counts))
    found = Learned(against=against, alone=np.zeros(0), calibration=_AS_IT_IS)
    rows, labels, counts = [], [], []
    for sample, weight in zip(samples, weigh, strict=True):
        closest = found.margins(sample).min(axis=1)
        best = int(closest.argmax())
        row = _alone(sample, closest)[best]
        if category:
            row[_OTHER_PRINT] = 0
        rows.append(row)
        labels.append(float(sample.right[best]))
        counts.append(weight)
    alone = logistic(np.array(rows), np.array(labels), np.array(counts), constant=True)
    return Learned(against=against, alone=alone, calibration=_AS_IT_IS)


def fit_calibrated(samples: Sequence[Sample], category: str = "") -> Learned:
    """The same, then calibrated so that odds of samples that did not teach them come true: Platt's (1999) line, with a
    bend at each of BENDS, since those that are hardly in doubt are more often right than a straight one has it.

    Folds are those of the samples: seeds, and brands of photographs. Each category is calibrated by what is scored by
    its weights.
    """
    categories = categories_of(samples)
    odds: list[float] = []
    labels: list[float] = []
    counts: list[float] = []
    for taught, judged in _folds(samples):
        weights = fit(taught, category)
        for sample in judged:
            if category == _weighed_as(sample, categories):
                closest = weights.margins(sample).min(axis=1)
                best = int(closest.argmax())
                odds.append(float(_alone(sample, closest)[best] @ weights.alone))
                labels.append(float(sample.right[best]))
                counts.append(MISSING_PRIOR if sample.is_missing else 1.0)
    calibration = logistic(_bent(np.array(odds)), np.array(labels), np.array(counts), constant=True, prior=_AS_IT_IS)
    return replace(fit(samples, category), calibration=calibration)


def fit_categories(samples: Sequence[Sample]) -> dict[str, Learned]:
    """Weights by category; `""`: of all that have none of their own."""
    return {category: fit_calibrated(samples, category) for category in categories_of(samples)}


def scores_of(weights: Mapping[str, Learned], sample: Sample) -> Doubles:
    """Probability of each candidate by the weights of its place's category."""
    return weights[_weighed_as(sample, weights)].scores(sample)


def unseen_scores(samples: Sequence[Sample]) -> list[tuple[Sample, Doubles]]:
    """Every sample with scores by weights that its fold has not taught."""
    return [
        (sample, scores_of(weights, sample))
        for taught, judged in _folds(samples)
        for weights in (fit_categories(taught),)
        for sample in judged
    ]


def _weighed_as(sample: Sample, categories: Container[str]) -> str:
    """The one of the categories with weights of their own by which a sample is scored, or `""`."""
    return sample.place.category if sample.place.category in categories else ""


def _folds(samples: Sequence[Sample], count: int = 6) -> list[tuple[list[Sample], list[Sample]]]:
    """(those that teach, those that are judged), some folds of the samples together."""
    names = sorted({sample.fold for sample in samples})
    group = {name: number % min(count, len(names)) for number, name in enumerate(names)}
    return [
        ([s for s in samples if group[s.fold] != number], [s for s in samples if group[s.fold] == number])
        for number in sorted(set(group.values()))
    ]


def _bent(odds: Doubles) -> Doubles:
    inside = np.clip(odds, -LARGEST, LARGEST)
    return np.column_stack([np.ones(len(inside)), inside, *(np.maximum(inside - at, 0) for at in BENDS)])


def _alone(sample: Sample, closest: Doubles) -> Doubles:
    close = -np.log1p(np.exp(-np.minimum(closest, CERTAIN)))
    return np.column_stack([np.ones(len(closest)), sample.features, sample.distinct, sample.other_print, close])


def logistic(
    rows: Doubles, labels: Doubles, counts: Doubles, *, constant: bool = False, prior: Doubles | None = None
) -> Doubles:
    """Weights of a logistic regression with a ridge (none on the first column if that is a constant), by Newton's
    method. The ridge pulls towards `prior`, if there is one, else towards 0.
    """
    ridge = np.eye(rows.shape[1]) * RIDGE
    if constant:
        ridge[0, 0] = 1e-6
    pulled_to = np.zeros(rows.shape[1]) if prior is None else prior
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = sigmoid(rows @ weights)
        gradient = rows.T @ (counts * (chance - labels)) + ridge @ (weights - pulled_to)
        curvature = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights
