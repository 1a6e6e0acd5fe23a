from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts.catalogue import Money
from functions.shoppable.products import RowRefused, normalise
from tests.unit.catalogue.builders import SHOP, any_fields


def refusal(**given: object) -> RowRefused:
    with pytest.raises(RowRefused) as caught:
        normalise(any_fields(**given), SHOP)  # type: ignore[arg-type]
    return caught.value


def product(**given: object) -> Any:
    return normalise(any_fields(**given), SHOP).product  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["id", "title", "link", "image_link", "price", "availability"])
def test_missing_required_field_refuses_the_row_and_is_named(field: str) -> None:
    refused = refusal(**{field: None})
    assert (refused.field, refused.reason) == (field, "is missing")


@pytest.mark.parametrize(
    ("text", "availability"),
    [
        ("in_stock", "in_stock"),
        ("in stock", "in_stock"),
        ("In Stock", "in_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("out of stock", "out_of_stock"),
        ("OUT_OF_STOCK", "out_of_stock"),
        ("pre-order", "preorder"),
        ("http://schema.org/PreOrder", "preorder"),
        ("backorder", "backorder"),
        ("back order", "backorder"),
    ],
)
def test_availability_is_understood_in_its_usual_spellings(text: str, availability: str) -> None:
    assert product(availability=text).availability == availability


def test_unknown_availability_refuses_the_row() -> None:
    assert refusal(availability="maybe").field == "availability"


def test_id_of_fifty_characters_is_taken_and_of_fifty_one_refused() -> None:
    assert product(id="x" * 50).feed_id == "x" * 50
    assert "51 characters" in refusal(id="x" * 51).reason


def test_long_title_and_description_are_cut_to_their_limits() -> None:
    made = product(title="t" * 200, description="d" * 6000)
    assert (len(made.title), len(made.description)) == (150, 5000)
    assert made.title.endswith("t…")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "/p/1",
        "shop.example/p/1",
        "https:///p",
        "ftp://shop.example/p",
        "https://user:secret@shop.example/",
        "https://shop.example/a b",
        "https://shop.example/" + "x" * 2000,
        "https://[::1/",
        "https://shop.example:99999/",
        'https://shop.example/"onclick="x',
    ],
)
def test_link_that_is_no_plain_page_address_refuses_the_row(link: str) -> None:
    assert refusal(link=link).field == "link"


def test_plain_http_is_accepted_for_the_page_and_refused_for_pictures() -> None:
    assert product(link="http://shop.example/p").link == "http://shop.example/p"
    assert "plain http" in refusal(image_link="http://shop.example/p.jpg").reason


@pytest.mark.parametrize(
    "source",
    [
        "../secret.png",
        "/etc/passwd",
        "a//b.png",
        "a/../b.png",
        "a\\b.png",
        ".",
        "file:///etc/passwd",
        "data:image/png,x",
    ],
)
def test_image_link_that_leaves_the_uploads_refuses_the_row(source: str) -> None:
    assert refusal(image_link=source).field == "image_link"


def test_additional_images_are_separated_by_commas_and_keep_their_order() -> None:
    made = product(
        image_link="a.png", additional_image_link="b.png,https://x.example/c%2Cd.jpg , e%2Cf.png,a.png,b.png"
    )
    assert [link.source for link in made.image_links] == ["a.png", "b.png", "https://x.example/c%2Cd.jpg", "e,f.png"]


def test_bad_additional_image_is_left_out_and_said_and_the_product_kept() -> None:
    made = normalise(any_fields(additional_image_link="http://x.example/a.jpg,../b.png,c.png"), SHOP)
    assert [link.source for link in made.product.image_links] == ["tea-1.png", "c.png"]
    assert [left.field for left in made.left_out] == ["additional_image_link"] * 2


def test_eleventh_additional_image_is_left_out() -> None:
    made = normalise(any_fields(additional_image_link=",".join(f"{n}.png" for n in range(11))), SHOP)
    assert (len(made.product.image_links), len(made.left_out)) == (11, 1)


def test_sale_price_with_its_window_is_kept_in_utc() -> None:
    made = product(sale_price="9.99 EUR", sale_price_effective_date="2026-11-27T00:00+0100/2026-11-30T23:59+0100")
    assert made.sale_price == Money(minor_units=999, currency="EUR")
    assert made.sale_starts_at == datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    assert made.sale_ends_at == datetime(2026, 11, 30, 22, 59, tzinfo=UTC)


def test_sale_window_of_dates_lasts_to_the_end_of_its_last_day() -> None:
    made = product(sale_price="9.99 EUR", sale_price_effective_date="2026-11-27/2026-11-27")
    assert made.sale_starts_at == datetime(2026, 11, 27, tzinfo=UTC)
    assert made.sale_ends_at == datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "window", ["soon", "2026-11-27", "2026-11-30/2026-11-01", "2026-13-01/2026-13-02", "/", "9999-12-31/9999-12-31"]
)
def test_sale_window_that_is_none_refuses_the_row(window: str) -> None:
    refused = refusal(sale_price="9.99 EUR", sale_price_effective_date=window)
    assert refused.field == "sale_price_effective_date"


def test_sale_price_in_another_currency_refuses_the_row() -> None:
    assert refusal(sale_price="9.99 USD").field == "sale_price"


def test_sale_price_above_the_price_is_left_out() -> None:
    made = normalise(any_fields(sale_price="19.99 EUR"), SHOP)
    assert made.product.sale_price is None
    assert [left.field for left in made.left_out] == ["sale_price"]


@pytest.mark.parametrize("field", ["id", "title", "description", "brand", "link", "image_link"])
@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x9f", "\udc80"])
def test_control_characters_and_undecodable_bytes_refuse_the_row(field: str, bad: str) -> None:
    assert refusal(**{field: f"https://x.example/{bad}"}).field == field


def test_price_object_of_the_content_api_is_understood() -> None:
    assert product(price={"value": "12.99", "currency": "EUR"}).price == Money(minor_units=1299, currency="EUR")


@pytest.mark.parametrize("value", [True, [], {}, ["x"]])
def test_json_value_that_is_no_text_refuses_the_row(value: object) -> None:
    assert refusal(title=value).field == "title"


_VALUES = st.one_of(
    st.text(max_size=80),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=9), max_size=3),
)


_FIELDS = """
id title link image_link additional_image_link price sale_price sale_price_effective_date availability item_group_id
brand gtin mpn description google_product_category
"""


@given(st.dictionaries(st.sampled_from(_FIELDS.split()), _VALUES))
def test_any_row_is_a_product_or_refused(changes: dict[str, object]) -> None:
    try:
        made = normalise(any_fields() | changes, SHOP)
    except RowRefused:
        return
    assert made.product.model_dump_json()
