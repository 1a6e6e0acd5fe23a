"""The port of matching: what every engine offers."""

from typing import Protocol

from functions.contracts.base import Contract, Fraction, Identifier, Sha256
from functions.shoppable.image import Image

Box = tuple[Fraction, Fraction, Fraction, Fraction]
"""(x, y, width, height): fractions of the picture, axis-aligned, clipped to it."""


class FrameMatch(Contract):
    """One product seen in one picture."""

    product_id: Identifier
    image_sha256: Sha256
    """The reference image that matched best."""
    box: Box
    score: Fraction
    """Estimated probability that this product is there."""
    inliers: int
    """Geometrically consistent feature matches."""


class Matcher(Protocol):
    """Finds catalogue products in a picture."""

    def match(self, image: Image) -> list[FrameMatch]:
        """Products in a uint8 BGR picture (H, W, 3), the best first. The same picture gives the same answer."""
        ...
