"""Milliseconds per frame among 1,000 products: ours and the plain SIFT peer over the very same described pictures."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import cv2
import numpy as np

from bench.matching.catalogues import opened
from bench.matching.chosen import BEST_F1
from bench.matching.grid import SIFT
from bench.matching.peers import SiftPeer
from bench.matching.scale import scene_file
from bench.matching.scale_catalogue import Mixed, Pool, load
from functions.shoppable.matching.features import PRODUCT_FEATURES
from functions.shoppable.matching.index import write_index

PRODUCTS: Final = 1_000
CELLS: Final = ("ordinary", "540p")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Of one run."""

    ours: float
    peer: float
    """Seconds of processor time per frame."""
    pictures: int

    @property
    def ratio(self) -> float:
        return self.peer / self.ours

    @property
    def lines(self) -> list[str]:
        return [
            f"{PRODUCTS:,} products, {self.pictures:,} pictures with at most {PRODUCT_FEATURES} points, for both.",
            f"Ours {1000 * self.ours:.0f} ms per frame of 720p ({len(CELLS)} frames).",
            f"SIFT, FLANN and RANSAC over every picture {1000 * self.peer:.0f} ms: {self.ratio:.0f} ×.",
        ]


def measure(folder: Path) -> Speed:
    """`folder` holds what scale.prepare wrote: products and scenes of a development seed, as only time is measured."""
    planted, pool = (load(folder / f"{name}.pickle") for name in ("planted", "pool"))
    catalogue = Mixed(planted, Pool.of(pool), PRODUCTS, PRODUCT_FEATURES)
    scenes = [np.asarray(cv2.imread(str(scene_file(folder, cell))), np.uint8) for cell in CELLS]
    with TemporaryDirectory(dir=folder) as directory:
        write_index(catalogue, Path(directory), {})
        matcher = opened(Path(directory), {}).matcher
        matcher.match(scenes[0])
        spent = [0.0, 0.0]
        for scene in scenes:
            began = time.process_time()
            matcher.match(scene)
            spent[0] += time.process_time() - began
    peer = SiftPeer((), flann=True, least=round(BEST_F1[SIFT]))
    names = catalogue.names
    for (product, _), features in zip(names, catalogue.features(range(len(names))), strict=True):
        peer.add(product, features)
    for scene in scenes:
        began = time.process_time()
        peer.match(scene)
        spent[1] += time.process_time() - began
    ours, theirs = (float(np.divide(one, len(scenes))) for one in spent)
    return Speed(ours=ours, peer=theirs, pictures=len(names))
