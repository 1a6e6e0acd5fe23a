"""offers.v1: what the storefront shows and sells of one product. Public, short TTL, one object per product.

A price change writes this object and republishes no video.
"""

from datetime import datetime
from typing import Literal

from functions.contracts.base import Contract, Identifier
from functions.contracts.catalogue import Availability, Money


class Offer(Contract):
    schema_version: Literal["offers.v1"] = "offers.v1"
    shop_id: Identifier
    product_id: Identifier
    feed_id: str
    """The shop's own id: what its cart understands."""
    title: str
    brand: str | None = None
    image: str | None = None
    """Path of a JPEG relative to the distribution's root."""
    link: str
    price: Money
    sale_price: Money | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    availability: Availability
    alternates: tuple[Identifier, ...] = ()
