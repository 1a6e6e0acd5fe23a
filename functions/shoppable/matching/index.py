"""The visual index of a catalogue revision: built once, read by memory map.

Two layers. The *search* layer holds the strongest descriptors of every image, quantised, in an inverted file
(faiss): it
answers "which products have points that look like these". The *store* holds what verification needs of a single
image, and
only the pages of the images that are verified are ever read.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from functions.contracts.base import Contract, Identifier, Sha256
from functions.shoppable.matching.features import OUTLINE_POINTS, ROOT_SCALE, ImageFeatures

SEARCH_FEATURES = 250
"""Of every image, in the search layer."""
TEXTURED_FEATURES = 40
REDUCED = 64
_REDUCE_FROM = 100_000
"""Descriptors in the catalogue from which on they are reduced to REDUCED dimensions: below, a catalogue's own principal
components would not span what scenes show, and speed is no concern."""
_COARSE_FROM = 400_000
"""Descriptors from which on the search layer holds product-quantised codes instead of one byte per dimension."""
_TRAINING = 120_000
_MANIFEST = "manifest.json"
_FILES = (
    "search.faiss",
    "search_image.npy",
    "search_points.npy",
    "projection.npy",
    "images.npy",
    "points.npy",
    "descriptors.npy",
    "outlines.npy",
    "pictures.bin",
    "names.json",
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class IndexEntry:
    """One product image."""

    product_id: str
    image_sha256: str
    features: ImageFeatures


class IndexManifest(Contract):
    """What the index's directory holds; also in it, as `manifest.json`."""

    schema_version: Literal["index.v3"] = "index.v3"
    products: int
    images: int
    descriptors: int
    files: dict[str, Sha256]
    """File name (flat, no folders) to digest; `manifest.json` itself is not listed."""
    untextured: tuple[Identifier, ...]
    """Products whose images have too few features to be found reliably."""


class _Names(Contract):
    products: tuple[Identifier, ...]
    categories: tuple[str, ...]
    images: tuple[Sha256, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """What verification needs of one product image; D dimensions as in `InstanceIndex.project`."""

    width: float
    height: float
    points: Floats
    """(N, 4) as in ImageFeatures."""
    descriptors: Floats
    """(N, D)"""
    outline: Floats
    jpeg: bytes

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """(H, W, 3) BGR, small."""
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise ValueError("a picture of the index is damaged")
        return np.asarray(decoded, np.uint8)


def build_index(
    entries: Iterable[IndexEntry], directory: Path, categories: Mapping[str, str] | None = None
) -> IndexManifest:
    """Write the index's files into an existing directory: the same entries in any order give the same bytes.

    `categories`: by product id, the top level of the feed's category; a product without one has "".
    """
    ordered = sorted(entries, key=lambda entry: (entry.product_id, entry.image_sha256))
    products = sorted({entry.product_id for entry in ordered})
    product_number = {product_id: number for number, product_id in enumerate(products)}
    counts = np.array([len(entry.features.points) for entry in ordered], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    projection = _projection(ordered, counts)
    dimensions = projection.shape[1]

    images = np.zeros((len(ordered), 7), dtype=np.int64)
    images[:, 0] = [product_number[entry.product_id] for entry in ordered]
    images[:, 1], images[:, 2] = starts[:-1], counts
    images[:, 3] = [entry.features.width for entry in ordered]
    images[:, 4] = [entry.features.height for entry in ordered]
    sizes = np.array([len(entry.features.picture) for entry in ordered], dtype=np.int64)
    images[:, 5], images[:, 6] = np.cumsum(sizes) - sizes, sizes
    np.save(directory / "images.npy", images)
    np.save(directory / "projection.npy", projection)
    np.save(
        directory / "outlines.npy", _stacked([e.features.outline for e in ordered], (OUTLINE_POINTS, 2), np.float32)
    )
    (directory / "pictures.bin").write_bytes(b"".join(entry.features.picture for entry in ordered))
    np.save(directory / "points.npy", _rows([_packed(entry.features.points) for entry in ordered], 4, np.int16))

    total = int(starts[-1])
    codes = np.zeros((total, dimensions), np.int8)
    searched: list[NDArray[np.int8]] = []
    for entry, start in zip(ordered, starts, strict=False):
        projected = _quantised(_projected(entry.features.descriptors, projection))
        codes[start : start + len(projected)] = projected
        searched.append(projected[:SEARCH_FEATURES])
    np.save(directory / "descriptors.npy", codes)
    search_counts = np.minimum(counts, SEARCH_FEATURES)
    np.save(directory / "search_image.npy", np.repeat(np.arange(len(ordered), dtype=np.int32), search_counts))
    np.save(
        directory / "search_points.npy",
        _rows([_packed(entry.features.points[:SEARCH_FEATURES]) for entry in ordered], 4, np.int16),
    )
    _write_search(_rows(searched, dimensions, np.int8), directory / "search.faiss")
    categories = categories or {}
    names = _Names(
        products=tuple(products),
        categories=tuple(categories.get(product_id, "") for product_id in products),
        images=tuple(entry.image_sha256 for entry in ordered),
    )
    (directory / "names.json").write_text(names.model_dump_json())

    best = np.zeros(len(products), dtype=np.int64)
    np.maximum.at(best, images[:, 0], counts)
    manifest = IndexManifest(
        products=len(products),
        images=len(ordered),
        descriptors=total,
        files={name: _sha256(directory / name) for name in _FILES},
        untextured=tuple(products[number] for number in np.flatnonzero(best < TEXTURED_FEATURES)),
    )
    (directory / _MANIFEST).write_text(manifest.model_dump_json())
    return manifest


class InstanceIndex:
    """An opened index. Not safe for several threads."""

    def __init__(self, directory: Path, manifest: IndexManifest, names: _Names) -> None:
        self.manifest = manifest
        self.digest = _sha256(directory / _MANIFEST)
        """SHA-256 of the manifest, and so of all that it lists: evidence names it."""
        self.product_ids = names.products
        self.categories = names.categories
        """Of the products."""
        self.image_sha256s = names.images
        self._images = cast("NDArray[np.int64]", np.load(directory / "images.npy"))
        self.image_product = self._images[:, 0]
        self.image_size = self._images[:, 3:5].astype(np.float32)
        self._projection = cast("Floats", np.load(directory / "projection.npy"))
        self._search_image = cast("NDArray[np.int32]", np.load(directory / "search_image.npy", mmap_mode="r"))
        self._search_points = cast("NDArray[np.int16]", np.load(directory / "search_points.npy", mmap_mode="r"))
        self._points = cast("NDArray[np.int16]", np.load(directory / "points.npy", mmap_mode="r"))
        self._descriptors = cast("NDArray[np.int8]", np.load(directory / "descriptors.npy", mmap_mode="r"))
        self._outlines = cast("Floats", np.load(directory / "outlines.npy", mmap_mode="r"))
        pictures = directory / "pictures.bin"
        self._pictures = np.memmap(pictures, np.uint8, "r") if pictures.stat().st_size else np.zeros(0, np.uint8)
        self._search: Any = _read_search(directory / "search.faiss") if len(self._search_image) else None

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Open by memory map. Raises ValueError when the files are not of this version or do not fit together."""
        try:
            manifest = IndexManifest.model_validate_json((directory / _MANIFEST).read_text())
            names = _Names.model_validate_json((directory / "names.json").read_text())
            index = cls(directory, manifest, names)
        except (OSError, ValidationError, RuntimeError) as failure:
            raise ValueError(f"no index of version index.v3 in {directory}: {failure}") from failure
        rows = (
            len(index.product_ids),
            len(index.categories),
            len(index.image_sha256s),
            len(index._points),
            len(index._descriptors),
        )
        if rows != (manifest.products, manifest.products, manifest.images, *[manifest.descriptors] * 2):
            raise ValueError(f"the index's files do not fit together: {rows} against {manifest!r}")
        return index

    def project(self, descriptors: NDArray[np.uint8]) -> Floats:
        """(N, 128) RootSIFT to (N, D) float32 in which Euclidean distance is close to the one before."""
        return _projected(descriptors, self._projection)

    def search(self, projected: Floats, neighbours: int) -> tuple[Floats, NDArray[np.int64]]:
        """Squared distances and rows of the search layer, (N, neighbours) each; row -1 where there are fewer."""
        if self._search is None or not len(projected):
            empty = (len(projected), neighbours)
            return np.full(empty, np.inf, np.float32), np.full(empty, -1, np.int64)
        return cast("tuple[Floats, NDArray[np.int64]]", self._search.search(projected, neighbours))

    def search_rows(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], Floats]:
        """Image number and (N, 4) points of rows of the search layer."""
        return self._search_image[rows], _unpacked(self._search_points[rows])

    def reference(self, image: int) -> Reference:
        """All that is known of one image."""
        start, count = int(self._images[image, 1]), int(self._images[image, 2])
        at, size = int(self._images[image, 5]), int(self._images[image, 6])
        return Reference(
            width=float(self.image_size[image, 0]),
            height=float(self.image_size[image, 1]),
            points=_unpacked(self._points[start : start + count]),
            descriptors=self._descriptors[start : start + count].astype(np.float32) / _CODE_SCALE,
            outline=np.array(self._outlines[image]),
            jpeg=self._pictures[at : at + size].tobytes(),
        )


_CODE_SCALE = 254.0


def _projection(ordered: Sequence[IndexEntry], counts: NDArray[np.int64]) -> Floats:
    """(129, D): the projected mean, then the 128 rows of the matrix."""
    identity = np.vstack([np.zeros((1, 128)), np.eye(128)]).astype(np.float32)
    if counts.sum() < _REDUCE_FROM:
        return identity
    per_image = max(1, _TRAINING // len(ordered))
    sample = np.concatenate(
        [entry.features.descriptors[:SEARCH_FEATURES][:: max(1, SEARCH_FEATURES // per_image)] for entry in ordered]
    )
    vectors = sample[:: max(1, len(sample) // _TRAINING)].astype(np.float64) / ROOT_SCALE
    mean = vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
    axes = axes[:, ::-1][:, :REDUCED]
    # Eigenvectors are known up to their sign.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.vstack([mean @ axes, axes]).astype(np.float32)


def _projected(descriptors: NDArray[np.uint8], projection: Floats) -> Floats:
    return (descriptors.astype(np.float32) / ROOT_SCALE) @ projection[1:] - projection[0]


def _quantised(vectors: Floats) -> NDArray[np.int8]:
    return np.clip(np.rint(vectors * _CODE_SCALE), -127, 127).astype(np.int8)


def _packed(points: Floats) -> NDArray[np.int16]:
    """Sixteenths of pixels and tenths of degrees."""
    return np.rint(points * np.array([16, 16, 16, 10], dtype=np.float32)).astype(np.int16)


def _unpacked(points: NDArray[np.int16]) -> Floats:
    return points.astype(np.float32) / np.array([16, 16, 16, 10], dtype=np.float32)


def _write_search(codes: NDArray[np.int8], path: Path) -> None:
    count, dimensions = codes.shape
    if count == 0:
        path.write_bytes(b"")
        return
    import faiss

    if count < 2_000:
        factory, probes = "Flat", 0
    elif count < _COARSE_FROM:
        lists = 2 ** int(np.clip(np.log2(count / 100), 4, 11))
        factory, probes = f"IVF{lists},SQ8", max(4, lists // 32)
    else:
        factory, probes = "IVF4096,PQ32x4fs", 12
    index: Any = faiss.index_factory(dimensions, factory)
    if factory != "Flat":
        index.cp.niter = 8
        index.cp.seed = 1
        index.cp.min_points_per_centroid = 5
        step = max(1, count // _TRAINING)
        index.train(np.ascontiguousarray(codes[::step].astype(np.float32) / _CODE_SCALE))
        index.nprobe = probes
    for start in range(0, count, 200_000):
        index.add(codes[start : start + 200_000].astype(np.float32) / _CODE_SCALE)
    faiss.write_index(index, str(path))


def _read_search(path: Path) -> Any:  # noqa: ANN401 (faiss has no types)
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP)


def _stacked(arrays: Sequence[NDArray[Any]], shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
    return np.stack(arrays).astype(kind) if arrays else np.zeros((0, *shape), kind)


def _rows(arrays: Sequence[NDArray[Any]], columns: int, kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(arrays).astype(kind) if arrays else np.zeros((0, columns), kind)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
