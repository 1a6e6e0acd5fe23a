"""Catalogues of any size for the bench: real products among others that are made of real descriptors.

Drawing and describing the pictures of 100,000 products would take hours. A *made* picture takes points, sizes and
directions from a drawn one; its descriptors are those of other drawn pictures, each mixed with a second and with noise,
and of unit length again. They are spread as those of drawn pictures are; what they lack is that a picture's own points
belong together.
"""

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.matching.catalogues import SHOP, entry_of
from bench.matching.memory import write_whole
from demo.goods import distractor
from demo.packs import draw_pack
from demo.studio import angled, straight
from functions.contracts import ids
from functions.shoppable.matching.features import ROOT_SCALE, ImageFeatures
from functions.shoppable.matching.index import IndexEntry

PICTURES_EACH = 3
_EDGE = 560
_NOISE = 0.012
"""Standard deviation per dimension of descriptors of unit length: what a second photograph changes."""
_LEAST_SHARE = 0.6
"""Of the first of the two descriptors that are mixed."""

Floats = NDArray[np.float32]


def drawn(seed: int, first: int, count: int) -> list[IndexEntry]:
    """Products that nobody looks for, really drawn and described, three pictures of each."""
    entries: list[IndexEntry] = []
    for number in range(first, first + count):
        article = distractor(seed, number)
        pack = draw_pack(article.design, article.form, _EDGE, fine=1)
        pictures = (
            straight(pack),
            angled(pack, number, lifestyle=False),
            angled(pack, number + 500_000, lifestyle=True),
        )
        entries += [entry_of(f"other-{article.feed_id}", image)[0] for image in pictures]
    return entries


@dataclass(frozen=True, eq=False)
class Pool:
    """What made pictures are made of."""

    pictures: tuple[ImageFeatures, ...]
    descriptors: Floats
    """(N, 128), unit length, in no order."""
    noise: Floats
    shares: Floats

    @classmethod
    def of(cls, entries: Sequence[IndexEntry]) -> Self:
        """Of drawn products."""
        pictures = tuple(entry.features for entry in entries if len(entry.features.points))
        rng = np.random.default_rng(1)
        plain = np.concatenate([features.descriptors for features in pictures])
        rows = np.asarray(plain[rng.permutation(len(plain))] / ROOT_SCALE, np.float32)
        noise = rng.normal(0, _NOISE, (4096, 128)).astype(np.float32)
        return cls(pictures, rows, noise, rng.uniform(_LEAST_SHARE, 1, (4096, 1)).astype(np.float32))

    def made(self, number: int, most: int) -> ImageFeatures:
        """The `number`th made picture, with at most `most` features."""
        rng = np.random.default_rng((7, number))
        base = self.pictures[int(rng.integers(len(self.pictures)))]
        count = min(most, len(base.points))
        first, second = (int(at) for at in rng.integers(len(self.descriptors) - count, size=2))
        at = int(rng.integers(4096 - count))
        share = self.shares[at : at + count]
        mixed = self.descriptors[first : first + count] * share
        mixed += self.descriptors[second : second + count] * (1 - share)
        mixed += self.noise[at : at + count]
        np.maximum(mixed, 0, out=mixed)
        mixed *= ROOT_SCALE / np.sqrt(np.einsum("ij,ij->i", mixed, mixed))[:, None]
        return ImageFeatures(
            width=base.width,
            height=base.height,
            points=base.points[:count],
            descriptors=np.minimum(np.rint(mixed), 255).astype(np.uint8),
            outline=base.outline,
            picture=base.picture,
        )


@dataclass(frozen=True, eq=False)
class Mixed:
    """Implements functions.shoppable.matching.index.Pictures: real entries, then made ones."""

    real: Sequence[IndexEntry]
    pool: Pool
    products: int
    """In all."""
    most: int
    """Features of a made picture."""

    @property
    def names(self) -> Sequence[tuple[str, str]]:
        """Real products first."""
        names = [(entry.product_id, entry.image_sha256) for entry in self.real]
        made = self.products - len({product_id for product_id, _ in names})
        for number in range(made):
            product_id = ids.product_id(SHOP, f"made-{number}")
            names += [
                (product_id, hashlib.sha256(f"{number}/{picture}".encode()).hexdigest())
                for picture in range(PICTURES_EACH)
            ]
        return names

    def features(self, numbers: Sequence[int]) -> Iterator[ImageFeatures]:
        """Made anew each time."""
        for number in numbers:
            if number < len(self.real):
                yield self.real[number].features
            else:
                yield self.pool.made(number - len(self.real), self.most)


def save(path: Path, entries: Sequence[IndexEntry]) -> None:
    """For another process of this run."""
    write_whole(path, pickle.dumps([(e.product_id, e.image_sha256, e.features.to_bytes()) for e in entries]))


def load(path: Path) -> list[IndexEntry]:
    """What was saved."""
    found = pickle.loads(path.read_bytes())  # noqa: S301 (written by this very run)
    return [
        IndexEntry(product_id=product, image_sha256=digest, features=ImageFeatures.from_bytes(body))
        for product, digest, body in found
    ]
