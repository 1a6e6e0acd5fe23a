"""Catalogues for the bench: named pictures, indexed by the domain's own code."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

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
    names: dict[str, str]
    """Of the products, by product id."""


def catalogue_of(pictures: Iterable[tuple[str, Image]], extra: Iterable[IndexEntry] = ()) -> Catalogue:
    """Describe and index; `extra`: described pictures of further products."""
    entries = [entry_of(name, image) for name, image in pictures]
    names = {entry.product_id: name for entry, name in entries}
    directory = Path(mkdtemp(prefix="bench-index-"))
    build_index([*(entry for entry, _ in entries), *extra], directory)
    index = InstanceIndex.load(directory)
    return Catalogue(matcher=InstanceMatcher(index), index=index, names=names)


def entry_of(name: str, image: Image) -> tuple[IndexEntry, str]:
    """One picture of the product called `name`."""
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    entry = IndexEntry(product_id=ids.product_id(SHOP, name), image_sha256=digest, features=describe_image(image))
    return entry, name
