"""How far scores can be believed: what they promise against what comes true."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.matching.grid import OURS, Row, Threshold, drawn_anew

BINS: Final = 15
TAIL: Final = 0.025
"""On either side of an interval of 95 %."""
_RESAMPLED = 4_000

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Answers of about one score."""

    count: int
    promised: float
    """Their mean score."""
    right: float
    """Share of them."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Answers that scored enough, and how many of them are right."""

    count: int
    right: int

    @property
    def share(self) -> float:
        return self.right / self.count if self.count else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's, 95 %."""
        low = _solved(lambda chance: 1 - at_most(self.right - 1, self.count, chance), TAIL) if self.right else 0.0
        high = _solved(lambda chance: 1 - at_most(self.right, self.count, chance), 1 - TAIL)
        return low, high if self.right < self.count else 1.0


def answers_of(rows: Iterable[Row]) -> tuple[Doubles, NDArray[np.bool_]]:
    """Scores of all that ours said, and whether each is right."""
    pairs = [(answer.score, row.is_right(answer)) for row in rows for answer in row.answers.get(OURS, ())]
    return np.array([score for score, _ in pairs]), np.array([right for _, right in pairs], bool)


def best_of(rows: Iterable[Row]) -> tuple[Doubles, NDArray[np.bool_]]:
    """The same, of each picture's best answer alone."""
    chosen = [(row, max(row.answers[OURS], key=lambda one: one.score)) for row in rows if row.answers.get(OURS)]
    return np.array([answer.score for _, answer in chosen]), np.array([row.is_right(a) for row, a in chosen], bool)


def bins(scores: Doubles, right: NDArray[np.bool_], *, equal_mass: bool) -> list[Bin]:
    """`BINS` bins of equal width of score, or of equal numbers of answers; empty ones are left out."""
    order = np.argsort(scores, kind="stable")
    if equal_mass:
        groups = np.array_split(order, BINS)
    else:
        owner = np.minimum((scores * BINS).astype(int), BINS - 1)
        groups = [np.flatnonzero(owner == number) for number in range(BINS)]
    return [
        Bin(count=len(group), promised=float(scores[group].mean()), right=float(right[group].mean()))
        for group in groups
        if len(group)
    ]


def expected_error(found: Sequence[Bin]) -> float:
    """Expected calibration error: the mean distance of promise and truth, by answers."""
    total = sum(one.count for one in found)
    return sum(one.count * abs(one.promised - one.right) for one in found) / total if total else 0.0


def share_of_worlds(rows: Sequence[Row], threshold: Threshold) -> tuple[float, float]:
    """95 % interval of the share of approved answers that are right, worlds drawn anew."""
    seeds = sorted({row.seed for row in rows})
    found = [approved([row for row in rows if row.seed == seed], threshold) for seed in seeds]
    counts, right = (np.array([getattr(one, name) for one in found]) for name in ("count", "right"))
    drawn = drawn_anew(len(seeds), _RESAMPLED)
    low, high = np.quantile(drawn @ right / np.maximum(drawn @ counts, 1), (TAIL, 1 - TAIL)).tolist()
    return low, high


def approved(rows: Iterable[Row], threshold: Threshold) -> Said:
    """Answers that would be published without a person."""
    hits = [
        row.is_right(answer)
        for row in rows
        for answer in row.answers.get(OURS, ())
        if answer.score >= threshold(answer.category)
    ]
    return Said(count=len(hits), right=sum(hits))


def diagram(found: Sequence[Bin], title: str) -> str:
    """The reliability curve as an SVG: circles are bins, as large as what is in them."""
    side, edge = 320, 40
    total = max(1, sum(one.count for one in found))

    def place(share: float) -> float:
        return round(share * side, 1)

    circles = "".join(
        f'<circle cx="{edge + place(one.promised)}" cy="{edge + side - place(one.right)}" '
        f'r="{2.5 + 14 * math.sqrt(one.count / total):.1f}" fill="#2563eb" fill-opacity="0.55"/>'
        for one in found
    )
    ticks = "".join(
        f'<text x="{edge + place(tick)}" y="{edge + side + 16}" text-anchor="middle">{tick:g}</text>'
        f'<text x="{edge - 6}" y="{edge + side - place(tick) + 4}" text-anchor="end">{tick:g}</text>'
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side + 2 * edge} {side + 2 * edge}" '
        'font-family="sans-serif" font-size="11" fill="#334155">'
        f'<rect width="{side + 2 * edge}" height="{side + 2 * edge}" fill="#ffffff"/>'
        f'<text x="{edge}" y="{edge - 14}" font-size="13">{title}</text>'
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="#94a3b8"/>'
        f'<line x1="{edge}" y1="{edge + side}" x2="{edge + side}" y2="{edge}" stroke="#94a3b8" stroke-dasharray="4"/>'
        f"{ticks}{circles}"
        f'<text x="{edge + side / 2}" y="{edge + side + 32}" text-anchor="middle">score</text>'
        f'<text x="12" y="{edge + side / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {edge + side / 2})">share right</text></svg>\n'
    )


def at_most(successes: int, trials: int, chance: float) -> float:
    """The chance of no more than so many successes, each with `chance`: of a binomial distribution."""
    if successes < 0:
        return 0.0
    if successes >= trials:
        return 1.0
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(chance)
        + (trials - k) * math.log1p(-chance)
        for k in range(successes + 1)
    ]
    return min(1.0, sum(math.exp(value) for value in logs))


def _solved(rising: Callable[[float], float], value: float) -> float:
    low, high = 1e-9, 1 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2
