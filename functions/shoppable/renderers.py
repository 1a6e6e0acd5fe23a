"""Everything that is rendered from a timeline: pure functions, one per format.

Hours of a film and prices of a product come together only here, and only when the caller passes offers: the documents
that are published under the timeline's hash hold no price, since a price change republishes nothing.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.contracts.analysis import TimedBox
from functions.contracts.catalogue import Availability, Money
from functions.contracts.offers import Offer
from functions.contracts.timeline import Timeline, TimelineAppearance

NAMESPACE = "com.shoppable-video"
"""Reverse DNS, as RFC 8216 (section 4.3.2.7) asks of client-defined attributes."""

# ISO 4217: currencies whose minor unit is not a hundredth.
_NO_DECIMALS = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

_SCHEMA_AVAILABILITY: dict[Availability, str] = {
    "in_stock": "https://schema.org/InStock",
    "out_of_stock": "https://schema.org/OutOfStock",
    "preorder": "https://schema.org/PreOrder",
    "backorder": "https://schema.org/BackOrder",
}


def web_vtt(timeline: Timeline) -> str:
    """A metadata track: one cue per appearance, its payload one line of JSON, its id the appearance's.

    https://www.w3.org/TR/webvtt1/ (metadata text): a payload must hold neither a blank line nor `-->`.
    """
    blocks = ["WEBVTT"]
    blocks += [
        f"{appearance.appearance_id}\n{_vtt_time(appearance.start_ms)} --> {_vtt_time(appearance.end_ms)}\n"
        + _one_line(
            {
                "appearance_id": appearance.appearance_id,
                "product_id": appearance.product_id,
                "boxes": [list(box) for box in appearance.boxes],
            }
        )
        for appearance in timeline.appearances
        # A cue must end after it starts.
        if appearance.end_ms > appearance.start_ms
    ]
    return "\n\n".join(blocks) + "\n"


def json_ld(
    timeline: Timeline,
    *,
    name: str,
    base_url: str = "",
    page_url: str = "",
    offers: Mapping[str, Offer] | None = None,
) -> str:
    """A schema.org VideoObject with a Clip per appearance, safe inside a script element.

    `name`: the video's title. `base_url`: of the distribution, without a trailing slash; empty gives paths from the
    root. `page_url`: of the page that holds the player; clips link into it. `offers`: by product id; a product without
    one is described by its id alone. https://developers.google.com/search/docs/appearance/structured-data/video
    """
    video = timeline.video
    known = offers or {}
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "identifier": timeline.video_id,
        "name": name,
        "thumbnailUrl": [f"{base_url}/{video.poster}"],
        "contentUrl": f"{base_url}/{video.hls}",
        "encodingFormat": "application/vnd.apple.mpegurl",
        "duration": f"PT{_seconds(video.duration_ms)}S",
        "width": video.width,
        "height": video.height,
        "hasPart": [
            {
                "@type": "Clip",
                "identifier": appearance.appearance_id,
                "name": _title(known.get(appearance.product_id), appearance.product_id),
                "startOffset": appearance.start_ms / 1000,
                "endOffset": appearance.end_ms / 1000,
                "url": deep_link(page_url, appearance),
                "about": _product(known.get(appearance.product_id), appearance.product_id, base_url),
            }
            for appearance in timeline.appearances
        ],
    }
    return _one_line(document)


def date_ranges(timeline: Timeline, *, program_start: datetime, namespace: str = NAMESPACE) -> list[str]:
    """EXT-X-DATERANGE lines for a media playlist whose EXT-X-PROGRAM-DATE-TIME at t = 0 is `program_start`.

    RFC 8216, section 4.3.2.7. Raises ValueError for a `program_start` without time zone.
    """
    if program_start.tzinfo is None:
        raise ValueError("program_start needs a time zone")
    prefix = f"X-{namespace.upper().replace('.', '-')}"
    return [
        "#EXT-X-DATERANGE:"
        + ",".join(
            (
                f"ID={_quoted(appearance.appearance_id)}",
                f"CLASS={_quoted(f'{namespace}.appearance')}",
                f"START-DATE={_quoted(_iso(program_start + timedelta(milliseconds=appearance.start_ms)))}",
                f"DURATION={_seconds(appearance.end_ms - appearance.start_ms)}",
                f"{prefix}-PRODUCT={_quoted(appearance.product_id)}",
                f"{prefix}-BOX={_quoted(_xywh(appearance.boxes[0]))}",
            )
        )
        for appearance in timeline.appearances
    ]


def deep_link(page_url: str, appearance: TimelineAppearance) -> str:
    """The page at the appearance's moment and place: W3C Media Fragments, https://www.w3.org/TR/media-frags/."""
    start, end = _seconds(appearance.start_ms), _seconds(appearance.end_ms)
    return f"{page_url}#t={start},{end}&xywh={_xywh(appearance.boxes[0])}"


def amount(money: Money) -> str:
    """The amount in major units, with the currency's own number of decimals: 1299 minor units of EUR are `12.99`."""
    decimals = 0 if money.currency in _NO_DECIMALS else 3 if money.currency in _THREE_DECIMALS else 2
    return f"{Decimal(money.minor_units).scaleb(-decimals):.{decimals}f}"


def _title(offer: Offer | None, product_id: str) -> str:
    return offer.title if offer else product_id


def _product(offer: Offer | None, product_id: str, base_url: str) -> dict[str, Any]:
    product: dict[str, Any] = {"@type": "Product", "productID": product_id}
    if offer is None:
        return product
    product |= {"name": offer.title, "sku": offer.feed_id, "url": offer.link}
    if offer.brand:
        product["brand"] = {"@type": "Brand", "name": offer.brand}
    if offer.image:
        product["image"] = f"{base_url}/{offer.image}"
    product["offers"] = {
        "@type": "Offer",
        "url": offer.link,
        "price": amount(offer.price),
        "priceCurrency": offer.price.currency,
        "availability": _SCHEMA_AVAILABILITY[offer.availability],
    }
    return product


def _one_line(document: dict[str, Any]) -> str:
    """JSON in one line without `<`, `>` and `&`: its strings can end neither a script element nor a cue."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _vtt_time(ms: int) -> str:
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds, thousandths = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"


def _seconds(ms: int) -> str:
    """Decimal seconds without a trailing zero or point: 1500 is `1.5`, 2000 is `2`."""
    whole, thousandths = divmod(ms, 1000)
    return f"{whole}.{thousandths:03d}".rstrip("0").rstrip(".")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _xywh(box: TimedBox) -> str:
    return "percent:" + ",".join(f"{100 * side:.2f}".rstrip("0").rstrip(".") for side in box[1:])


def _quoted(text: str) -> str:
    """A quoted-string of RFC 8216: no line feed, carriage return or double quote may be inside."""
    return '"' + text.translate({ord("\n"): " ", ord("\r"): " ", ord('"'): "'"}) + '"'
