"""Whole films through the domain code of the pipeline: no cloud, no store.

Cut films are the demo's; in long takes products come and go before one camera. A film's products are sought among many
that nobody looks for, as the pipeline does it and, for comparison, at one frame a second by the same engine; then in a
catalogue that has none of them, where whatever is published is a false alarm.
"""

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import cv2
import numpy as np

from bench.matching.catalogues import SHOP, Catalogue, entry_of, opened
from bench.matching.sampling_films import Drawn, drawn
from bench.matching.scale_catalogue import Mixed, Pool, load, save
from bench.matching.scenes import World
from bench.matching.sheet import Failure
from demo.score import Score, score
from demo.script import FRAME_RATE
from demo.truth import describe
from functions.contracts import ids
from functions.contracts.analysis import Appearance, Shot
from functions.shoppable.appearances import judge, link
from functions.shoppable.decode import open_video
from functions.shoppable.frames import SampledFrame, sample_frames
from functions.shoppable.image import Image
from functions.shoppable.looks import Look, examine
from functions.shoppable.matching.features import FRAME_SIDE, PRODUCT_FEATURES
from functions.shoppable.matching.index import IndexEntry, write_index
from functions.shoppable.matching.port import Found, Matcher, Views
from functions.shoppable.points import Tracker
from functions.shoppable.shots import SegmentShots, detect_shots, merge_shots
from functions.shoppable.sightings import FrameMatches
from functions.shoppable.tracks import Tracks

KINDS: Final = ("cut", "takes")
SEGMENT_MS: Final = 120_000
"""As staging and prod have it."""
_SECOND_MS = 1000


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of processor time, one thread."""

    shots: float = 0.0
    """Following points included."""
    sample: float = 0.0
    match: float = 0.0
    follow: float = 0.0
    """Along the tracks, and linking."""

    @property
    def total(self) -> float:
        return self.shots + self.sample + self.match + self.follow


@dataclass(frozen=True, eq=False)
class Segment:
    """Part of a film, ready to be examined."""

    shots: SegmentShots
    tracks: Tracks
    sampled: tuple[SampledFrame, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Film:
    """A film, decoded as the pipeline decodes it, and what is to be seen in it."""

    drawn: Drawn
    truth: dict[str, Any]
    segments: tuple[Segment, ...]
    shots: tuple[Shot, ...]
    cost: Cost

    @property
    def seconds(self) -> float:
        return self.truth["video"]["duration_ms"] / 1000

    @property
    def each_second(self) -> "Film":
        """The same, with one frame a second instead of those chosen."""
        with open_video(self.drawn.path) as video:
            began = time.process_time()
            segments = tuple(
                Segment(one.shots, one.tracks, tuple(_each_second(video.frames_at, one.shots))) for one in self.segments
            )
            spent = time.process_time() - began
        return replace(self, segments=segments, cost=replace(self.cost, sample=spent))


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen:
    """What was made of a film."""

    film: Film
    frames: int
    """Examined."""
    appearances: tuple[Appearance, ...]
    """Approved and for review."""
    score: Score
    """Of those approved."""
    late_ms: tuple[int, ...]
    """From when a product that was found can be seen to when its appearance begins; not below 0."""
    cost: Cost

    @property
    def approved(self) -> int:
        """Appearances."""
        return sum(one.verdict == "approved" for one in self.appearances)

    @property
    def asked(self) -> int:
        """Appearances that a person is asked about."""
        return len(self.appearances) - self.approved


def prepared(given: Drawn) -> Film:
    """Shots, tracks and sampled frames, segment by segment."""
    cv2.setNumThreads(1)
    segments: list[Segment] = []
    spent = [0.0, 0.0]
    with open_video(given.path, verify=False, thrifty=True) as small, open_video(given.path) as video:
        for start in range(0, video.duration_ms, SEGMENT_MS):
            began = time.process_time()
            tracker = Tracker()
            shots = detect_shots(small, start, min(start + SEGMENT_MS, video.duration_ms), tracker)
            tracks = tracker.tracks([cut.ms for cut in shots.cuts], video.width, video.height)
            spent[0] += time.process_time() - began
            began = time.process_time()
            segments.append(Segment(shots, tracks, tuple(sample_frames(video, shots, tracks))))
            spent[1] += time.process_time() - began
        merged = merge_shots(
            [one.shots for one in segments], duration_ms=video.duration_ms, frame_rate=video.frame_rate
        )
    return Film(
        drawn=given,
        truth=describe(given.record, [], FRAME_RATE),
        segments=tuple(segments),
        shots=merged,
        cost=Cost(shots=spent[0], sample=spent[1]),
    )


def _each_second(frames_at: Callable[..., Iterator[Any]], shots: SegmentShots) -> Iterator[SampledFrame]:
    borders = [cut.ms for cut in shots.cuts]
    times = [entry.ms for entry in shots.motion]
    if not times:
        return
    wanted = {min(times, key=lambda ms: abs(ms - at)) for at in range(shots.start_ms, shots.end_ms, _SECOND_MS)}
    for frame in frames_at(sorted(wanted), side=FRAME_SIDE):
        shot = sum(border <= frame.ms for border in borders)
        yield SampledFrame(
            ms=frame.ms, until_ms=frame.ms, shot=shot, spare=False, frame=frame.number, image=frame.image
        )


def seen(film: Film, catalogue: Catalogue) -> Seen:
    """What the pipeline publishes."""
    spent = [0.0]
    began = time.process_time()
    frames = examined(film, partial(_look, catalogue.matcher, spent))
    found = judge(link(frames, film.shots))
    follow = time.process_time() - began - spent[0]
    published = [
        {**one.model_dump(), "product_id": catalogue.name(one.product_id)} for one in found if one.verdict == "approved"
    ]
    return Seen(
        film=film,
        frames=len(frames),
        appearances=found,
        score=score(film.truth, {"appearances": published}, {}),
        late_ms=tuple(_late(film.truth, published)),
        cost=replace(film.cost, match=spent[0], follow=follow),
    )


def examined(film: Film, look: Look[SampledFrame]) -> list[FrameMatches]:
    """What the pipeline stores of a film."""
    return [
        frame
        for segment in film.segments
        for shot in examine(segment.sampled, segment.shots, segment.tracks, look, crops_key)
        for frame in shot.frames
    ]


def _look(matcher: Matcher, spent: list[float], frame: SampledFrame, views: Views) -> list[Found]:
    began = time.process_time()
    found = matcher.match(frame.image, views)
    spent[0] += time.process_time() - began
    return found


def _late(truth: dict[str, Any], published: Sequence[dict[str, Any]]) -> Iterator[int]:
    for wanted in truth["appearances"]:
        starts = [
            one["start_ms"]
            for one in published
            if one["product_id"] == wanted["product_id"]
            and one["start_ms"] < wanted["end_ms"]
            and wanted["start_ms"] < one["end_ms"]
        ]
        if starts:
            yield max(0, min(starts) - wanted["start_ms"])


def crops_key(ms: int, product_id: str) -> str:
    """Nothing is stored here."""
    return f"{ms}-{product_id}.jpg"


def failures(result: Seen, catalogue: Catalogue) -> Iterator[Failure]:
    """What was published wrongly, and what was missed, in the middle of its time."""
    truth = result.film.truth["appearances"]
    approved = [one for one in result.appearances if one.verdict == "approved"]
    for one in approved:
        name = catalogue.name(one.product_id)
        if not any(t["product_id"] == name and _overlaps(t, one.start_ms, one.end_ms) for t in truth):
            middle = one.boxes[len(one.boxes) // 2]
            yield Failure(
                draw=partial(_frame, result.film.drawn.path, middle[0]),
                lines=(f"{result.film.drawn.name}, {middle[0]} ms", f"WRONG {name} {one.score:.3f}"),
                truth=None, said=middle[1:], reference=f"{result.film.drawn.name}/{name}",
            )  # fmt: skip
    for wanted in truth:
        mine = [one for one in result.appearances if catalogue.name(one.product_id) == wanted["product_id"]]
        near = [one for one in mine if _overlaps(wanted, one.start_ms, one.end_ms)]
        if not any(one.verdict == "approved" for one in near):
            ms, *box = wanted["boxes"][len(wanted["boxes"]) // 2]
            best = max((one.score for one in near), default=0.0)
            yield Failure(
                draw=partial(_frame, result.film.drawn.path, ms),
                lines=(f"{result.film.drawn.name}, {ms} ms", f"MISSED {wanted['product_id']} {best:.3f}"),
                truth=(box[0], box[1], box[2], box[3]), said=None,
                reference=f"{result.film.drawn.name}/{wanted['product_id']}",
            )  # fmt: skip


def _overlaps(wanted: dict[str, Any], start_ms: int, end_ms: int) -> bool:
    return wanted["start_ms"] < end_ms and start_ms < wanted["end_ms"]


def _frame(path: Path, ms: int) -> Image:
    with open_video(path) as video:
        return next(frame.image for frame in video.frames(max(0, ms - 20), ms + 200))


def line(name: str, result: "Watched") -> str:
    """A row of the table."""
    found, cost, share = result.score, result.cost, 1 / result.seconds
    late = f"{np.median(result.late_ms):.0f}" if result.late_ms else "–"
    return (
        f"| {name} | {found.matched} of {found.expected} | {found.precision:.3f} | {found.recall:.3f} "
        f"| {found.box_iou:.3f} | {found.temporal_iou:.3f} | {late} | {found.decoys} | {result.frames} "
        f"| {60 * result.frames * share:.0f} | {result.frames / result.shots:.2f} "
        f"| {cost.shots * share:.3f} | {cost.sample * share:.3f} | {cost.match * share:.3f} "
        f"| {cost.follow * share:.3f} | {cost.total * share:.3f} |"
    )


HEAD: Final = (
    "| film | found | precision | recall | box IoU | temporal IoU | late, ms | decoys | frames | per minute | per shot "
    "| shots, CPU s/s | sampling | matching | following | all |\n" + "|---" * 16 + "|"
)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is reported of a film: Seen without its pictures."""

    seconds: float
    shots: int
    frames: int
    score: Score
    late_ms: tuple[int, ...]
    cost: Cost

    @classmethod
    def of(cls, result: Seen) -> Self:
        """Of what was seen."""
        film = result.film
        return cls(
            seconds=film.seconds, shots=len(film.shots), frames=result.frames, score=result.score,
            late_ms=result.late_ms, cost=result.cost,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """A film, as the pipeline examines it, at one frame a second, and sought for what it does not show."""

    name: str
    kind: str
    products: int
    foreign_products: int
    ours: Watched
    each_second: Watched
    false_alarms: int
    """Approved from a catalogue that has none of the film's products, nor the like."""
    twins: int
    """Approved from the shop of another seed: the same lines, flavours and drawings under other brands."""
    asked: int
    """Appearances that a person is asked about in the film as it is."""
    asked_of_strangers: int
    """The same of the catalogue that has nothing of it."""
    failures: tuple[Failure, ...]


@dataclass(frozen=True, eq=False)
class Shop:
    """What a seed's shop sells, described."""

    entries: list[IndexEntry]
    names: dict[str, str]
    """`seed/feed id`, by product id."""
    categories: dict[str, str]


def shop_of(folder: Path, seed: int) -> Shop:
    """Drawn once, then kept below `folder` for this run."""
    path = folder / f"shop-{seed}.pickle"
    world = World(seed)
    articles = (*world.articles, *world.plains)
    if not path.exists():
        save(path, [entry_of(f"{seed}/{feed_id}", image)[0] for feed_id, image in world.pictures()])
    named = {ids.product_id(SHOP, f"{seed}/{one.feed_id}"): one for one in articles}
    return Shop(
        entries=load(path),
        names={product_id: f"{seed}/{one.feed_id}" for product_id, one in named.items()},
        categories={product_id: one.category.split(" >")[0] for product_id, one in named.items()},
    )


def write_catalogue(
    folder: Path, what: str, seeds: Sequence[int], products: int, *, left_out: Collection[str] = ()
) -> None:
    """An index below `folder` of `products` in all: the shops of `seeds` (or, if none, drawn products of other kinds)
    and made ones. `left_out`: names, `seed/feed id`, of what the shops do not sell here.
    """
    drawn_ones = load(folder / "pool.pickle")
    shops = [shop_of(folder, seed) for seed in seeds]
    names = {product_id: name for shop in shops for product_id, name in shop.names.items() if name not in left_out}
    entries = [entry for shop in shops for entry in shop.entries if entry.product_id in names] if seeds else drawn_ones
    categories = {product_id: shop.categories[product_id] for shop in shops for product_id in shop.names}
    directory = folder / f"catalogue-{what}"
    # A run that was cut off may have left a part of it.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    write_index(Mixed(entries, Pool.of(drawn_ones), products, PRODUCT_FEATURES), directory, categories)
    (folder / f"catalogue-{what}.json").write_text(json.dumps(names), encoding="utf-8")


def catalogue_at(folder: Path, what: str) -> Catalogue:
    """That write_catalogue wrote below `folder`."""
    names = json.loads((folder / f"catalogue-{what}.json").read_text(encoding="utf-8"))
    return opened(folder / f"catalogue-{what}", names)


def run(folder: Path, kind: str, seed: int) -> Run:
    """`folder` holds the film and the catalogues `films`, `strangers` and `twins`."""
    film = prepared(drawn(kind, seed, folder / "films"))
    catalogue = catalogue_at(folder, "films").of_shop(f"{seed}/")
    strangers = catalogue_at(folder, "strangers")
    ours, each_second = seen(film, catalogue), seen(film.each_second, catalogue)
    foreign, twins = seen(film, strangers), seen(film, catalogue_at(folder, "twins"))
    return Run(
        name=film.drawn.name,
        kind=kind,
        products=catalogue.index.manifest.products,
        foreign_products=strangers.index.manifest.products,
        ours=Watched.of(ours),
        each_second=Watched.of(each_second),
        false_alarms=foreign.approved,
        twins=twins.approved,
        asked=ours.asked,
        asked_of_strangers=foreign.asked,
        failures=(*failures(ours, catalogue), *failures_of_strangers(foreign, strangers)),
    )


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A film that is sought for what it does not show, and for nothing else."""

    name: str
    seconds: float
    false_alarms: int
    asked_of_strangers: int
    """As in Run."""
    failures: tuple[Failure, ...]


def run_foreign(folder: Path, kind: str, seed: int) -> Foreign:
    """`folder` holds the film and the catalogue `strangers`."""
    film, strangers = prepared(drawn(kind, seed, folder / "films")), catalogue_at(folder, "strangers")
    found = seen(film, strangers)
    return Foreign(
        name=film.drawn.name,
        seconds=film.seconds,
        false_alarms=found.approved,
        asked_of_strangers=found.asked,
        failures=tuple(failures_of_strangers(found, strangers)),
    )


def failures_of_strangers(result: Seen, catalogue: Catalogue) -> Iterator[Failure]:
    """What was published though the catalogue has nothing that the film shows."""
    return (one for one in failures(result, catalogue) if one.said is not None)
