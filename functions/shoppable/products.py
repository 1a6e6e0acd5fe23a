"""A feed row → a Product, by Google Merchant's product data specification.

Limits: https://support.google.com/merchants/answer/7052112. As there, a title or a description that is too long is cut;
anything that would change what is sold, for how much or from where refuses the row.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import cast
from urllib.parse import urlsplit

from functions.contracts import ids
from functions.contracts.catalogue import Availability, ImageLink, Money, Product
from functions.shoppable.prices import parse_price

REQUIRED = ("id", "title", "link", "image_link", "price", "availability")
TITLE_LENGTH = 150
DESCRIPTION_LENGTH = 5000
ID_LENGTH = 50
LINK_LENGTH = 2000
ADDITIONAL_IMAGES = 10

_AVAILABILITY: dict[str, Availability] = {
    "instock": "in_stock",
    "available": "in_stock",
    "limitedavailability": "in_stock",
    "onlineonly": "in_stock",
    "outofstock": "out_of_stock",
    "soldout": "out_of_stock",
    "discontinued": "out_of_stock",
    "preorder": "preorder",
    "presale": "preorder",
    "backorder": "backorder",
    "madetoorder": "backorder",
}
_UNWANTED = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
_SCHEMA_ORG = re.compile(r"https?://schema\.org/", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class RowRefused(ValueError):  # noqa: N818 (a fact about the row, not a fault)
    """The row is no product: which field, and why, for the shop."""

    def __init__(self, field: str, reason: str, feed_id: str = "") -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.feed_id = feed_id


@dataclass(frozen=True)
class LeftOut:
    """Part of a row that could not be used, although the product could."""

    field: str
    reason: str


@dataclass(frozen=True)
class Normalised:
    product: Product
    """Without alternates: they need the whole feed."""
    left_out: tuple[LeftOut, ...]


def normalise(fields: Mapping[str, object], shop_id: str) -> Normalised:
    """The product of a row's non-empty fields: texts, of JSON also numbers, lists and objects. Raises RowRefused."""
    feed_id = ""
    try:
        feed_id = _feed_id(fields)
        return _normalise(fields, shop_id, feed_id)
    except RowRefused as refused:
        raise RowRefused(refused.field, refused.reason, feed_id) from None


def _normalise(fields: Mapping[str, object], shop_id: str, feed_id: str) -> Normalised:
    left_out: list[LeftOut] = []
    price = _money(fields, "price")
    if price is None:
        raise RowRefused("price", "is missing")
    sale_price = _sale_price(fields, price, left_out)
    starts_at, ends_at = _sale_window(fields) if sale_price else (None, None)
    product = Product(
        product_id=ids.product_id(shop_id, feed_id),
        shop_id=shop_id,
        feed_id=feed_id,
        item_group_id=_optional(fields, "item_group_id", ID_LENGTH, left_out),
        title=_cut(_one_line(_required(fields, "title")), TITLE_LENGTH),
        description=_cut(unicodedata.normalize("NFC", _text(fields, "description") or ""), DESCRIPTION_LENGTH),
        brand=_optional(fields, "brand", 70, left_out),
        gtin=_optional(fields, "gtin", 50, left_out),
        mpn=_optional(fields, "mpn", 70, left_out),
        link=_page_link(_required(fields, "link")),
        image_links=_image_links(fields, left_out),
        price=price,
        sale_price=sale_price,
        sale_starts_at=starts_at,
        sale_ends_at=ends_at,
        availability=_availability(_required(fields, "availability")),
        category=_optional(fields, "google_product_category", 750, left_out)
        or _optional(fields, "product_type", 750, left_out),
    )
    return Normalised(product=product, left_out=tuple(left_out))


def _feed_id(fields: Mapping[str, object]) -> str:
    feed_id = _required(fields, "id")
    if len(feed_id) > ID_LENGTH:
        raise RowRefused("id", f"is {len(feed_id)} characters long; the limit is {ID_LENGTH}", feed_id[:ID_LENGTH])
    if "\n" in feed_id or "\t" in feed_id or "\r" in feed_id:
        raise RowRefused("id", "holds a line break or a tab")
    return feed_id


def _text(fields: Mapping[str, object], field: str) -> str | None:
    """The field as text without spaces around it; None when absent or empty."""
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RowRefused(field, "is not a text")
    text = _clean(field, str(value)).strip()
    return text or None


def _clean(field: str, text: str) -> str:
    found = _UNWANTED.search(text)
    if found is None:
        return text
    if 0xD800 <= ord(found[0]) <= 0xDFFF:
        raise RowRefused(field, "holds bytes that are not in the feed's encoding")
    raise RowRefused(field, f"holds the control character U+{ord(found[0]):04X}")


def _required(fields: Mapping[str, object], field: str) -> str:
    text = _text(fields, field)
    if text is None:
        raise RowRefused(field, "is missing")
    return text


def _optional(fields: Mapping[str, object], field: str, length: int, left_out: list[LeftOut]) -> str | None:
    text = _text(fields, field)
    if text is not None and len(text) > length:
        left_out.append(LeftOut(field, f"is {len(text)} characters long; the limit is {length}"))
        return None
    return None if text is None else _one_line(text)


def _one_line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _availability(text: str) -> Availability:
    word = re.sub(r"[^a-z]", "", _SCHEMA_ORG.sub("", text).lower())
    if word not in _AVAILABILITY:
        raise RowRefused("availability", f"{text[:60]!r} is not one of in_stock, out_of_stock, preorder, backorder")
    return _AVAILABILITY[word]


def _money(fields: Mapping[str, object], field: str) -> Money | None:
    """Text, or the object of Google's Content API: {"value": "12.99", "currency": "EUR"}."""
    value = fields.get(field)
    if isinstance(value, dict):
        parts = cast("dict[str, object]", value)
        fields = {field: f"{parts.get('value', '')} {parts.get('currency', '')}"}
    text = _text(fields, field)
    if text is None:
        return None
    try:
        return parse_price(text)
    except ValueError as error:
        raise RowRefused(field, str(error)) from None


def _sale_price(fields: Mapping[str, object], price: Money, left_out: list[LeftOut]) -> Money | None:
    sale_price = _money(fields, "sale_price")
    if sale_price is None or sale_price == price:
        return None
    if sale_price.currency != price.currency:
        raise RowRefused("sale_price", f"is in {sale_price.currency}, the price in {price.currency}")
    if sale_price.minor_units > price.minor_units:
        left_out.append(LeftOut("sale_price", "is higher than the price"))
        return None
    return sale_price


def _sale_window(fields: Mapping[str, object]) -> tuple[datetime | None, datetime | None]:
    """Start and end in UTC, the end exclusive. Without a time of day the whole days, without a zone UTC.

    https://support.google.com/merchants/answer/6324460
    """
    field = "sale_price_effective_date"
    text = _text(fields, field)
    if text is None:
        return None, None
    start, slash, end = text.partition("/")
    try:
        if not slash:
            raise ValueError
        starts_at, ends_at = _moment(start.strip(), 0), _moment(end.strip(), 1)
    except (ValueError, OverflowError):
        raise RowRefused(
            field, f"{text[:60]!r} is not start/end, like 2026-11-27T00:00+0100/2026-11-30T23:59+0100"
        ) from None
    if ends_at <= starts_at:
        raise RowRefused(field, "ends before it starts")
    return starts_at, ends_at


def _moment(text: str, days_after_date: int) -> datetime:
    moment = datetime.fromisoformat(text)
    if "T" not in text and ":" not in text:
        moment = datetime.combine(moment.date(), time()) + timedelta(days=days_after_date)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _page_link(text: str) -> str:
    """The product's page. Plain http is accepted: it is the shop's own page that a viewer is sent to."""
    problem = _url_problem(text, ("https", "http"))
    if problem:
        raise RowRefused("link", problem)
    return text


def _url_problem(text: str, schemes: tuple[str, ...]) -> str | None:
    if len(text) > LINK_LENGTH:
        return f"is {len(text)} characters long; the limit is {LINK_LENGTH}"
    if any(character.isspace() or character in '<>"\\^`{|}' for character in text):
        return "holds a space or a character that is not allowed in a URL"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() not in schemes or not host:
        return f"is not an absolute URL with {' or '.join(schemes)}"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or a password"
    return None


def _image_links(fields: Mapping[str, object], left_out: list[LeftOut]) -> tuple[ImageLink, ...]:
    main = _required(fields, "image_link")
    problem = _image_problem(main)
    if problem:
        raise RowRefused("image_link", problem)
    sources = [main]
    for source in _additional(fields):
        problem = _image_problem(source)
        if not problem and len(sources) > ADDITIONAL_IMAGES:
            problem = f"is more than {ADDITIONAL_IMAGES} additional images"
        if problem:
            left_out.append(LeftOut("additional_image_link", f"{source[:200]!r} {problem}; the product was kept"))
        elif source not in sources:
            sources.append(source)
    return tuple(ImageLink(source=source) for source in sources)


def _additional(fields: Mapping[str, object]) -> list[str]:
    """Separated by commas; a comma that belongs to a name is written %2C, which a URL keeps and a file name does not.

    https://support.google.com/merchants/answer/6324370
    """
    field = "additional_image_link"
    value = fields.get(field)
    if isinstance(value, list):
        texts = [_text({field: item}, field) or "" for item in cast("list[object]", value)]
    else:
        texts = [
            part if _SCHEME.match(part) else re.sub("%2C", ",", part, flags=re.IGNORECASE)
            for part in ((_text(fields, field) or "").split(","))
        ]
    return [text.strip() for text in texts if text.strip()]


def _image_problem(source: str) -> str | None:
    """Why a picture cannot be fetched from there. Plain http is refused: what it brings is anybody's."""
    if _SCHEME.match(source):
        if source.lower().startswith("http:"):
            return "is plain http; pictures are fetched over https only"
        return _url_problem(source, ("https",))
    if len(source.encode()) > 900:
        return "is too long for a file name"
    parts = source.split("/")
    if "\\" in source or "\n" in source or any(part in {"", ".", ".."} for part in parts):
        return "is neither an https URL nor a file name among the uploaded images"
    return None


def is_uploaded(source: str) -> bool:
    """Whether an image link names one of the shop's uploaded files rather than an https URL."""
    return not _SCHEME.match(source)
