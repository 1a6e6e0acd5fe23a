"""`python -m bench.matching.appearance_fit`: weights and thresholds of appearances, from films of calibration seeds.

Writes functions/shoppable/fitted_appearances.py. Every film is examined three times, as the pipeline does it: among
many products with the shop that it shows; with a random half of that shop taken away while look-alikes stay; and in a
catalogue that has nothing of it. Nothing here looks at a held-out seed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import numpy as np

from bench.matching import films
from bench.matching.fit import MISSING_LEARNED, MISSING_PRIOR, Doubles, logistic, sigmoid
from bench.matching.fitting import CALIBRATION, REVIEW, approve_from, seeds_of
from bench.matching.jobs import two_processes
from bench.matching.sampling_films import drawn
from bench.matching.scale_catalogue import drawn as drawn_products
from bench.matching.scale_catalogue import save
from bench.matching.scenes import World
from demo.score import box_at, box_iou, temporal_iou
from functions.shoppable import fitted_appearances
from functions.shoppable.appearances import LinkedAppearance, link
from functions.shoppable.confidence import Features
from functions.shoppable.matching.thresholds import review_from

FITTED: Final = Path(str(fitted_appearances.__file__))
STRANGERS: Final = 1.0
"""As much film that shows nothing of what is sold as film that does: an assumption."""
PRIOR: Final = Features(best=1.0, sightings=0.3, missed=-1.5, unsteady=-1.0, contest=-1.0)
"""What is assumed where films say little: most of what is there is seen in every frame that should show it.
None may count the other way round.
"""
KINDS: Final = ("brief", "takes")
Source = Literal["shown", "missing", "strangers"]
_HALF: Final = 0.5
_POOL_SEED: Final = 100
"""Not the one by whose products strangers are judged."""
_POOL: Final = 150
_PRODUCTS: Final[dict[Source, int]] = {"shown": 3_000, "missing": 1_000, "strangers": 10_000}
"""In the catalogues. Strangers are taken for something the oftener the more there is to take them for."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An appearance, with the truth."""

    seed: int
    source: Source
    features: Features
    right: bool
    doubtful: bool
    """Whether its best frame is, as a picture, one that a person is asked about."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is known of a film."""

    told: tuple[Told, ...]
    seconds: float
    expected: int
    """Appearances that the film has, of products that its shop sells."""


def labelled(film: films.Film, found: Sequence[LinkedAppearance], name: Callable[[str], str]) -> Iterator[bool | None]:
    """Whether each shows its product; None where that is neither right nor wrong: it is glimpsed there, or it is part
    of a longer appearance.
    """
    for one in found:
        product = name(one.product_id)
        known = [t for t in film.truth["appearances"] if t["product_id"] == product and _is_there(t, one)]
        glimpsed = any(
            t["product_id"] == product and t["start_ms"] < one.end_ms and one.start_ms < t["end_ms"]
            for t in film.truth["glimpses"]
        )
        spans = [temporal_iou((t["start_ms"], t["end_ms"]), (one.start_ms, one.end_ms)) for t in known]
        yield True if max(spans, default=0.0) >= _HALF else None if known or glimpsed else False


def _is_there(truth: dict[str, Any], found: LinkedAppearance) -> bool:
    start, end = max(truth["start_ms"], found.start_ms), min(truth["end_ms"], found.end_ms)
    if end <= start:
        return False
    times = [start + (end - start) * k / 4 for k in range(5)]
    return sum(box_iou(box_at(truth["boxes"], ms), box_at(found.boxes, ms)) for ms in times) / len(times) > 0.3


def half_of(seed: int) -> frozenset[str]:
    """Names, `seed/feed id`, of a random half of a shop's products."""
    every = sorted(f"{seed}/{article.feed_id}" for article in World(seed).articles)
    return frozenset(every[int(k)] for k in np.random.default_rng((seed, 83)).permutation(len(every))[::2])


def watch(folder: Path, kind: str, seed: int) -> Watched:
    """`folder` holds the film and the catalogues."""
    film = films.prepared(drawn(kind, seed, folder / "films"))
    told: list[Told] = []
    catalogues: dict[Source, str] = {"shown": "films", "missing": f"half-{seed}", "strangers": "strangers"}
    for source, what in catalogues.items():
        catalogue = films.catalogue_at(folder, what).of_shop(f"{seed}/")
        found = link(
            films.examined(film, lambda frame, views, of=catalogue: of.matcher.match(frame.image, views)), film.shots
        )
        told += [
            Told(
                seed=seed,
                source=source,
                features=one.features,
                right=right,
                doubtful=one.chance >= review_from(one.category),
            )
            for one, right in zip(found, labelled(film, found, catalogue.name), strict=True)
            # What is there is counted once: with the whole shop.
            if right is not None and not (right and source == "missing")
        ]
    return Watched(told=tuple(told), seconds=film.seconds, expected=len(film.truth["appearances"]))


def weight_of(one: Told, missing: float) -> float:
    """How much an appearance counts."""
    return {"shown": 1.0, "missing": missing / _HALF, "strangers": STRANGERS}[one.source]


def rows_of(told: Sequence[Told]) -> Doubles:
    """(N, 1 + features): a constant before them."""
    return np.column_stack([np.ones(len(told)), np.array([one.features for one in told], np.float64)])


def fit(told: Sequence[Told]) -> Doubles:
    """A constant, then one weight per feature; 0 for what would count the wrong way round: second looks are taken where
    there is doubt, so that by itself what was seen often would seem the less likely.
    """
    rows, labels = rows_of(told), np.array([float(one.right) for one in told])
    counts = np.array([weight_of(one, MISSING_LEARNED) for one in told])
    prior = np.array([0.0, *PRIOR])
    kept = np.ones(len(prior), np.bool_)
    while True:
        weights = np.zeros(len(prior))
        weights[kept] = logistic(rows[:, kept], labels, counts, constant=True, prior=prior[kept])
        if (prior * weights >= 0).all():
            return weights
        kept[int((np.sign(prior) * weights).argmin())] = False


def fit_calibrated(told: Sequence[Told]) -> Doubles:
    """The same, moved and stretched so that the odds of films that did not teach them come true (Platt, 1999)."""
    judged = [one for _, group in _folds(told) for one in group]
    odds = np.concatenate([rows_of(group) @ fit(taught) for taught, group in _folds(told)])
    labels = np.array([float(one.right) for one in judged])
    counts = np.array([weight_of(one, MISSING_PRIOR) for one in judged])
    shift, slope = logistic(np.column_stack([np.ones(len(odds)), odds]), labels, counts, constant=True)
    weights = slope * fit(told)
    weights[0] += shift
    return weights


def unseen_scores(told: Sequence[Told]) -> list[tuple[Told, float]]:
    """Every appearance with a score by weights that its seed has not taught."""
    return [
        (one, float(score))
        for taught, group in _folds(told)
        for one, score in zip(group, sigmoid(rows_of(group) @ fit_calibrated(taught)), strict=True)
    ]


def _folds(told: Sequence[Told]) -> list[tuple[list[Told], list[Told]]]:
    """(those that teach, those that are judged), by seed."""
    return [
        ([one for one in told if one.seed != seed], [one for one in told if one.seed == seed])
        for seed in sorted({one.seed for one in told})
    ]


def threshold(judged: Sequence[tuple[Told, float]]) -> float:
    """Approved from this score on, as matches are."""
    return approve_from((score, one.right, weight_of(one, MISSING_PRIOR)) for one, score in judged)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the threshold lets through, of films whose seed has not taught the weights."""

    right: int
    expected: int
    wrong: int
    missing: int
    """Look-alikes approved in place of what the shop does not sell."""
    alarms: int
    """Approved in films that show nothing of what is sold."""
    asked: dict[str, tuple[int, int]]
    """What is not approved but asked about: all, right."""
    minutes: float

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        return (
            f"  right: {self.right} of {self.expected}; wrong: {self.wrong}",
            f"  look-alikes of what half a shop does not sell: {self.missing}",
            f"  among strangers: {self.alarms} in {self.minutes:.1f} minutes",
            f"  asked about: {'; '.join(f'{one}: {n}, {right} right' for one, (n, right) in self.asked.items())}",
        )


def measured(judged: Sequence[tuple[Told, float]], watched: Sequence[Watched], approve: float) -> Measured:
    """At a threshold."""
    said = [one for one, score in judged if score >= approve]
    asked = [one for one, score in judged if score < approve and (score >= REVIEW or one.doubtful)]
    of_source = {source: [one.right for one in asked if one.source == source] for source in _PRODUCTS}
    return Measured(
        right=sum(one.right for one in said),
        expected=sum(film.expected for film in watched),
        wrong=sum(not one.right and one.source == "shown" for one in said),
        missing=sum(one.source == "missing" for one in said),
        alarms=sum(one.source == "strangers" for one in said),
        asked={source: (len(right), sum(right)) for source, right in of_source.items()},
        minutes=sum(film.seconds for film in watched) / 60,
    )


def write(weights: Doubles, approve: float, taught: str) -> str:
    """The text of fitted_appearances.py."""
    constant, *named = (round(float(value), 3) for value in weights)
    return f'''"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From {taught}.
"""

CONSTANT = {constant}
WEIGHTS = {tuple(named)}
"""One per field of confidence.Features."""
APPROVE, REVIEW = {approve}, {min(REVIEW, approve)}
"""Approved from; a person is asked from."""
'''


def watched_films(folder: Path, seeds: Sequence[int]) -> list[Watched]:
    """Draws and examines everything, over two processes."""
    with two_processes() as jobs:
        ask = jobs.ask
        first: list[Future[Any]] = [ask("products of other kinds", _write_pool, folder)]
        first += [ask(f"shop {seed}", films.shop_of, folder, seed) for seed in seeds]
        drawings = [ask(f"film {kind}-{seed}", drawn, kind, seed, folder / "films") for seed in seeds for kind in KINDS]
        for job in first:
            job.result()
        catalogue = films.write_catalogue
        shops = [
            ask("catalogue of strangers", catalogue, folder, "strangers", (), _PRODUCTS["strangers"]),
            ask("catalogue of shops", catalogue, folder, "films", seeds, _PRODUCTS["shown"]),
        ]
        shops += [
            ask(f"half of shop {seed}", catalogue, folder, f"half-{seed}", (seed,), _PRODUCTS["missing"],
                left_out=half_of(seed))
            for seed in seeds
        ]  # fmt: skip
        for job in (*drawings, *shops):
            job.result()
        watching = [ask(f"{kind}-{seed}, examined", watch, folder, kind, seed) for seed in seeds for kind in KINDS]
        return [job.result() for job in watching]


def _write_pool(folder: Path) -> None:
    save(folder / "pool.pickle", drawn_products(_POOL_SEED, 0, _POOL))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seeds", type=seeds_of, default=seeds_of("100-103"), help="calibration: 100 to 149; at least 3"
    )
    given = parser.parse_args()
    seeds: tuple[int, ...] = given.seeds
    if len(seeds) < 3 or not set(seeds) <= set(CALIBRATION):
        parser.error("weights and thresholds are learned on seeds 100 to 149 only, and on three of them at least")
    with TemporaryDirectory(prefix="bench-appearances-") as name:
        watched = watched_films(Path(name), seeds)
    told = [one for film in watched for one in film.told]
    judged = unseen_scores(told)
    approve = threshold(judged)
    if approve >= 1:
        sys.exit("no threshold gives the precision that is wanted")
    result = measured(judged, watched, approve)
    taught = f"{result.minutes:.1f} minutes of film of seeds {min(seeds)} to {max(seeds)}, {len(told)} appearances"
    FITTED.write_text(write(fit_calibrated(told), approve, taught), encoding="utf-8")
    print(FITTED.read_text(encoding="utf-8"))
    print(f"Approved from {approve} on, in folds by seed:", *result.lines, sep="\n")


if __name__ == "__main__":
    main()
