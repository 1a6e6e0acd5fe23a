"""One batch of products: each picture fetched, checked, re-encoded for delivery and described for the index."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Protocol

import cv2

from functions.contracts.base import Reason
from functions.contracts.catalogue import (
    ImageFailure,
    IndexBatch,
    IndexedBatch,
    IndexProductsInput,
    Product,
    ProductImage,
)
from functions.shoppable.matching.features import ImageFeatures
from functions.shoppable.pictures import Image, PictureRefused, decode_picture, encode_jpeg, picture_sha256
from functions.shoppable.products import is_uploaded

IO_THREADS = 8
FETCH_SECONDS = 360.0
"""A picture that a stranger's host is to give is not asked for later than this after the batch began: hosts that answer
slowly must not use up the function's 600 seconds, which would fail the import for all other pictures too."""

Describe = Callable[[Image], ImageFeatures]
Fetch = Callable[[str], bytes]
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is known of a described picture without reading its features."""

    width: int
    height: int
    keypoints: int


class Store(Protocol):
    """Where products, pictures and features are. Every method raises Transient or Permanent."""

    def products(self, key: str, batch: IndexBatch) -> list[Product]: ...

    def uploaded(self, shop_id: str, name: str) -> bytes:
        """An uploaded picture. Raises PictureRefused when there is none or it is too large."""
        ...

    def find(self, shop_id: str, image_sha256: str) -> Described | None:
        """A picture that was stored before, by the same code."""
        ...

    def put(self, shop_id: str, image_sha256: str, jpeg: bytes, features: bytes, described: Described) -> None: ...

    def put_result(self, import_id: str, result: IndexedBatch) -> None: ...


@dataclass(frozen=True)
class _Picture:
    image_sha256: str
    described: Described


class _Indexer:
    """Many pictures wait for the network at once; only as many are decoded as there are cores, which bounds memory."""

    def __init__(self, shop_id: str, store: Store, fetch: Fetch, describe: Describe, clock: Clock) -> None:
        self._shop_id = shop_id
        self._store = store
        self._fetch_from = fetch
        self._clock = clock
        self._fetch_until = clock() + FETCH_SECONDS
        self._describe = describe
        self._cores = BoundedSemaphore(os.cpu_count() or 1)

    def index(self, source: str) -> _Picture | Reason:
        try:
            body = self._store.uploaded(self._shop_id, source) if is_uploaded(source) else self._fetch(source)
            with self._cores:
                image = decode_picture(body)
                image_sha256 = picture_sha256(image)
            return _Picture(image_sha256, self._known(image_sha256) or self._add(image, image_sha256))
        except PictureRefused as refused:
            return Reason(code=refused.code, message=str(refused))

    def _fetch(self, url: str) -> bytes:
        if self._clock() > self._fetch_until:
            raise PictureRefused("OutOfTime", "The pictures fetched before it took too long.")
        return self._fetch_from(url)

    def _known(self, image_sha256: str) -> Described | None:
        return self._store.find(self._shop_id, image_sha256)

    def _add(self, image: Image, image_sha256: str) -> Described:
        with self._cores:
            features = self._describe(image)
            jpeg, stored = encode_jpeg(image), features.to_bytes()
        described = Described(width=image.shape[1], height=image.shape[0], keypoints=len(features.points))
        self._store.put(self._shop_id, image_sha256, jpeg, stored, described)
        return described


def index_batch(
    given: IndexProductsInput, store: Store, fetch: Fetch, describe: Describe, clock: Clock = time.monotonic
) -> IndexedBatch:
    """Indexes and stores the result; again gives the same. Raises Transient or Permanent, but for no bad picture."""
    # Parallelism is over pictures; OpenCV's own threads would only compete with it.
    cv2.setNumThreads(1)
    products = store.products(given.products_key, given.batch)
    sources = list(dict.fromkeys(link.source for product in products for link in product.image_links))
    indexer = _Indexer(given.shop_id, store, fetch, describe, clock)
    with ThreadPoolExecutor(IO_THREADS) as pool:
        found = dict(zip(sources, pool.map(indexer.index, sources), strict=True))
    images: list[ProductImage] = []
    failures: list[ImageFailure] = []
    for product in products:
        for link in product.image_links:
            picture = found[link.source]
            if isinstance(picture, Reason):
                failures.append(ImageFailure(product_id=product.product_id, source=link.source, reason=picture))
                continue
            images.append(
                ProductImage(
                    product_id=product.product_id,
                    source=link.source,
                    image_sha256=picture.image_sha256,
                    width=picture.described.width,
                    height=picture.described.height,
                    keypoints=picture.described.keypoints,
                )
            )
    result = IndexedBatch(batch=given.batch.batch, images=tuple(images), failures=tuple(failures))
    store.put_result(given.import_id, result)
    return result
