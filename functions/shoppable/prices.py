"""Amounts of money as feeds write them."""

import re

from functions.contracts.catalogue import Money

# ISO 4217: currencies with no, with three and with four minor digits, and those with two.
_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_MINOR = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_MINOR = "CLF UYW"
_TWO_MINOR = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_MINOR_DIGITS = {
    currency: digits
    for digits, currencies in ((0, _NO_MINOR), (2, _TWO_MINOR), (3, _THREE_MINOR), (4, _FOUR_MINOR))
    for currency in currencies.split()
}

_PRICE = re.compile(r"(?:(?P<before>[A-Za-z]{3})\s*)?(?P<amount>[0-9][0-9.,]*)(?:\s*(?P<after>[A-Za-z]{3}))?", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+", re.ASCII)
_MAX_DIGITS = 12


def minor_digits(currency: str) -> int:
    """How many decimals the currency has. Raises ValueError when ISO 4217 knows no such currency."""
    if currency not in _MINOR_DIGITS:
        raise ValueError(f"{currency} is no ISO 4217 currency")
    return _MINOR_DIGITS[currency]


def parse_price(text: str) -> Money:
    """`12.99 EUR` or `EUR 12.99` as minor units. Raises ValueError with a message for the shop.

    The decimal separator is a point (https://support.google.com/merchants/answer/6324371). A comma is taken for
    thousands when a point follows it, and for decimals when one or two digits follow it; `1,299 EUR` may mean either,
    and a price is never guessed.
    """
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:60]!r} is not an amount with a currency, like 12.99 EUR")
    before, after = match["before"], match["after"]
    if (before is None) == (after is None):
        raise ValueError(f"{text[:60]!r} needs exactly one currency, like 12.99 EUR")
    currency = str(before or after).upper()
    digits = minor_digits(currency)
    whole, decimals = _split(match["amount"], text)
    if decimals[digits:].strip("0"):
        raise ValueError(f"{text[:60]!r} has more than the {digits} decimals of {currency}")
    if len(whole.lstrip("0")) > _MAX_DIGITS:
        raise ValueError(f"{text[:60]!r} is more than {_MAX_DIGITS} digits long")
    return Money(minor_units=int(whole + decimals[:digits].ljust(digits, "0")), currency=currency)


def _split(amount: str, text: str) -> tuple[str, str]:
    """Digits before and after the decimal separator."""
    head, point, tail = amount.partition(".")
    if point:
        if "." in tail or "," in tail or ("," in head and not _GROUPED.fullmatch(head)):
            raise ValueError(f"{text[:60]!r}: write the amount with one decimal point, like 1299.00 EUR")
        return head.replace(",", ""), tail
    head, comma, tail = amount.partition(",")
    if not comma:
        return head, ""
    if "," in tail or len(tail) not in {1, 2}:
        raise ValueError(f"{text[:60]!r}: a comma for thousands or for decimals? Write 1299.00 EUR")
    return head, tail
