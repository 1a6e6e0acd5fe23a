"""The catalogue pipeline's contracts: the product, and what passes between the states of catalogue-import."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.contracts.base import Contract, Identifier, Reason, Sha256

Matching = Literal["instance", "needs_semantic_engine", "no_picture"]
"""How a product can be found in videos: by its print; not reliably by it, for it has too little; not at all."""

Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]


class Money(Contract):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    minor_units: Annotated[int, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class ImageLink(Contract):
    """Where a product image comes from: an https URL, or a file name relative to the shop's uploaded images."""

    source: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Product(Contract):
    """A product, normalised from a feed row (Google Merchant's product data specification)."""

    product_id: Identifier
    shop_id: Identifier
    feed_id: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    item_group_id: str | None = None
    title: Annotated[str, StringConstraints(min_length=1, max_length=150)]
    description: Annotated[str, StringConstraints(max_length=5000)] = ""
    brand: str | None = None
    gtin: str | None = None
    mpn: str | None = None
    link: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    image_links: Annotated[tuple[ImageLink, ...], Field(min_length=1, max_length=11)]
    price: Money
    sale_price: Money | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    availability: Availability
    category: str | None = None
    alternates: tuple[Identifier, ...] = ()


class RejectedRow(Contract):
    """A feed row that was refused: it goes to the quarantine file, nothing is lost."""

    row: Annotated[int, Field(ge=1)]
    """1 is the first row of data (a TSV's header is not counted)."""
    feed_id: str
    field: str
    reason: str


class CatalogueImport(Contract):
    """The input of a catalogue-import execution: no event id, no clock, so that a duplicate is the same input."""

    shop_id: Identifier
    import_id: Identifier
    bucket: str
    key: str
    version_id: str
    sequencer: str
    """S3's sequencer, left-padded with zeros to 32 hex digits: compares as text."""


class FeedRead(Contract):
    """What ReadFeed returns (`$.feed`). `outcome` is what the Choice after it reads."""

    outcome: Literal["changed", "unchanged", "suspicious", "refused"]
    reason: Reason | None = None
    """Given when refused or suspicious."""
    revision: Identifier | None = None
    products: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0
    products_key: str | None = None
    """JSON Lines of Product in the catalogue bucket, sorted by product_id."""
    batches_key: str | None = None
    """A JSON array of IndexBatch in the catalogue bucket: what the Distributed Map reads."""
    quarantine_key: str | None = None


class IndexBatch(Contract):
    """One item of the Distributed Map: a slice of the products file."""

    batch: int
    first: int
    count: int
    start_byte: int
    end_byte: int
    """Half open: where the slice lies in the file, so that a batch reads its own lines and no others."""


class IndexProductsInput(Contract):
    shop_id: Identifier
    import_id: Identifier
    revision: Identifier
    products_key: str
    batch: IndexBatch


class ProductImage(Contract):
    """A product image that was fetched, re-encoded and described."""

    product_id: Identifier
    source: str
    image_sha256: Sha256
    """Of the decoded pixels: names the delivered image and the descriptor object."""
    width: int
    height: int
    keypoints: int


class ImageFailure(Contract):
    """An image that could not be used; the product lives on if another of its images can."""

    product_id: Identifier
    source: str
    reason: Reason


class IndexedBatch(Contract):
    """What IndexProducts stores for a batch, as JSON in the catalogue bucket (`imports/<id>/indexed-0000.json`)."""

    batch: int
    images: tuple[ProductImage, ...]
    failures: tuple[ImageFailure, ...]


class BuildIndexInput(Contract):
    shop_id: Identifier
    import_id: Identifier
    revision: Identifier
    products_key: str
    batches_key: str


class IndexBuilt(Contract):
    """What BuildIndex returns (`$.index`)."""

    revision: Identifier
    products: int
    images: int
    descriptors: int
    unmatched_products: int
    """Products with no usable image: listed and sold, but not findable."""
    untextured_products: int
    """Products that need a semantic engine: too little is printed on them to be found reliably by it."""
    manifest_key: str
    images_key: str
    """JSON Lines of ProductImage in the catalogue bucket, sorted by product_id."""


class PublishCatalogueInput(Contract):
    source: CatalogueImport
    feed: FeedRead
    index: IndexBuilt


class CataloguePublished(Contract):
    """What PublishCatalogue returns (`$.published`). `outcome` is what the Choice after it reads."""

    outcome: Literal["published", "superseded"]
    """Superseded: a newer version of the feed is live, and stays so."""
    revision: Identifier
    products: int
    offers_written: int
