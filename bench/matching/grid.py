"""Ours and the plain peers over the whole grid of difficulty, scene by scene, the same pictures for all."""

import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

import demo
from bench.matching import peers, scenes
from bench.matching.catalogues import Catalogue, catalogue_of
from bench.matching.memory import remembered
from bench.matching.scenes import CELLS, MIDDLE, Scene, World
from bench.matching.sheet import Failure
from functions.shoppable.image import Image
from functions.shoppable.paths import box_iou

OURS: Final = "ours"
SIFT: Final = "SIFT, FLANN, RANSAC"
ORB: Final = "ORB bag of words"
ENGINES: Final = (OURS, SIFT, ORB)
OPEN_SET: Final = ("unknown", "look-alike missing")
"""Cells in which nothing may be found of what is shown."""
_SAME = 0.3
"""Intersection over union from which on an answer is about the product that is shown."""
_RESAMPLED = 1_000
DRAWING: Final = (str(scenes.__file__), *sorted(str(path) for path in Path(str(demo.__file__)).parent.glob("*.py")))
"""The sources that a drawn scene depends on."""

Box = tuple[float, float, float, float]
Threshold = Callable[[str], float]
"""By top-level category."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A product that an engine named. `score`: a probability; of peers, inliers."""

    product: str
    category: str
    score: float
    box: Box


@dataclass(frozen=True, kw_only=True)
class Row:
    """A scene and what was said of it."""

    seed: int
    cell: str
    number: int
    product: str
    category: str
    known: bool
    textured: bool
    box: Box
    answers: dict[str, tuple[Answer, ...]]
    """By engine; an engine that was not asked is not in it."""
    seconds: dict[str, float]
    """Of processor time."""

    def is_right(self, answer: Answer) -> bool:
        """Whether this product is there and the catalogue has it."""
        return self.known and answer.product == self.product and box_iou(answer.box, self.box) >= _SAME


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Of one engine over some scenes."""

    scenes: int
    shown: int
    """Products of the catalogue."""
    said: int
    right: int
    overlaps: tuple[float, ...]
    """Of boxes of what was found."""
    milliseconds: float

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.shown if self.shown else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.said + self.shown) if self.said + self.shown else 1.0

    @property
    def box_iou(self) -> float:
        return float(np.mean(self.overlaps)) if self.overlaps else float("nan")


@dataclass(eq=False)
class Shop:
    """Everything that answers about the scenes of one seed."""

    world: World
    ours: Catalogue
    short: Catalogue
    """Without one of each line's flavours."""
    sift: "peers.SiftPeer | None"
    orb: "peers.OrbPeer | None"

    def ask(self, scene: Scene, engines: Collection[str]) -> Row:
        """Every engine about one scene."""
        short = scene.cell == "look-alike missing"
        catalogue = self.short if short else self.ours
        without = self.world.absent if short else frozenset[str]()
        answers: dict[str, tuple[Answer, ...]] = {}
        seconds: dict[str, float] = {}
        for engine in engines:
            began = time.process_time()
            if engine == OURS:
                found = [one.match for one in catalogue.matcher.match(scene.image)]
                said = tuple(
                    Answer(product=catalogue.name(m.product_id), category=m.category, score=m.score, box=m.box)
                    for m in found
                )
            else:
                peer = self.sift if engine == SIFT else self.orb
                seen = peer.match(scene.image, without) if peer else []
                said = tuple(Answer(product=s.product, category="", score=s.inliers, box=s.box) for s in seen)
            answers[engine] = said
            seconds[engine] = time.process_time() - began
        number = {name: product for product, name in self.ours.names.items()}.get(scene.product)
        return Row(
            seed=self.world.seed, cell=scene.cell, number=scene.number, product=scene.product, category=scene.category,
            known=scene.known, textured=number not in self.ours.index.manifest.untextured, box=scene.box,
            answers=answers, seconds=seconds,
        )  # fmt: skip


def open_shop(seed: int, *, with_peers: bool) -> Shop:
    """The shop of a seed."""
    cv2.setNumThreads(1)
    world = World(seed)

    def drawn() -> list[tuple[str, Image]]:
        return list(world.pictures())

    pictures = remembered(drawn, ("pictures", seed), DRAWING)
    categories = {article.feed_id: article.category.split(" >")[0] for article in (*world.articles, *world.plains)}
    ours = catalogue_of(pictures, categories=categories)
    return Shop(
        world=world,
        ours=ours,
        short=ours.without(world.absent),
        sift=peers.SiftPeer(pictures, flann=True) if with_peers else None,
        orb=peers.OrbPeer(pictures) if with_peers else None,
    )


def scene_of(world: World, cell: str, number: int) -> Scene:
    """Drawn, or remembered."""
    return remembered(partial(world.scene, cell, number), ("scene", world.seed, cell, number), DRAWING)


def ask_seed(seed: int, each: int, of_peers: int, cells: Sequence[str] = tuple(CELLS)) -> list[Row]:
    """`each` scenes of each cell; the peers are asked about the first `of_peers` of them."""
    shop = open_shop(seed, with_peers=of_peers > 0)
    rows: list[Row] = []
    for cell in cells:
        for number in range(each):
            scene = scene_of(shop.world, cell, number)
            if number >= of_peers:
                rows.append(shop.ask(scene, [OURS]))
                continue
            ours = shop.ask(scene, [OURS])
            theirs = remembered(
                partial(shop.ask, scene, [SIFT, ORB]),
                ("peers", seed, cell, number),
                (*DRAWING, str(peers.__file__)),
            )
            rows.append(replace(ours, answers=ours.answers | theirs.answers, seconds=ours.seconds | theirs.seconds))
    return rows


def ask(seeds: Sequence[int], each: int, of_peers: int) -> list[Row]:
    """Over two processes, a seed at a time."""
    rows: list[Row] = []
    began = time.monotonic()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(ask_seed, seed, each, of_peers) for seed in seeds]
        for done, job in enumerate(as_completed(jobs), 1):
            rows += job.result()
            print(f"  grid: {done} of {len(jobs)} seeds, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return sorted(rows, key=lambda row: (row.seed, list(CELLS).index(row.cell), row.number))


def tally(rows: Iterable[Row], engine: str, threshold: Threshold) -> Tally:
    """Answers from the threshold on."""
    asked = [row for row in rows if engine in row.answers]
    said, right = 0, 0
    overlaps: list[float] = []
    for row in asked:
        chosen = [answer for answer in row.answers[engine] if answer.score >= threshold(answer.category)]
        hits = [box_iou(answer.box, row.box) for answer in chosen if row.is_right(answer)]
        said += len(chosen)
        right += bool(hits)
        overlaps += hits[:1]
    return Tally(
        scenes=len(asked),
        shown=sum(row.known for row in asked),
        said=said,
        right=right,
        overlaps=tuple(overlaps),
        milliseconds=1000 * float(np.mean([row.seconds[engine] for row in asked])) if asked else float("nan"),
    )


def confusion(rows: Iterable[Row], engine: str, threshold: Threshold) -> tuple[int, int]:
    """(answers that name another flavour of what is shown, all answers about products that have flavours)."""
    wrong, every = 0, 0
    for row in rows:
        line = row.product.rsplit("-", 1)[0]
        for answer in row.answers.get(engine, ()):
            if answer.score >= threshold(answer.category) and answer.product.rsplit("-", 1)[0] == line:
                every += 1
                wrong += answer.product != row.product
    return wrong, every


def table(rows: Sequence[Row], thresholds: dict[str, Threshold]) -> list[str]:
    """A line per cell: precision, recall, F1, box IoU and milliseconds of every engine."""
    head = f"{'':20}" + "".join(f"| {name:^33} " for name in thresholds)
    kinds = f"{'cell':20}" + f"| {'n':>4} {'P':>5} {'R':>5} {'F1':>5} {'IoU':>5} {'ms':>5} " * len(thresholds)
    lines = [head, kinds]
    for cell in (*CELLS, "all"):
        chosen = [row for row in rows if cell in {row.cell, "all"}]
        line = f"{cell:20}"
        for name, threshold in thresholds.items():
            found = tally(chosen, name.split(" ≥")[0], threshold)
            ratios = [found.precision, found.recall, found.f1, found.box_iou]
            if not found.shown:
                ratios[1:] = [float("nan")] * 3
            texts = " ".join("    –" if np.isnan(value) else f"{value:5.3f}" for value in ratios)
            line += f"| {found.scenes:4} {texts} {found.milliseconds:5.0f} "
        lines.append(line)
    return lines


def middle(rows: Iterable[Row]) -> list[Row]:
    """Textured products in the middle of the grid."""
    return [row for row in rows if row.cell in MIDDLE and row.textured]


def best_threshold(rows: Sequence[Row], engine: str) -> float:
    """The one with the best F1 (of equals, the highest) on what the engine was asked, on average over worlds drawn
    anew: near its best F1 is so flat that a scene or two decide where exactly that is.
    """
    asked = [row for row in rows if engine in row.answers]
    scores = sorted({answer.score for row in asked for answer in row.answers[engine]}, reverse=True)
    if not scores:
        return 0.0
    steps = scores[:: max(1, len(scores) // 200)]
    worlds = sorted({row.seed for row in asked})
    tallies = [[tally([r for r in asked if r.seed == seed], engine, fixed(step)) for step in steps] for seed in worlds]
    right = np.array([[one.right for one in of_world] for of_world in tallies])
    every = np.array([[one.said + one.shown for one in of_world] for of_world in tallies])
    drawn = drawn_anew(len(worlds), _RESAMPLED)
    best = (drawn @ right / np.maximum(drawn @ every, 1)).argmax(axis=1)
    return float(np.array(steps)[best].mean())


def drawn_anew(worlds: int, times: int) -> NDArray[np.int64]:
    """(times, worlds): how often each world is drawn when as many as there are are drawn with replacement. A product of
    a world shows up in many of its scenes, so scenes are not independent.
    """
    return np.random.default_rng(1).multinomial(worlds, np.full(worlds, 1 / worlds), times)


def fixed(score: float) -> Threshold:
    """The same for every category."""
    return lambda _: score


def failures(rows: Iterable[Row], threshold: Threshold) -> list[Failure]:
    """What ours said wrongly, the surest first; then what it missed in the middle of the grid."""
    worlds: dict[int, World] = {}

    def drawn(row: Row) -> Image:
        return scene_of(worlds.setdefault(row.seed, World(row.seed)), row.cell, row.number).image

    wrong: list[tuple[float, Failure]] = []
    missed: list[tuple[float, Failure]] = []
    for row in rows:
        answers = row.answers[OURS]
        where = f"seed {row.seed}, {row.cell}, {row.number}"
        shown = row.product if row.known else f"{row.product} (not sold)"
        for answer in answers:
            if answer.score >= threshold(answer.category) and not row.is_right(answer):
                text = f"WRONG {answer.product} {answer.score:.3f}; there: {shown}"
                failure = Failure(
                    draw=partial(drawn, row), lines=(where, text), truth=row.box, said=answer.box,
                    reference=f"{row.seed}/{answer.product}",
                )  # fmt: skip
                wrong.append((-answer.score, failure))
        right = max((answer.score for answer in answers if row.is_right(answer)), default=0.0)
        if row.known and row.cell in MIDDLE and right < threshold(row.category):
            text = f"MISSED {shown} {right:.3f}"
            failure = Failure(
                draw=partial(drawn, row),
                lines=(where, text),
                truth=row.box,
                said=None,
                reference=f"{row.seed}/{row.product}",
            )
            missed.append((right, failure))
    return [failure for _, failure in (*sorted(wrong, key=lambda one: one[0]), *sorted(missed, key=lambda one: one[0]))]
