"""How cost grows with the catalogue: 100, 1,000, 10,000 and 100,000 products of three pictures each, in one run.

Every catalogue is built by the product's own code in one fresh process, and fetched from an object store on loopback
and searched in another one. The pictures searched for and their products are real: drawn scenes, and photographs where
they are at hand. The products around them are made (`scale_catalogue`): not drawn, so the same number of drawn ones is
measured beside made ones, to be compared.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2

from bench.matching import scale_catalogue
from bench.matching.catalogues import SHOP, entry_of
from bench.matching.grid import DRAWING
from bench.matching.memory import remembered
from bench.matching.object_store import object_store
from bench.matching.photographs import GROCERIES, photographs, studio_pictures
from bench.matching.scale_catalogue import PICTURES_EACH, drawn, save
from bench.matching.scenes import MIDDLE, World
from functions.contracts import ids
from functions.shoppable.matching import features
from functions.shoppable.matching.features import PRODUCT_FEATURES
from functions.shoppable.matching.index import search_features

SIZES: Final = (100, 1_000, 10_000, 100_000)
SEED: Final = 1
"""Of the planted products, and of the others: development. Nothing is judged here but cost, and recall against size."""
POOL: Final = 150
"""Products drawn, to make others of."""
_PHOTOGRAPHS_STEP: Final = 6
_RECORDS_IN_FULL: Final = 10_000
"""Products up to which made pictures have all features that verification may use. Those of larger catalogues have only
the ones in the search layer: 20 GB of records would measure the disk.
"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one catalogue cost."""

    title: str
    products: int
    built: dict[str, Any]
    answered: dict[str, Any]

    @property
    def frame_ms(self) -> float:
        """CPU per examined frame."""
        return 1000 * sum(self.answered["parts"].values()) / self.answered["frames"]

    def part_ms(self, part: str) -> float:
        """CPU per examined frame, of a part."""
        return 1000 * self.answered["parts"].get(part, 0.0) / self.answered["frames"]

    def share(self, what: str) -> str:
        """Of the pictures, those whose product was `listed`, `offered` or `first`."""
        results = self.answered["results"]
        return f"{sum(one[what] for one in results)}/{len(results)}"


def measure(folder: Path, title: str, products: int) -> Size:
    """Build and answer; `products` 0: the planted and the drawn ones. `folder` holds what prepare wrote."""
    images = max(products, 1) * PICTURES_EACH
    most = PRODUCT_FEATURES if products <= _RECORDS_IN_FULL else search_features(images)
    with TemporaryDirectory(dir=folder) as directory:
        built = _fresh("build", directory, str(products), str(most))
        with object_store(Path(directory)) as endpoint:
            answered = _fresh("answer", directory, str(folder / "queries.json"), repr(time.time()), endpoint=endpoint)
    return Size(title=title, products=built["manifest"]["products"], built=built, answered=answered)


def scene_file(folder: Path, cell: str) -> Path:
    """Where prepare draws the scene of one of the middle cells."""
    return folder / f"scene-{MIDDLE.index(cell)}.png"


def prepare(folder: Path) -> None:
    """Draw and describe what all sizes share."""
    cv2.setNumThreads(1)
    world = World(SEED)
    planted = [entry_of(name, image)[0] for name, image in world.pictures()]
    queries: list[tuple[str, str]] = []
    for number, cell in enumerate(MIDDLE):
        scene = world.scene(cell, number)
        queries.append((str(scene_file(folder, cell)), ids.product_id(SHOP, scene.product)))
        cv2.imwrite(queries[-1][0], scene.image)
    if GROCERIES.is_dir():
        planted += [entry_of(name, image)[0] for name, image in studio_pictures()]
        for number, photograph in enumerate(list(photographs())[::_PHOTOGRAPHS_STEP]):
            queries.append((str(folder / f"photograph-{number}.png"), ids.product_id(SHOP, photograph.product)))
            cv2.imwrite(queries[-1][0], photograph.image)
    # The first answer is not timed: what is loaded on first use is counted there.
    (folder / "queries.json").write_text(json.dumps([queries[0], *queries]))
    save(folder / "planted.pickle", planted)
    sources = (*DRAWING, str(scale_catalogue.__file__), str(features.__file__))
    pool = remembered(partial(drawn, SEED, 0, POOL), ("pool", SEED, POOL), sources)
    save(folder / "pool.pickle", pool)


def report(sizes: tuple[int, ...] = SIZES) -> str:
    """The tables, as Markdown."""
    with TemporaryDirectory(prefix="bench-scale-") as name:
        folder = Path(name)
        prepare(folder)
        validation = [measure(folder, "drawn", 0)]
        validation.append(measure(folder, "made", validation[0].products))
        measured = [measure(folder, f"{products:,}", products) for products in sizes]
    return "\n".join(lines(measured, validation))


def lines(measured: Sequence[Size], validation: Sequence[Size]) -> Iterator[str]:
    """The tables, as Markdown; `validation`: of drawn and of as many made products."""
    least = measured[0].frame_ms
    frames = measured[0].answered["frames"]
    yield f"Milliseconds of CPU per examined picture, one thread, {frames} pictures; the records of its hypotheses are"
    yield "read as ranges of stored objects where the pipeline does so (`records`)."
    yield ""
    yield "| products | ms | to the smallest | features | search | votes | records | verification | surfaces |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for size in measured:
        parts = ("features", "search", "votes", "records", "verification", "surfaces")
        cells = " | ".join(f"{size.part_ms(part):.0f}" for part in parts)
        yield f"| {size.title} | {size.frame_ms:.0f} | {size.frame_ms / least:.2f} | {cells} |"
    yield ""
    yield "| products | right product in the shortlist | offered | first | rows of the search layer | its MiB on disk |"
    yield "|---|---|---|---|---|---|"
    for size in measured:
        rows = size.built["manifest"]["search_rows"]
        yield (
            f"| {size.title} | {size.share('listed')} | {size.share('offered')} | {size.share('first')} "
            f"| {rows:,} | {size.built['search_mib']:.0f} |"
        )
    yield ""
    yield (
        "| products | build, CPU s | peak of its process, MiB | records, MiB | resident with the first answer, MiB "
        "| after all | of these, files | first answer, s | of these, start | fetch and open |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for size in measured:
        one, built = size.answered, size.built
        yield (
            f"| {size.title} | {built['cpu_seconds']:.0f} | {built['peak_mib']:.0f} | {built['records_mib']:.0f} "
            f"| {one['held']['resident']:.0f} | {one['held_after']['resident']:.0f} | {one['held_after']['files']:.0f} "
            f"| {one['first_seconds']:.1f} | {one['start_seconds']:.1f} | {one['fetch_seconds']:.1f} |"
        )
    yield ""
    yield "The process that builds holds the pictures that others are made of; its CPU is without the making."
    drawn_ones, made_ones = validation
    yield (
        f"Products are made, not drawn, but for the planted ones and {POOL} that the others are made of. With "
        f"{drawn_ones.products} products: drawn {drawn_ones.frame_ms:.0f} ms, right product in the shortlist "
        f"{drawn_ones.share('listed')}, offered {drawn_ones.share('offered')}; made {made_ones.frame_ms:.0f} ms, "
        f"{made_ones.share('listed')}, {made_ones.share('offered')}."
    )
    if any(size.products > _RECORDS_IN_FULL for size in measured):
        yield (
            f"Above {_RECORDS_IN_FULL:,} products the records of made ones hold only the features of the search layer; "
            "sizes of records and verification are therefore those of smaller pictures."
        )


def _fresh(what: str, *given: str, endpoint: str = "") -> dict[str, Any]:
    environment = {
        **os.environ,
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.matching.scale_probe", what, *given],
        env=environment, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def main() -> None:
    """The command line: sizes, the smallest first."""
    print(report(tuple(int(size) for size in sys.argv[1:]) or SIZES))
