import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts.catalogue import Money
from functions.shoppable.prices import minor_digits, parse_price


@pytest.mark.parametrize(
    ("text", "minor_units", "currency"),
    [
        ("12.99 EUR", 1299, "EUR"),
        ("EUR 12.99", 1299, "EUR"),
        ("12.99EUR", 1299, "EUR"),
        (" 12.5 usd ", 1250, "USD"),
        ("12 GBP", 1200, "GBP"),
        ("1200 JPY", 1200, "JPY"),
        ("1200.00 JPY", 1200, "JPY"),
        ("3.125 KWD", 3125, "KWD"),
        ("1,299.00 USD", 129900, "USD"),
        ("1,234,567.8 USD", 123456780, "USD"),
        ("12,99 EUR", 1299, "EUR"),
        ("0.00 EUR", 0, "EUR"),
    ],
)
def test_price_is_read_in_minor_units_of_its_currency(text: str, minor_units: int, currency: str) -> None:
    assert parse_price(text) == Money(minor_units=minor_units, currency=currency)


@pytest.mark.parametrize(
    "text",
    [
        "12.99",
        "EUR",
        "EUR 12.99 EUR",
        "EUR 12.99 USD",
        "12.999 EUR",
        "12.5 JPY",
        "1,299 EUR",
        "1.299,00 EUR",
        "1,29,900.00 INR",
        "12.99 XYZ",
        "-12.99 EUR",
        "€12.99",
        "12.99 €",
        "1e3 EUR",
        "１２.99 EUR",
        "9" * 40 + " EUR",
        "",
        "NaN EUR",
    ],
)
def test_price_that_could_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_price(text)


@given(st.integers(0, 10**11), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_every_amount_survives_being_written_with_its_currency_s_decimals(minor_units: int, currency: str) -> None:
    digits = minor_digits(currency)
    text = str(minor_units).rjust(digits + 1, "0")
    written = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    assert parse_price(f"{written} {currency}") == Money(minor_units=minor_units, currency=currency)


@given(st.text(max_size=60))
def test_any_text_is_a_price_or_a_value_error(text: str) -> None:
    try:
        price = parse_price(text)
    except ValueError:
        return
    assert price.minor_units >= 0
