"""The port of matching: what every engine offers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from pydantic import Field

from functions.contracts.base import Contract, Fraction, Identifier, Sha256
from functions.shoppable.image import Image

Box = tuple[Fraction, Fraction, Fraction, Fraction]
"""(x, y, width, height): fractions of the picture, axis-aligned, clipped to it."""

Outline = Annotated[tuple[tuple[float, float], ...], Field(max_length=12)]
"""Around the product: a convex polygon in fractions of the picture, not clipped to it."""

Views = Literal["all", "upright", "slanted"]
"""Of a picture: as it is; stretched, for what stands at a slant; or, at the cost of three where there is nothing to
find, stretched if nothing is surely found in it as it is.
"""


class FrameMatch(Contract):
    """One product seen in one picture."""

    product_id: Identifier
    image_sha256: Sha256
    """The reference image that matched best."""
    box: Box
    score: Fraction
    """Estimated probability that this product is there."""
    chance: Fraction
    """The same that it or one of its rivals is, of the likeliest in its place; of any other, its score."""
    rivals: Annotated[tuple[Identifier, ...], Field(max_length=4)] = ()
    """Other products that claim its place, the likeliest first."""
    inliers: int
    """Geometrically consistent feature matches."""
    outline: Outline
    category: str = ""
    """Top level of the product's category; empty when it has none."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """A match and what it can be judged by."""

    match: FrameMatch
    crops: Callable[[], bytes]
    """A JPEG for a person's eyes: left what the frame shows, made upright; right the product picture, drawn alike."""


class Matcher(Protocol):
    """Finds catalogue products in a picture."""

    @property
    def index_digest(self) -> str:
        """Names what is searched: evidence says so."""
        ...

    def match(self, image: Image, views: Views = "all") -> list[Found]:
        """Products in a uint8 BGR picture (H, W, 3), the best first. The same picture gives the same answer."""
        ...
