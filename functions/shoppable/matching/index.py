"""The visual index of a catalogue revision: built once, streamed, so that memory stays bounded; read by memory map.

Two layers. The *search* layer answers "which products have points that look like these" and is small enough to be
fetched. The *records* hold what verification needs of a picture: of a large catalogue, only those of pictures that are
verified are ever read, one by one.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from functions.contracts.base import Contract, Identifier, Sha256
from functions.shoppable.matching.features import ROOT_SCALE, ImageFeatures
from functions.shoppable.matching.records import (
    FileRecords,
    RecordSource,
    Reference,
    Span,
    checksum_of,
    packed,
    quantised,
    record_of,
    reference_of,
    unpacked,
)
from functions.shoppable.matching.search import SearchBuilder, SearchLayer
from functions.shoppable.texture import matching_of

SEARCH_FEATURES = 250
"""Of every image, in the search layer, at most: of each size the strongest."""
SEARCH_ROWS = 4_500_000
"""In the search layer, about: what a larger catalogue must do with is fewer features of each image."""
FEWEST_SEARCH_FEATURES = 100
"""But not fewer than these."""
REDUCED = 64
_REDUCE_FROM = 100_000
"""Descriptors in the catalogue from which on they are reduced to REDUCED dimensions: below, a catalogue's own principal
components would not span what scenes show, and speed is no concern."""
_SAMPLED_IMAGES = 1_500
"""What a catalogue's own principal components and lists are learned from."""
_TRAINING = 120_000
_FILE_BYTES = 512 << 20
"""Of records, at most: a finished file can be stored and deleted before the next one grows."""
_KEPT = 64
"""References that are kept: a frame mostly shows what the one before it did."""
_MANIFEST = "manifest.json"
_NAMES = "names.json"
_IMAGES = "images.npy"
_PROJECTION = "projection.npy"
_SEARCH = "search.faiss"
_SEARCH_POINTS = "search_points.bin"
_IMAGE = np.dtype(
    [
        ("product", "<u4"),
        ("width", "<u2"),
        ("height", "<u2"),
        ("first_row", "<u4"),
        ("file", "<u4"),
        ("start", "<u4"),
        ("size", "<u4"),
        ("checksum", "<u8"),
        ("sha256", "u1", (32,)),
    ]
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class IndexEntry:
    """One product image."""

    product_id: str
    image_sha256: str
    features: ImageFeatures


class Pictures(Protocol):
    """A catalogue's pictures. Their features are read twice in part, and never held all at once."""

    @property
    def names(self) -> Sequence[tuple[str, str]]:
        """(product id, SHA-256 of the image) of each."""
        ...

    def features(self, numbers: Sequence[int]) -> Iterator[ImageFeatures]:
        """Of the pictures with these numbers, in this order."""
        ...


class IndexManifest(Contract):
    """What the index's directory holds; also in it, as `manifest.json`."""

    schema_version: Literal["index.v3"] = "index.v3"
    products: int
    images: int
    descriptors: int
    search_rows: int
    files: dict[str, Sha256]
    """File name (flat, no folders) to digest; `manifest.json` itself is not listed."""
    records: tuple[str, ...]
    """Those of the files that hold records, by number: they need not be there as a whole."""
    record_bytes: int
    untextured: tuple[Identifier, ...]
    """Products whose images have too few features to be found reliably."""


class _Names(Contract):
    products: tuple[Identifier, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Held:
    """Pictures whose features are in memory."""

    entries: Sequence[IndexEntry]

    @property
    def names(self) -> Sequence[tuple[str, str]]:
        return [(entry.product_id, entry.image_sha256) for entry in self.entries]

    def features(self, numbers: Sequence[int]) -> Iterator[ImageFeatures]:
        return (self.entries[number].features for number in numbers)


def build_index(
    entries: Iterable[IndexEntry], directory: Path, categories: Mapping[str, str] | None = None
) -> IndexManifest:
    """write_index of what is in memory already."""
    return write_index(_Held(list(entries)), directory, categories or {})


def write_index(
    pictures: Pictures,
    directory: Path,
    categories: Mapping[str, str],
    finished: Callable[[Path], None] = lambda _: None,
) -> IndexManifest:
    """Write the index's files into an existing directory: the same pictures in any order give the same bytes.

    `categories`: by product id, the top level of the feed's category; a product without one has "". `finished` is
    called with every file once it is whole, the manifest last; it may delete what it is given.
    """
    names = pictures.names
    order = sorted(range(len(names)), key=names.__getitem__)
    products = sorted({product_id for product_id, _ in names})
    number_of = {product_id: number for number, product_id in enumerate(products)}
    layers = _Layers(pictures, order, directory, finished)
    images = np.zeros(len(order), _IMAGE)
    keypoints: dict[str, list[int]] = {product_id: [] for product_id in products}
    for at, (number, features) in enumerate(zip(order, pictures.features(order), strict=True)):
        product_id, image_sha256 = names[number]
        digest = np.frombuffer(bytes.fromhex(image_sha256), np.uint8)
        images[at] = (number_of[product_id], features.width, features.height, *layers.add(features), digest)
        keypoints[product_id].append(len(features.points))
    files = layers.close()
    np.save(directory / _IMAGES, images)
    held = _Names(products=tuple(products), categories=tuple(categories.get(product_id, "") for product_id in products))
    (directory / _NAMES).write_text(held.model_dump_json())
    for name in (_IMAGES, _NAMES, _PROJECTION, _SEARCH, _SEARCH_POINTS):
        files[name] = _sha256(directory / name)
        finished(directory / name)
    manifest = IndexManifest(
        products=len(products),
        images=len(order),
        descriptors=sum(map(sum, keypoints.values())),
        search_rows=layers.search.rows,
        files=dict(sorted(files.items())),
        records=tuple(layers.records.names),
        record_bytes=int(images["size"].sum()),
        untextured=tuple(name for name in products if matching_of(keypoints[name]) != "instance"),
    )
    (directory / _MANIFEST).write_text(manifest.model_dump_json())
    finished(directory / _MANIFEST)
    return manifest


class _Layers:
    """Both layers, growing picture by picture."""

    def __init__(
        self, pictures: Pictures, order: Sequence[int], directory: Path, finished: Callable[[Path], None]
    ) -> None:
        # In even steps over the catalogue: the same pictures whatever order they came in.
        sampled = order[:: max(1, -(-len(order) // _SAMPLED_IMAGES))]
        self._features = search_features(len(order))
        found: list[NDArray[np.uint8]] = []
        each = 0.0
        for features in pictures.features(sampled):
            found.append(features.descriptors[_spread(features.points, self._features)])
            each += len(features.points) / len(sampled)
        rows = round(sum(map(len, found)) / max(len(found), 1) * len(order))
        sample = np.concatenate(found) if found else np.zeros((0, 128), np.uint8)
        self._projection = _projection(sample, reduce=each * len(order) >= _REDUCE_FROM)
        np.save(directory / _PROJECTION, self._projection)
        self.search = SearchBuilder(_projected(sample, self._projection), rows)
        self.records = _RecordWriter(directory, finished)
        self._search_path = directory / _SEARCH
        self._points = (directory / _SEARCH_POINTS).open("wb")

    def add(self, features: ImageFeatures) -> tuple[int, int, int, int, int]:
        """Where it is: `first_row` to `checksum` of the table of images."""
        first = self.search.rows
        vectors, points = _projected(features.descriptors, self._projection), packed(features.points)
        chosen = _spread(features.points, self._features)
        self.search.add(vectors[chosen])
        self._points.write(points[chosen].astype("<i2").tobytes())
        record = record_of(
            (features.width, features.height), points, quantised(vectors), features.outline, features.picture
        )
        return first, *self.records.add(record)

    def close(self) -> dict[str, str]:
        """The files of records, with their digests; all others are written as well."""
        self._points.close()
        self.search.write(self._search_path)
        return self.records.close()


class _RecordWriter:
    """Records one after another, in files of limited size."""

    def __init__(self, directory: Path, finished: Callable[[Path], None]) -> None:
        self._directory = directory
        self._finished = finished
        self._digests: dict[str, str] = {}
        self.names: list[str] = []
        self._start()

    def add(self, record: bytes) -> tuple[int, int, int, int]:
        """Number of the file, start, size and checksum."""
        if self._at + len(record) > _FILE_BYTES:
            self._end()
            self._start()
        where = len(self.names) - 1, self._at, len(record), checksum_of(record)
        self._file.write(record)
        self._hash.update(record)
        self._at += len(record)
        return where

    def close(self) -> dict[str, str]:
        """File name to digest."""
        self._end()
        return self._digests

    def _start(self) -> None:
        self.names.append(f"records-{len(self.names):04d}.bin")
        self._file = (self._directory / self.names[-1]).open("wb")
        self._hash = hashlib.sha256()
        self._at = 0

    def _end(self) -> None:
        self._file.close()
        self._digests[self.names[-1]] = self._hash.hexdigest()
        self._finished(self._directory / self.names[-1])


class InstanceIndex:
    """An opened index. Not safe for several threads."""

    def __init__(self, directory: Path, manifest: IndexManifest, records: RecordSource) -> None:
        names = _Names.model_validate_json((directory / _NAMES).read_text())
        self.manifest = manifest
        self.digest = _sha256(directory / _MANIFEST)
        """SHA-256 of the manifest, and so of all that it lists: evidence names it."""
        self.product_ids = names.products
        self.categories = names.categories
        """Of the products."""
        self._images = np.load(directory / _IMAGES, mmap_mode="r")
        self.image_product = self._images["product"].astype(np.int64)
        self.image_size = np.column_stack([self._images["width"], self._images["height"]]).astype(np.float32)
        self._first_row = self._images["first_row"].astype(np.int64)
        self._projection = cast("Floats", np.load(directory / _PROJECTION))
        points = directory / _SEARCH_POINTS
        self._points = (
            np.memmap(points, "<i2", "r").reshape(-1, 4) if points.stat().st_size else np.zeros((0, 4), np.int16)
        )
        self._search = SearchLayer(directory / _SEARCH)
        self._records = records
        self._kept: dict[int, Reference] = {}
        """By image, the latest last."""

    @classmethod
    def load(cls, directory: Path, records: RecordSource | None = None) -> Self:
        """Open by memory map; `records`: where they are if not in the directory.

        Raises ValueError when the files are not of this version or do not fit together.
        """
        try:
            manifest = IndexManifest.model_validate_json((directory / _MANIFEST).read_text())
            index = cls(directory, manifest, records or FileRecords(directory))
        except (OSError, ValidationError, RuntimeError) as failure:
            raise ValueError(f"no index of version index.v3 in {directory}: {failure}") from failure
        found = (len(index.product_ids), len(index.categories), len(index._images), len(index._points))
        if found != (manifest.products, manifest.products, manifest.images, manifest.search_rows):
            raise ValueError(f"the index's files do not fit together: {found} against {manifest!r}")
        return index

    def project(self, descriptors: NDArray[np.uint8]) -> Floats:
        """(N, 128) RootSIFT to (N, D) float32 in which Euclidean distance is close to the one before."""
        return _projected(descriptors, self._projection)

    def search(self, projected: Floats, neighbours: int) -> tuple[Floats, NDArray[np.int64]]:
        """Squared distances and rows of the search layer, (N, neighbours) each; row -1 where there are fewer."""
        return self._search.search(projected, neighbours)

    def search_rows(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
        """Image number and (N, 4) points of rows of the search layer."""
        return np.searchsorted(self._first_row, rows, side="right") - 1, unpacked(self._points[rows])

    def image_sha256(self, image: int) -> str:
        """Of an image, by number."""
        return self._images["sha256"][image].tobytes().hex()

    def references(self, images: Iterable[int]) -> dict[int, Reference]:
        """All that is known of these images, read at once. Raises what the source of records does."""
        numbers = list(dict.fromkeys(images))
        missing = [number for number in numbers if number not in self._kept]
        records = self._records.read([self._span(number) for number in missing])
        read = {number: reference_of(record) for number, record in zip(missing, records, strict=True)}
        found = {number: read[number] if number in read else self._kept.pop(number) for number in numbers}
        self._kept |= found
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def reference(self, image: int) -> Reference:
        """All that is known of one image."""
        return self.references([image])[image]

    def _span(self, image: int) -> Span:
        row = self._images[image]
        file, start, size, checksum = (int(row[name]) for name in ("file", "start", "size", "checksum"))
        return Span(self.manifest.records[file], start, size, checksum)


def search_features(images: int) -> int:
    """How many of each image the search layer of a catalogue holds, at most."""
    return int(np.clip(SEARCH_ROWS // max(images, 1), FEWEST_SEARCH_FEATURES, SEARCH_FEATURES))


def _spread(points: Floats, most: int) -> NDArray[np.int64]:
    """Which points are searched for: of every octave of sizes the strongest, then the second … Small points are many
    and strong, but of a product that is small in the frame only the large ones are seen.
    """
    octave = np.maximum(np.floor(np.log2(np.maximum(points[:, 2], 1e-3))), 1)
    order = np.argsort(octave, kind="stable")
    _, first, counts = np.unique(octave[order], return_index=True, return_counts=True)
    rank = np.empty(len(points), np.int64)
    rank[order] = np.arange(len(points)) - np.repeat(first, counts)
    return np.sort(np.argsort(rank, kind="stable")[:most])


def _projection(sample: NDArray[np.uint8], *, reduce: bool) -> Floats:
    """(129, D): the projected mean, then the 128 rows of the matrix."""
    if not reduce:
        return np.vstack([np.zeros((1, 128)), np.eye(128)]).astype(np.float32)
    vectors = sample[:: max(1, -(-len(sample) // _TRAINING))].astype(np.float64) / ROOT_SCALE
    mean = vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
    axes = axes[:, ::-1][:, :REDUCED]
    # Eigenvectors are known up to their sign.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.vstack([mean @ axes, axes]).astype(np.float32)


def _projected(descriptors: NDArray[np.uint8], projection: Floats) -> Floats:
    return (descriptors.astype(np.float32) / ROOT_SCALE) @ projection[1:] - projection[0]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
