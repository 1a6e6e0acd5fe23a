"""Google's product taxonomy, of which the top level is enough to tell kinds of goods apart.

https://support.google.com/merchants/answer/6324436
"""

from typing import Final

_TOP_LEVEL: Final = {
    "1": "Animals & Pet Supplies",
    "166": "Apparel & Accessories",
    "8": "Arts & Entertainment",
    "537": "Baby & Toddler",
    "111": "Business & Industrial",
    "141": "Cameras & Optics",
    "222": "Electronics",
    "412": "Food, Beverages & Tobacco",
    "436": "Furniture",
    "632": "Hardware",
    "469": "Health & Beauty",
    "536": "Home & Garden",
    "5181": "Luggage & Bags",
    "772": "Mature",
    "783": "Media",
    "922": "Office Supplies",
    "5605": "Religious & Ceremonial",
    "2092": "Software",
    "988": "Sporting Goods",
    "1239": "Toys & Games",
    "888": "Vehicles & Parts",
}
"""By the number that a feed may give instead of the name."""


def top_category(category: str | None) -> str:
    """The top level of a feed's category, `Home & Garden > Kitchen` or a number; "" when it is not known."""
    top = (category or "").split(">")[0].strip()
    return _TOP_LEVEL.get(top, "") if top.isdecimal() else top
