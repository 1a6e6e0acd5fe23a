"""The visual index of a catalogue revision: built once, read by memory map."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from functions.contracts.base import Contract, Identifier, Sha256
from functions.shoppable.matching.features import ImageFeatures


@dataclass(frozen=True, eq=False, kw_only=True)
class IndexEntry:
    """One product image."""

    product_id: str
    image_sha256: str
    features: ImageFeatures


class IndexManifest(Contract):
    """What the index's directory holds; also in it, as `manifest.json`."""

    schema_version: Literal["index.v1"] = "index.v1"
    products: int
    images: int
    descriptors: int
    files: dict[str, Sha256]
    """File name (flat, no folders) to digest; `manifest.json` itself is not listed."""
    untextured: tuple[Identifier, ...]
    """Products whose images have too few features to be found reliably."""


def build_index(entries: Iterable[IndexEntry], directory: Path) -> IndexManifest:
    """Write the index's files into an existing directory: the same entries in any order give the same bytes."""
    raise NotImplementedError


class InstanceIndex:
    """An opened index."""

    manifest: IndexManifest

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Open by memory map. Raises ValueError when the files are not of this version or do not fit together."""
        raise NotImplementedError
