"""Local features of a picture: where its distinctive points are and what they look like.

RootSIFT (Arandjelović and Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012): the
square root of an L1-normalised SIFT descriptor, so that Euclidean distance compares histograms as the Hellinger
kernel does.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image

PRODUCT_SIDE = 480
"""Pixels: product pictures are brought to this longer side; smaller ones are enlarged at most twofold."""
PRODUCT_FEATURES = 700
FRAME_SIDE = 1280
FRAME_FEATURES = 1300
"""Of a frame of _FRAME_PIXELS or fewer. Larger ones have more in proportion: a tin on a full shelf keeps its share."""
_FRAME_PIXELS = 960 * 540
FRAME_ENLARGED = 1.2
"""Small pictures are enlarged at most so much: the detector looks at twofold size anyway."""
PICTURE_SIDE = 320
"""Pixels: the longer side of the picture that is kept for comparing surfaces: names in print are legible."""
_PICTURE_OPTIONS = (
    cv2.IMWRITE_JPEG_QUALITY,
    90,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
)
"""Colours are compared at a quarter of the picture's size."""
OUTLINE_POINTS = 12
ROOT_SCALE = 512
"""Descriptors have unit length; stored as round(x * ROOT_SCALE), clipped at 255: no texture has components above
0.5.
"""
_MAGIC = b"SVF2"
_BACKGROUND_SPREAD = 12.0
_BACKGROUND_DISTANCE = 14.0
_BACKDROP_DISTANCE = 4.0
"""L*a*b* as OpenCV scales it, to the background: below the latter it is background, between the two it is white print.
"""
_STUDIO_LIGHT = 200
_STUDIO_COLOUR = 10
_GAP = 0.06
"""Of a picture's longer side: a notch in a product's contour up to twice as wide is white print, not what is behind."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageFeatures:
    """Features of one picture, the strongest first."""

    width: int
    height: int
    """Of the picture as it was described, in pixels; `points` and `outline` are in these."""
    points: NDArray[np.float32]
    """(N, 4): x, y, diameter in pixels, angle in degrees."""
    descriptors: NDArray[np.uint8]
    """(N, 128) RootSIFT."""
    outline: NDArray[np.float32]
    """(OUTLINE_POINTS, 2): convex hull of what is not plain background; the last point is repeated to fill up."""
    picture: bytes
    """The picture as a JPEG whose longer side is PICTURE_SIDE; of a frame, nothing."""

    def to_bytes(self) -> bytes:
        """A compressed form; equal features give equal bytes."""
        head = np.array([self.width, self.height, len(self.points)], dtype="<u4").tobytes()
        body = (
            self.points.astype("<f4").tobytes()
            + self.descriptors.tobytes()
            + self.outline.astype("<f4").tobytes()
            + self.picture
        )
        return _MAGIC + head + zlib.compress(body, 1)

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """Raises ValueError when the bytes are not from to_bytes."""
        if body[:4] != _MAGIC or len(body) < 16:
            raise ValueError("not image features of version SVF2")
        width, height, count = (int(value) for value in np.frombuffer(body[4:16], dtype="<u4"))
        sizes = (count * 16, count * 128, OUTLINE_POINTS * 8)
        try:
            plain = zlib.decompress(body[16:], bufsize=sum(sizes))
        except zlib.error as failure:
            raise ValueError("image features are damaged") from failure
        if len(plain) < sum(sizes):
            raise ValueError(f"image features have {len(plain)} bytes instead of {sum(sizes)} and a picture")
        ends = np.cumsum(sizes)
        points, descriptors, outline = (plain[end - size : end] for end, size in zip(ends, sizes, strict=True))
        return cls(
            width=width,
            height=height,
            points=np.frombuffer(points, dtype="<f4").reshape(count, 4).astype(np.float32),
            descriptors=np.frombuffer(descriptors, dtype=np.uint8).reshape(count, 128),
            outline=np.frombuffer(outline, dtype="<f4").reshape(OUTLINE_POINTS, 2).astype(np.float32),
            picture=plain[ends[-1] :],
        )


def describe_image(image: Image) -> ImageFeatures:
    """Features of a product picture: uint8 BGR (H, W, 3). A plain border around the product is cut away first."""
    image = _cropped(image)
    sized = _resized(image, PRODUCT_SIDE, enlarge=2.0)
    mask = _foreground(sized)
    points, descriptors = _detect(sized, PRODUCT_FEATURES)
    return ImageFeatures(
        width=sized.shape[1],
        height=sized.shape[0],
        points=points,
        descriptors=descriptors,
        outline=_outline(mask),
        picture=jpeg_of(_resized(image, PICTURE_SIDE, enlarge=1.0)),
    )


def describe_frame(image: Image) -> ImageFeatures:
    """Features of a video frame: uint8 BGR (H, W, 3)."""
    return describe_features(resized_frame(image))


def describe_features(sized: Image) -> ImageFeatures:
    """Features of a frame that resized_frame gave."""
    high, wide = sized.shape[:2]
    points, descriptors = _detect(sized, round(FRAME_FEATURES * max(1.0, wide * high / _FRAME_PIXELS)))
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float32)
    return ImageFeatures(
        width=wide,
        height=high,
        points=points,
        descriptors=descriptors,
        outline=_padded(corners),
        picture=b"",
    )


def silhouette_of(image: Image) -> NDArray[np.uint8]:
    """(H, W): 255 where a product is, in a picture that describe_image kept; what is plain inside of it included."""
    mask = _foreground(image, _BACKDROP_DISTANCE)
    reach = round(_GAP * max(mask.shape))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Room around it, lest what is closed grow together with the picture's border.
    closed = cv2.morphologyEx(np.pad(mask, reach), cv2.MORPH_CLOSE, disc)
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(closed), contours, -1, 255, cv2.FILLED)
    return np.asarray(filled[reach : reach + mask.shape[0], reach : reach + mask.shape[1]], np.uint8)


def resized_frame(image: Image, *, across: float = 1.0, down: float = 1.0) -> Image:
    """The picture at the size in which describe_frame describes it; its width and height stretched by factors."""
    return _resized(image, FRAME_SIDE, enlarge=FRAME_ENLARGED, across=across, down=down)


def jpeg_of(image: Image) -> bytes:
    """Of good quality."""
    done, encoded = cv2.imencode(".jpg", image, [*_PICTURE_OPTIONS])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return encoded.tobytes()


@lru_cache(maxsize=8)
def _sift(features: int) -> Any:  # noqa: ANN401
    # OpenCV's own type stubs leave SIFT out.
    return cast("Any", cv2).SIFT_create(nfeatures=features, contrastThreshold=0.02, edgeThreshold=12)


def _detect(image: Image, features: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    keypoints, raw = _sift(features).detectAndCompute(gray, None)
    if not keypoints:
        return np.zeros((0, 4), np.float32), np.zeros((0, 128), np.uint8)
    table = np.array([(*point.pt, point.size, point.angle, point.response) for point in keypoints], dtype=np.float32)
    # Threads find keypoints in any order; this one is the picture's own.
    order = np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0], -table[:, 4]))[:features]
    chosen = np.asarray(raw, dtype=np.float32)[order]
    root = np.sqrt(chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1e-9))
    return table[order, :4], np.minimum(np.rint(root * ROOT_SCALE), 255).astype(np.uint8)


def _resized(image: Image, side: int, *, enlarge: float, across: float = 1.0, down: float = 1.0) -> Image:
    """Its longer side at about `side` pixels, then stretched; as it is where that is all but its own size."""
    factor = min(side / max(image.shape[:2]), enlarge)
    high, wide = image.shape[0] * factor * down, image.shape[1] * factor * across
    if max(abs(wide / image.shape[1] - 1), abs(high / image.shape[0] - 1)) < 0.02:
        return image
    size = (max(16, round(wide)), max(16, round(high)))
    smaller = (min(size[0], image.shape[1]), min(size[1], image.shape[0]))
    # Each is best at one of the two, and a picture that is stretched may need both.
    for wanted, method in ((smaller, cv2.INTER_AREA), (size, cv2.INTER_CUBIC)):
        if wanted != (image.shape[1], image.shape[0]):
            image = cast("Image", cv2.resize(image, wanted, interpolation=method))
    return image


def _foreground(image: Image, distance: float = _BACKGROUND_DISTANCE) -> NDArray[np.uint8]:
    """255 where the picture differs from a plain studio background along its border; everywhere if there is none."""
    lab = cast("NDArray[np.float32]", cv2.cvtColor(image, cv2.COLOR_BGR2Lab).astype(np.float32))
    rim = np.concatenate(
        [lab[:2].reshape(-1, 3), lab[-2:].reshape(-1, 3), lab[:, :2].reshape(-1, 3), lab[:, -2:].reshape(-1, 3)]
    )
    background = np.median(rim, axis=0)
    plain = np.abs(rim - background).sum(axis=1) < _BACKGROUND_SPREAD
    full = np.full(image.shape[:2], 255, dtype=np.uint8)
    # A pack may be plain up to its own edge; what pictures of goods are taken against is bright and without colour.
    studio = background[0] > _STUDIO_LIGHT and np.abs(background[1:] - 128).max() < _STUDIO_COLOUR
    if not studio or plain.mean() < 0.6:
        return full
    squares = cv2.transform(np.square(lab - background), np.ones((1, 3), np.float32))
    mask = (squares > distance**2).astype(np.uint8) * 255
    mask = cast("NDArray[np.uint8]", cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    return mask if (mask > 0).mean() > 0.02 else full


def _cropped(image: Image) -> Image:
    """Without the plain border, with a small margin."""
    small = _resized(image, PRODUCT_SIDE, enlarge=1.0)
    left, top, wide, high = cv2.boundingRect(_foreground(small))
    if wide * high > 0.92 * small.shape[0] * small.shape[1]:
        return image
    scale = image.shape[1] / small.shape[1]
    margin = 0.02 * max(wide, high)
    x0, y0 = (max(0, int((edge - margin) * scale)) for edge in (left, top))
    x1 = min(image.shape[1], int((left + wide + margin) * scale) + 1)
    y1 = min(image.shape[0], int((top + high + margin) * scale) + 1)
    return image[y0:y1, x0:x1] if min(x1 - x0, y1 - y0) >= 16 else image


def _outline(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [
        contour.reshape(-1, 2) for contour in contours if cv2.contourArea(contour.reshape(-1, 1, 2)) > 0.002 * mask.size
    ]
    if not large:
        high, wide = mask.shape
        return _padded(np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float32))
    hull = cv2.convexHull(np.concatenate(large).reshape(-1, 1, 2).astype(np.float32)).reshape(-1, 2)
    tolerance = 0.004 * float(max(mask.shape))
    reduced = hull
    while len(reduced) > OUTLINE_POINTS:
        reduced = cv2.approxPolyDP(hull.reshape(-1, 1, 2), tolerance, closed=True).reshape(-1, 2)
        tolerance *= 1.5
    return _padded(reduced.astype(np.float32))


def _padded(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([points, np.repeat(points[-1:], OUTLINE_POINTS - len(points), axis=0)])
