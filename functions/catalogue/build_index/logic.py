"""The features of all batches → the visual index of the revision, and what publication needs to know of pictures."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Protocol, TypeVar

from functions.contracts.catalogue import BuildIndexInput, IndexBuilt, IndexedBatch, ProductImage
from functions.shared.errors import Permanent
from functions.shoppable.matching.features import ImageFeatures
from functions.shoppable.matching.index import write_index

IO_THREADS = 48
"""A picture's features take some 30 ms to come, and nearly no processor: 300,000 must come in a few minutes."""
_AHEAD = 2 * IO_THREADS
_MANIFEST = "manifest.json"

Item = TypeVar("Item")
Result = TypeVar("Result")


class Store(Protocol):
    """Where batches, features and revisions are. Every method raises Transient or Permanent."""

    def batches(self, key: str) -> tuple[int, int]:
        """How many batches, and how many products in all."""
        ...

    def indexed(self, import_id: str, batch: int) -> IndexedBatch: ...

    def features(self, shop_id: str, image_sha256: str) -> bytes: ...

    def put_index_file(self, key: str, file: Path) -> None: ...

    def put_images(self, key: str, images: list[ProductImage]) -> None: ...

    def categories(self, products_key: str) -> dict[str, str]:
        """By product id, the top level of its category, where it has one."""
        ...

    def keep_products(self, key: str, products_key: str) -> None:
        """Copies the products file to the revision."""
        ...


def build(given: BuildIndexInput, store: Store, directory: Path) -> IndexBuilt:
    """Builds in an empty directory and stores; again gives the same bytes. Raises Transient or Permanent."""
    revision = f"revisions/{given.shop_id}/{given.revision}"
    batches, products = store.batches(given.batches_key)
    with ThreadPoolExecutor(IO_THREADS) as pool, ThreadPoolExecutor(1) as uploader:
        indexed = list(pool.map(store.indexed, repeat(given.import_id, batches), range(batches)))
        images = _distinct(image for batch in indexed for image in batch.images)
        uploads = _Uploads(store, f"{revision}/index", uploader)
        manifest = write_index(
            _Described(images, given.shop_id, store, pool), directory, store.categories(given.products_key), uploads.add
        )
        uploads.finish()
    store.put_images(f"{revision}/images.jsonl", images)
    store.keep_products(f"{revision}/products.jsonl", given.products_key)
    return IndexBuilt(
        revision=given.revision,
        products=products,
        images=manifest.images,
        descriptors=manifest.descriptors,
        unmatched_products=products - len({image.product_id for image in images}),
        untextured_products=len(manifest.untextured),
        manifest_key=f"{revision}/index/{_MANIFEST}",
        images_key=f"{revision}/images.jsonl",
    )


def _distinct(images: Iterable[ProductImage]) -> list[ProductImage]:
    """By product, and of a product in the feed's order; a picture that a product names twice counts once."""
    first: dict[tuple[str, str], ProductImage] = {}
    for image in images:
        first.setdefault((image.product_id, image.image_sha256), image)
    return sorted(first.values(), key=lambda image: image.product_id)


@dataclass(frozen=True)
class _Described:
    """Pictures whose features are in the store."""

    images: Sequence[ProductImage]
    shop_id: str
    store: Store
    pool: ThreadPoolExecutor

    @property
    def names(self) -> Sequence[tuple[str, str]]:
        return [(image.product_id, image.image_sha256) for image in self.images]

    def features(self, numbers: Sequence[int]) -> Iterator[ImageFeatures]:
        return _ahead(self.pool, self._read, [self.images[number].image_sha256 for number in numbers])

    def _read(self, image_sha256: str) -> ImageFeatures:
        try:
            return ImageFeatures.from_bytes(self.store.features(self.shop_id, image_sha256))
        except ValueError as error:
            raise Permanent(f"the stored features of {image_sha256} cannot be read: {error}") from error


class _Uploads:
    """Stores files of the index one after another while the next one is written, and deletes them: the disk could not
    hold all of them. As the manifest comes last, who finds it finds all that it lists.
    """

    def __init__(self, store: Store, prefix: str, pool: ThreadPoolExecutor) -> None:
        self._store = store
        self._prefix = prefix
        self._pool = pool
        self._last: Future[None] | None = None

    def add(self, file: Path) -> None:
        """Raises what the one before raised."""
        if self._last is not None:
            self._last.result()
        self._last = self._pool.submit(self._put, file)

    def finish(self) -> None:
        """Waits for the last one, and raises what it raised."""
        if self._last is not None:
            self._last.result()

    def _put(self, file: Path) -> None:
        self._store.put_index_file(f"{self._prefix}/{file.name}", file)
        file.unlink()


def _ahead(pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in order, a few fetched ahead: never all of them at once in memory."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
