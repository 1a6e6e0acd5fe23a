"""From which score on an appearance is published without a person, and from which on a person is asked.

By the top level of the product's category (functions/shoppable/categories.py): what is told apart easily in one kind
of goods is not in another.
"""

from typing import NamedTuple

from functions.shoppable.matching import fitted


class Band(NamedTuple):
    approve: float
    review: float


BANDS = {category: Band(*band) for category, band in fitted.BANDS.items()}
DEFAULT = BANDS.pop("")
"""Of every category without one of its own: the strictest."""


def approve_from(category: str) -> float:
    """Approved from this score on, for an expected precision of at least 0.99."""
    return BANDS.get(category, DEFAULT).approve


def review_from(category: str) -> float:
    """Uncertain from this score on; what scores less is dropped."""
    return BANDS.get(category, DEFAULT).review
