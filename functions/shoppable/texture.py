"""Whether a product's pictures have print enough to be told from others by it."""

from collections.abc import Iterable
from typing import Final

from functions.contracts.catalogue import Matching

TEXTURED_FEATURES: Final = 40
"""Features of a product's best picture from which on it is found by its print."""


def matching_of(keypoints: Iterable[int]) -> Matching:
    """By the numbers of features of all pictures of a product."""
    best = max(keypoints, default=None)
    if best is None:
        return "no_picture"
    return "instance" if best >= TEXTURED_FEATURES else "needs_semantic_engine"
