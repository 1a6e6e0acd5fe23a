"""Local features of a picture: where its distinctive points are and what they look like."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from functions.shoppable.decode import Image


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageFeatures:
    """Features of one picture, the strongest first."""

    width: int
    height: int
    """Of the picture as it was described, in pixels; `points` are in these."""
    points: NDArray[np.float32]
    """(N, 4): x, y, diameter in pixels, angle in degrees."""
    descriptors: NDArray[np.uint8]
    """(N, 128) RootSIFT."""

    def to_bytes(self) -> bytes:
        """A compressed form; equal features give equal bytes."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """Raises ValueError when the bytes are not from to_bytes."""
        raise NotImplementedError


def describe_image(image: Image) -> ImageFeatures:
    """Features of a product picture: uint8 BGR (H, W, 3). A plain border around the product is cut away first."""
    raise NotImplementedError


def describe_frame(image: Image) -> ImageFeatures:
    """Features of a video frame: uint8 BGR (H, W, 3)."""
    raise NotImplementedError
