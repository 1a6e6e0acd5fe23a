"""A revision becomes the live catalogue: its products and offers are written, then the pointer is swapped.

Offers are one object per product whatever the revision, so an import that dies while writing leaves some of each.
Hence the mark: an import puts its revision on the live record before the first offer; the transaction that swaps the
pointer takes it away. The next import writes every offer that differs from what is live *or* marked.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

from functions.contracts.catalogue import CataloguePublished, Matching, Product, ProductImage, PublishCatalogueInput
from functions.contracts.offers import Offer
from functions.shared.errors import Transient
from functions.shared.live import LiveCatalogue
from functions.shared.objects import canonical_json
from functions.shoppable.texture import matching_of

IO_THREADS = 32


class Store(Protocol):
    """Where products, offers and the live record are. Every method raises Transient or Permanent."""

    def products(self, key: str) -> Iterator[Product]: ...

    def images(self, key: str) -> Iterator[ProductImage]: ...

    def put_products(self, rows: "list[Row]", revision: str) -> None: ...

    def offers(self, shop_id: str, revision: str) -> dict[str, bytes]:
        """Canonical offers of a revision by product; none when it never came to write them."""
        ...

    def put_offers(self, shop_id: str, revision: str, offers: dict[str, bytes]) -> None: ...

    def put_offer(self, shop_id: str, product_id: str, offer: bytes) -> None: ...

    def live(self, shop_id: str) -> LiveCatalogue | None: ...

    def mark(self, catalogue: LiveCatalogue) -> "Marked | None":
        """Says that offers of this revision are about to be written. None, and no mark, when a newer feed is live."""
        ...

    def unmark(self, shop_id: str, revision: str) -> None: ...

    def go_live(self, catalogue: LiveCatalogue, marked: "Marked", import_id: str, counts: dict[str, int]) -> bool:
        """Swaps the pointer, takes the marks away and sets the import's status, all or nothing.

        False when a newer feed is live, or another revision than when the mark was put.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """Of the products table."""

    product: Product
    image_sha256: str | None
    """Of the product's first picture."""
    matching: Matching


@dataclass(frozen=True)
class Marked:
    """The live record as it was when the mark was put."""

    revision: str | None
    """The one that was live."""
    pending: frozenset[str]
    """Revisions whose imports said the same and did not come to their end."""


def publish(given: PublishCatalogueInput, store: Store) -> CataloguePublished:
    """Publishes; again gives the same. Raises Transient or Permanent, and then the old revision is live still."""
    source, index = given.source, given.index
    shop_id, revision = source.shop_id, index.revision
    catalogue = LiveCatalogue(
        shop_id=shop_id,
        revision=revision,
        products_key=f"revisions/{shop_id}/{revision}/products.jsonl",
        manifest_key=index.manifest_key,
        sequencer=source.sequencer,
        feed_key=source.key,
        products=index.products,
    )
    pictures = _pictures(store.images(index.images_key))
    offers: dict[str, bytes] = {}
    with ThreadPoolExecutor(IO_THREADS) as pool:
        rows = list(_rows(store.products(catalogue.products_key), pictures, offers))
        _all(pool.map(store.put_products, rows, repeat(revision)))
        store.put_offers(shop_id, revision, offers)
        marked = store.mark(catalogue)
        if marked is None:
            newer = store.live(shop_id)
            if newer is not None and revision in newer.offers_pending:
                # An attempt before this one died while it wrote offers.
                _take_back(pool, store, offers, revision, newer)
            return CataloguePublished(outcome="superseded", revision=revision, products=len(offers), offers_written=0)
        stale = _stale(
            offers,
            live=store.offers(shop_id, marked.revision) if marked.revision else {},
            pending=[store.offers(shop_id, known) for known in sorted(marked.pending - {revision})],
        )
        _write(pool, store, shop_id, stale)
        if store.go_live(catalogue, marked, source.import_id, _counts(given, len(stale))):
            return CataloguePublished(
                outcome="published", revision=revision, products=len(offers), offers_written=len(stale)
            )
        newer = store.live(shop_id)
        if newer is None or newer.feed_key != source.key or newer.sequencer <= source.sequencer:
            # Its own mark stays, so that the next attempt compares with both.
            raise Transient(f"another import of {shop_id} went live meanwhile")
        _take_back(pool, store, offers, revision, newer)
        return CataloguePublished(outcome="superseded", revision=revision, products=len(offers), offers_written=0)


def _counts(given: PublishCatalogueInput, offers_written: int) -> dict[str, int]:
    feed, index = given.feed, given.index
    return {
        "products": index.products,
        "added": feed.added,
        "changed": feed.changed,
        "removed": feed.removed,
        "rejected": feed.rejected,
        "images": index.images,
        "unmatched_products": index.unmatched_products,
        "untextured_products": index.untextured_products,
        "offers_written": offers_written,
    }


def _write(pool: ThreadPoolExecutor, store: Store, shop_id: str, offers: dict[str, bytes]) -> None:
    def put(product_id: str) -> None:
        store.put_offer(shop_id, product_id, offers[product_id])

    _all(pool.map(put, offers))


def _take_back(
    pool: ThreadPoolExecutor, store: Store, offers: dict[str, bytes], revision: str, newer: LiveCatalogue
) -> None:
    """Whatever `offers` of this revision were written, those of the newer catalogue are there afterwards."""
    right = store.offers(newer.shop_id, newer.revision)
    wrong = {product_id: offer for product_id, offer in right.items() if offers.get(product_id) != offer}
    wrong |= {product_id: _gone(offer) for product_id, offer in offers.items() if product_id not in right}
    _write(pool, store, newer.shop_id, wrong)
    store.unmark(newer.shop_id, revision)


def _all(results: Iterable[None]) -> None:
    """Waits for all, and raises what the first of them raised."""
    for _ in results:
        pass


def _pictures(images: Iterator[ProductImage]) -> dict[str, list[ProductImage]]:
    found: dict[str, list[ProductImage]] = {}
    for image in images:
        found.setdefault(image.product_id, []).append(image)
    return found


def _rows(
    products: Iterator[Product], pictures: dict[str, list[ProductImage]], offers: dict[str, bytes]
) -> Iterator[list[Row]]:
    """Chunks as large as one BatchWriteItem takes; the products' offers are gathered on the way."""
    chunk: list[Row] = []
    for product in products:
        own = pictures.get(product.product_id, [])
        picture = own[0].image_sha256 if own else None
        offers[product.product_id] = canonical_json(_offer(product, picture))
        matching = matching_of(image.keypoints for image in own)
        chunk.append(Row(product=product, image_sha256=picture, matching=matching))
        if len(chunk) == 25:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _offer(product: Product, picture: str | None) -> Offer:
    return Offer(
        shop_id=product.shop_id,
        product_id=product.product_id,
        feed_id=product.feed_id,
        title=product.title,
        brand=product.brand,
        image=f"images/{product.shop_id}/{picture}.jpg" if picture else None,
        link=product.link,
        price=product.price,
        sale_price=product.sale_price,
        sale_starts_at=product.sale_starts_at,
        sale_ends_at=product.sale_ends_at,
        availability=product.availability,
        alternates=product.alternates,
    )


def _stale(offers: dict[str, bytes], *, live: dict[str, bytes], pending: list[dict[str, bytes]]) -> dict[str, bytes]:
    """The offers to write. Any of `live` and `pending` may be what is there: only what all of them say is kept."""
    sources = [live, *pending]
    stale = {
        product_id: offer
        for product_id, offer in offers.items()
        if any(source.get(product_id) != offer for source in sources)
    }
    for source in sources:
        for product_id, offer in source.items():
            if product_id not in offers and product_id not in stale:
                # Videos that show it are published still: it is not for sale, which is something else than unknown.
                stale[product_id] = _gone(offer)
    return stale


def _gone(offer: bytes) -> bytes:
    return canonical_json(Offer.model_validate_json(offer).model_copy(update={"availability": "out_of_stock"}))
