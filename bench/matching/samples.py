"""What scores are learned from and judged by: places of frames, with the truth."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.matching.catalogues import Catalogue, catalogue_of
from bench.matching.grid import Shop, open_shop, scene_of
from bench.matching.photographs import NEIGHBOURS, Photograph, photographs, studio_pictures
from bench.matching.scenes import CELLS, Scene
from functions.shoppable.image import Image
from functions.shoppable.matching.instance import Place, box_of, compared
from functions.shoppable.paths import box_iou

Doubles = NDArray[np.float64]

PHOTOGRAPHS: Final = "photographs"
_MISSING = ", missing"
GROCERIES_CATEGORY: Final = "Food, Beverages & Tobacco"


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """A place in a picture. Equal `fold`s are never split between learning and judging."""

    source: str
    fold: str
    picture: str
    place: Place
    products: tuple[str, ...]
    """Of the candidates."""
    categories: tuple[str, ...]
    """Of these products."""
    right: tuple[bool, ...]

    @cached_property
    def features(self) -> Doubles:
        """(candidates, features)."""
        return np.array([candidate.features() for candidate in self.place.candidates])

    @cached_property
    def distinct(self) -> Doubles:
        """(candidates,): how alike each is in what tells it from its closest rival."""
        return np.array([self.place.least_distinct(number) for number in range(len(self.place.candidates))])

    @cached_property
    def other_print(self) -> Doubles:
        """(candidates,): how much of what is printed is another, each."""
        return np.array([candidate.other_print() for candidate in self.place.candidates])

    @property
    def is_photograph(self) -> bool:
        return self.source.removesuffix(_MISSING) == PHOTOGRAPHS

    @property
    def is_missing(self) -> bool:
        """Whether what is shown was taken from the catalogue."""
        return self.source.endswith(_MISSING)

    def compared(self) -> "Sample | None":
        """With those candidates that the matcher compares; None where it compares none."""
        kept = compared([candidate.evidence.firm for candidate in self.place.candidates])
        return self._of(kept, self.source) if kept else None

    def without(self, product: str) -> "Sample | None":
        """As if the catalogue had no such product; None when nothing is left."""
        kept = [number for number, name in enumerate(self.products) if name != product]
        return self._of(kept, self.source + _MISSING) if kept else None

    def both(self, product: str) -> Iterator["Sample"]:
        """As it is, and as if the catalogue did not have the product, if it is a candidate."""
        missing = self.without(product) if product in self.products else None
        for one in (self, missing):
            if one is not None and (sample := one.compared()) is not None:
                yield sample

    def _of(self, kept: Sequence[int], source: str) -> "Sample":
        """With some of the candidates."""
        contests = {
            (low, high): self.place.contests[kept[low], kept[high]] for high in range(len(kept)) for low in range(high)
        }
        distinct = {
            (one, other): self.place.distinct[kept[one], kept[other]]
            for one in range(len(kept))
            for other in range(len(kept))
            if one != other
        }
        return Sample(
            source=source,
            fold=self.fold,
            picture=self.picture,
            place=Place(
                category=self.categories[kept[0]],
                candidates=tuple(self.place.candidates[k] for k in kept),
                contests=contests,
                distinct=distinct,
            ),
            products=tuple(self.products[k] for k in kept),
            categories=tuple(self.categories[k] for k in kept),
            right=tuple(self.right[k] for k in kept),
        )


def groceries() -> Catalogue:
    """Of the studio pictures."""
    pictures = list(studio_pictures())
    return catalogue_of(pictures, categories={name: GROCERIES_CATEGORY for name, _ in pictures})


def photograph_samples(scenes: Iterable[Photograph] | None = None) -> Iterator[Sample]:
    """Of real photographs (all of them), and of the same with their subject taken from the catalogue."""
    catalogue = groceries()
    for photograph in photographs() if scenes is None else scenes:
        for place, names, _ in _places(catalogue, photograph.image):
            if _is_beside(photograph, names):
                continue
            sample = Sample(
                source=PHOTOGRAPHS,
                fold=photograph.brand,
                picture=photograph.name,
                place=place,
                products=names,
                categories=tuple(GROCERIES_CATEGORY for _ in names),
                right=tuple(name == photograph.product for name in names),
            )
            yield from sample.both(photograph.product)


def _is_beside(photograph: Photograph, names: tuple[str, ...]) -> bool:
    """Whether a neighbour has at least as much for it in a place (candidates are in this order) as the subject."""
    found = [name for name in names if name == photograph.product or (photograph.name, name) in NEIGHBOURS]
    return bool(found) and found[0] != photograph.product


def scene_samples(seed: int, each: int) -> Iterator[Sample]:
    """Of `each` generated scenes per cell of the grid, and of the same with what is shown taken from the catalogue."""
    shop = open_shop(seed, with_peers=False)
    for cell in CELLS:
        for number in range(each):
            yield from _of_scene(shop, scene_of(shop.world, cell, number))


def _of_scene(shop: Shop, scene: Scene) -> Iterator[Sample]:
    catalogue = shop.short if scene.cell == "look-alike missing" else shop.ours
    of_product = zip(catalogue.index.product_ids, catalogue.index.categories, strict=True)
    category_of = {catalogue.name(product_id): category for product_id, category in of_product}
    for place, names, boxes in _places(catalogue, scene.image):
        right = tuple(
            scene.known and name == scene.product and box_iou(box, scene.box) > 0.3
            for name, box in zip(names, boxes, strict=True)
        )
        sample = Sample(
            source=scene.cell,
            fold=f"seed {shop.world.seed}",
            picture=f"{shop.world.seed} {scene.cell} {scene.number}",
            place=place,
            products=names,
            categories=tuple(category_of[name] for name in names),
            right=right,
        )
        yield from sample.both(scene.product if any(right) else "")


def _places(
    catalogue: Catalogue, image: Image
) -> Iterator[tuple[Place, tuple[str, ...], list[tuple[float, float, float, float]]]]:
    view = catalogue.matcher.view(image, thorough=True)
    index = catalogue.index
    for place in view.places:
        found = [candidate.evidence for candidate in place.candidates]
        products = tuple(catalogue.name(index.product_ids[int(index.image_product[e.image])]) for e in found)
        yield place, products, [box_of(e, view.frame) for e in found]
