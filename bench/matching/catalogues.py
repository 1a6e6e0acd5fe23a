"""Catalogues for the bench: named pictures, indexed by the domain's own code."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.contracts import ids
from functions.shoppable.image import Image
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, InstanceIndex, build_index
from functions.shoppable.matching.instance import InstanceMatcher

SHOP = "bench"


@dataclass(frozen=True, eq=False, kw_only=True)
class Catalogue:
    """A matcher over named pictures."""

    matcher: InstanceMatcher
    index: InstanceIndex
    entries: Sequence[IndexEntry]
    names: dict[str, str]
    """Of the products, by product id; what is in no feed has none."""
    folder: TemporaryDirectory[str] | None
    """Where the index lies, as long as the catalogue lives."""

    def without(self, products: Collection[str]) -> "Catalogue":
        """As if the shop did not sell the products of these names."""
        kept = {product_id: name for product_id, name in self.names.items() if name not in products}
        entries = [e for e in self.entries if e.product_id in kept or e.product_id not in self.names]
        return _indexed(entries, kept, dict(zip(self.index.product_ids, self.index.categories, strict=True)))

    def of_shop(self, prefix: str) -> "Catalogue":
        """The same; products of one of its shops go by their own names, without the shop's prefix."""
        names = {product_id: name.removeprefix(prefix) for product_id, name in self.names.items()}
        return replace(self, names=names)

    def name(self, product_id: str) -> str:
        """Of a product."""
        return self.names.get(product_id, f"other {product_id}")


def catalogue_of(
    pictures: Iterable[tuple[str, Image]],
    extra: Iterable[IndexEntry] = (),
    categories: Mapping[str, str] | None = None,
) -> Catalogue:
    """Describe and index; `extra`: described pictures of further products; `categories` by name."""
    entries = [entry_of(name, image) for name, image in pictures]
    names = {entry.product_id: name for entry, name in entries}
    of_product = {product_id: (categories or {}).get(name, "") for product_id, name in names.items()}
    return _indexed([*(entry for entry, _ in entries), *extra], names, of_product)


def _indexed(entries: Sequence[IndexEntry], names: dict[str, str], categories: Mapping[str, str]) -> Catalogue:
    folder = TemporaryDirectory(prefix="bench-index-")
    build_index(entries, Path(folder.name), categories)
    index = InstanceIndex.load(Path(folder.name))
    return Catalogue(matcher=InstanceMatcher(index), index=index, entries=entries, names=names, folder=folder)


def entry_of(name: str, image: Image) -> tuple[IndexEntry, str]:
    """One picture of the product called `name`."""
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    entry = IndexEntry(product_id=ids.product_id(SHOP, name), image_sha256=digest, features=describe_image(image))
    return entry, name


def opened(folder: Path, names: dict[str, str]) -> Catalogue:
    """Over an index that lies there."""
    index = InstanceIndex.load(folder)
    return Catalogue(matcher=InstanceMatcher(index), index=index, entries=(), names=names, folder=None)
