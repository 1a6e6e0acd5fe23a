"""Real photographs beside a plain peer, in the same run: as delivered, and in folds by brand."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import cv2

from bench.matching.fit import fit_categories, scores_of, unseen_scores
from bench.matching.fitting import bands
from bench.matching.peers import SiftPeer
from bench.matching.photographs import NEIGHBOURS, Photograph, photographs, studio_pictures
from bench.matching.samples import GROCERIES_CATEGORY, Sample, groceries, photograph_samples, scene_samples
from functions.shoppable.matching.scores import chance
from functions.shoppable.matching.thresholds import approve_from, review_from

TAUGHT: Final = (100, 101, 102, 103)
"""Calibration seeds whose scenes, one per cell, teach the folds' weights beside the other brands' photographs."""
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
_PEER_INLIERS = 10
_LEAST_MAPPED = 4
"""Points that a homography needs."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said of one photograph: (product, score), the best first."""

    photograph: str
    product: str
    said: tuple[tuple[str, float], ...]

    def is_right(self, least: float) -> bool:
        """Whether the subject is among what scores at least so much."""
        return any(name == self.product and score >= least for name, score in self.said)

    def wrong(self, least: float, *, strictly: bool) -> bool:
        """Whether anything else is; `strictly`: what stands beside the subject counts too."""
        return any(
            name != self.product and score >= least and (strictly or (self.photograph, name) not in NEIGHBOURS)
            for name, score in self.said
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Half:
    """A share of the photographs."""

    ours: tuple[Answer, ...]
    theirs: tuple[Answer, ...]
    seconds: tuple[float, float]
    """Ours and the peer's."""
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Photographs."""

    right: int
    """Approved."""
    wrong: int


@dataclass(frozen=True, kw_only=True)
class Folds:
    """Every photograph judged by weights and thresholds that no photograph of its brand has taught."""

    answers: tuple[Answer, ...]
    counts: Counts
    offered: frozenset[str]
    """Photographs whose product is approved, or one of those among which a person is asked to choose."""
    by_score: int
    """Of these, those in which it scores enough by itself."""
    asked: tuple[int, int]
    """Places that a person is asked about, and those of them that show one of what is named there."""
    thresholds: tuple[float, float]
    """The lowest and the highest from which on was approved."""
    missing: tuple[int, int]
    """Of places in which the right product was found and then taken from the catalogue: approved, all."""


def half(number: int, of: int) -> Half:
    """Every `of`th photograph from the `number`th on: ours, the peer's and what folds need."""
    catalogue = groceries()
    peer = SiftPeer(studio_pictures(), least=_PEER_INLIERS, robust=cv2.USAC_MAGSAC, checked=False)
    scenes = list(photographs())[number::of]
    ours: list[Answer] = []
    theirs: list[Answer] = []
    spent = [0.0, 0.0]
    for scene in scenes:
        began = time.process_time()
        found = [one.match for one in catalogue.matcher.match(scene.image)]
        between = time.process_time()
        others = peer.match(scene.image)
        spent[0] += between - began
        spent[1] += time.process_time() - between
        ours.append(_answer(scene, [(catalogue.name(match.product_id), match.score) for match in found]))
        # The peer names one product a photograph: it has no way to tell a neighbour from a look-alike.
        theirs.append(_answer(scene, [(one.product, float(one.inliers)) for one in others[:1]]))
    samples = tuple(photograph_samples(scenes))
    return Half(ours=tuple(ours), theirs=tuple(theirs), seconds=(spent[0], spent[1]), samples=samples)


def taught(seed: int) -> list[Sample]:
    """One scene per cell."""
    return list(scene_samples(seed, 1))


def folds(generated: Sequence[Sample], halves: Sequence[Half]) -> Folds:
    """`generated`: of calibration seeds."""
    real = [sample for part in halves for sample in part.samples]
    said: dict[str, list[tuple[str, float]]] = {answer.photograph: [] for part in halves for answer in part.ours}
    from_scores: dict[str, tuple[float, float]] = {}
    among: set[str] = set()
    asked: list[bool] = []
    approved_missing, all_missing = 0, 0
    for brand in sorted({sample.fold for sample in real}):
        others = [*generated, *(sample for sample in real if sample.fold != brand)]
        weights = fit_categories(others)
        found = bands(unseen_scores(others))
        approve, review = found.get(GROCERIES_CATEGORY, found[""])
        for sample in (one for one in real if one.fold == brand):
            scores = scores_of(weights, sample).tolist()
            if sample.is_missing:
                all_missing += 1
                approved_missing += max(scores) >= approve
            else:
                said[sample.picture] += zip(sample.products, scores, strict=True)
                if max(scores) < approve and chance(scores) >= review:
                    asked.append(any(sample.right))
                    if asked[-1]:
                        among.add(sample.picture)
        from_scores[brand] = (approve, review)
    answers = tuple(
        Answer(photograph=name, product=name.split("/")[0], said=tuple(sorted(found, key=lambda one: -one[1])))
        for name, found in sorted(said.items())
    )
    alone = frozenset(one.photograph for one in answers if one.is_right(_of_brand(from_scores, one)[1]))
    return Folds(
        answers=answers,
        counts=Counts(
            right=sum(one.is_right(_of_brand(from_scores, one)[0]) for one in answers),
            wrong=sum(one.wrong(_of_brand(from_scores, one)[0], strictly=False) for one in answers),
        ),
        offered=alone | among,
        by_score=len(alone),
        asked=(len(asked), sum(asked)),
        thresholds=(min(one for one, _ in from_scores.values()), max(one for one, _ in from_scores.values())),
        missing=(approved_missing, all_missing),
    )


def _of_brand(found: dict[str, tuple[float, float]], answer: Answer) -> tuple[float, float]:
    return found.get(answer.product.split("-")[0], (1.1, 1.1))


def not_offered(offered: Collection[str]) -> list[str]:
    """What there is to find in photographs whose product is not offered: of all points of both pictures, those that one
    map explains, every product tried. As Markdown.
    """
    peer = SiftPeer(studio_pictures(), least=_LEAST_MAPPED, robust=cv2.USAC_MAGSAC)
    rows: list[str] = []
    for scene in photographs():
        if scene.name not in offered:
            counts = {one.product: one.inliers for one in peer.located(scene.image)}
            right = counts.pop(scene.product, 0)
            rows.append(f"| {scene.name} | {right} | {max(counts.values(), default=0)} |")
    return ["| not offered | points of its product | most of any other |", "|---|---|---|", *rows]


def spent(halves: Sequence[Half]) -> tuple[float, float]:
    """Seconds per photograph: ours, the peer's."""
    count = sum(len(part.ours) for part in halves)
    return sum(part.seconds[0] for part in halves) / count, sum(part.seconds[1] for part in halves) / count


def lines(halves: Sequence[Half], found: Folds) -> list[str]:
    """The table, as Markdown."""
    ours = [answer for part in halves for answer in part.ours]
    theirs = [answer for part in halves for answer in part.theirs]
    mine, peer = spent(halves)
    approve, review = approve_from(GROCERIES_CATEGORY), review_from(GROCERIES_CATEGORY)
    low, high = found.thresholds
    head = (
        f"{len(ours)} photographs, {len({answer.product for answer in ours})} products. Wrong: something is named that "
        "is neither the subject nor stands beside it; in brackets, neighbours counted as well."
    )
    questions, answerable = found.asked
    chosen = f"approved (≥ {low} to {high}, chosen in each fold)"
    notes = (
        "As delivered, weights have seen these photographs; in folds none of the brand taught weights or threshold. "
        f"With the right product taken from the catalogue, {found.missing[0]} of {found.missing[1]} places are "
        "approved as another one. A person is asked "
        f"about {questions} places; {answerable} show one of what is named there."
    )
    return [
        head,
        "",
        "| | right | wrong |",
        "|---|---|---|",
        _row(f"plain peer, {_PEER_INLIERS} inliers", theirs, _PEER_INLIERS),
        _row(f"ours as delivered, approved (≥ {approve})", ours, approve),
        _row(f"ours as delivered, offered (≥ {review})", ours, review),
        *(_row(f"ours in folds, score ≥ {least}", found.answers, least) for least in _LEVELS),
        f"| **ours in folds, {chosen}** | {found.counts.right} | {found.counts.wrong} |",
        f"| ours in folds, offered by its own score | {found.by_score} | |",
        f"| **ours in folds, offered, also as one of those that claim a place** | {len(found.offered)} | |",
        "",
        notes,
        f"Time per photograph: ours {1000 * mine:.0f} ms, peer {1000 * peer:.0f} ms.",
    ]


def _row(title: str, answers: Sequence[Answer], least: float) -> str:
    right = sum(answer.is_right(least) for answer in answers)
    wrong = sum(answer.wrong(least, strictly=False) for answer in answers)
    return f"| {title} | {right} | {wrong} ({sum(answer.wrong(least, strictly=True) for answer in answers)}) |"


def _answer(scene: Photograph, said: list[tuple[str, float]]) -> Answer:
    return Answer(photograph=scene.name, product=scene.product, said=tuple(said))
