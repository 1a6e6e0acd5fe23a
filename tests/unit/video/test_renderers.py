import json
import re
from datetime import UTC, datetime

import pytest

from functions.contracts.catalogue import Money
from functions.contracts.offers import Offer
from functions.shoppable import renderers
from tests.unit.video.builders import SHOP, any_appearance, any_timeline

NASTY = 'Bread & "Butter" --> </script>\n\n<b>'


def any_offer(**given):
    fields = {
        "shop_id": SHOP,
        "product_id": "p-1",
        "feed_id": "SKU 1",
        "title": NASTY,
        "brand": "Acme",
        "image": "images/demo-shop/1.jpg",
        "link": "https://shop.example/p?a=1&b=2",
        "price": Money(minor_units=1299, currency="EUR"),
        "availability": "in_stock",
    }
    return Offer.model_validate(fields | given)


def test_web_vtt_has_one_json_cue_per_appearance():
    blocks = renderers.web_vtt(any_timeline()).rstrip("\n").split("\n\n")

    assert blocks[0] == "WEBVTT"
    name, times, payload = blocks[1].split("\n")
    assert (name, times) == ("x-1", "00:00:01.500 --> 00:00:04.000")
    assert json.loads(payload) == {
        "appearance_id": "x-1",
        "product_id": "p-1",
        "boxes": [[1500, 0.25, 0.5, 0.125, 0.2], [4000, 0.3, 0.5, 0.125, 0.2]],
    }


def test_web_vtt_of_a_film_over_an_hour_keeps_its_hours():
    timeline = any_timeline(appearances=(any_appearance(start_ms=3_661_001, end_ms=360_000_000),))

    assert "01:01:01.001 --> 100:00:00.000" in renderers.web_vtt(timeline)


def test_web_vtt_of_no_appearances_is_a_valid_empty_track():
    assert renderers.web_vtt(any_timeline(appearances=())) == "WEBVTT\n"


def test_json_ld_with_an_offer_describes_the_product_and_its_price():
    text = renderers.json_ld(
        any_timeline(),
        name="A film",
        base_url="https://cdn.example",
        page_url="https://shop.example/film",
        offers={"p-1": any_offer()},
    )

    document = json.loads(text)
    clip = document["hasPart"][0]
    assert document["@type"] == "VideoObject"
    assert document["contentUrl"] == "https://cdn.example/media/v-1/a-1/hls/index.m3u8"
    assert document["duration"] == "PT40S"
    assert (clip["name"], clip["startOffset"], clip["endOffset"]) == (NASTY, 1.5, 4.0)
    assert clip["about"]["offers"] == {
        "@type": "Offer",
        "url": "https://shop.example/p?a=1&b=2",
        "price": "12.99",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    }


def test_json_ld_without_offers_holds_no_price():
    clip = json.loads(renderers.json_ld(any_timeline(), name="A film"))["hasPart"][0]

    assert clip["about"] == {"@type": "Product", "productID": "p-1"}


def test_json_ld_cannot_end_the_script_element_that_it_is_in():
    text = renderers.json_ld(any_timeline(), name=NASTY, offers={"p-1": any_offer()})

    assert not re.search(r"[<>&\n]", text)


def test_date_ranges_name_time_product_and_box():
    lines = renderers.date_ranges(any_timeline(), program_start=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    (line,) = lines
    assert line == (
        '#EXT-X-DATERANGE:ID="x-1",CLASS="com.shoppable-video.appearance",START-DATE="2026-01-02T03:04:06.500Z",'
        'DURATION=2.5,X-COM-SHOPPABLE-VIDEO-PRODUCT="p-1",X-COM-SHOPPABLE-VIDEO-BOX="percent:25,50,12.5,20"'
    )


def test_date_ranges_refuse_a_start_without_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        renderers.date_ranges(any_timeline(), program_start=datetime(2026, 1, 2))  # noqa: DTZ001


def test_deep_link_points_at_time_and_place():
    appearance = any_timeline().appearances[0]

    assert renderers.deep_link("https://shop.example/film", appearance) == (
        "https://shop.example/film#t=1.5,4&xywh=percent:25,50,12.5,20"
    )


@pytest.mark.parametrize(
    ("minor_units", "currency", "expected"),
    [(1299, "EUR", "12.99"), (5, "USD", "0.05"), (1299, "JPY", "1299"), (1299, "KWD", "1.299"), (0, "EUR", "0.00")],
)
def test_amounts_have_their_currency_s_decimals(minor_units, currency, expected):
    assert renderers.amount(Money(minor_units=minor_units, currency=currency)) == expected
