"""A small drawing surface over OpenCV: anti-aliased shapes and typography with the typeface OpenCV carries itself.

No system font is used, so a picture is the same on every machine. Colours are (blue, green, red), 0..255.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""(height, width, 3) BGR, or (height, width) for a mask."""
Colour = tuple[int, int, int]
Point = tuple[float, float]
Align = Literal["left", "centre", "right"]

_SHIFT = 4
_ONE = 1 << _SHIFT


def image_of(array: Any) -> Image:  # noqa: ANN401
    """What an OpenCV call returned, as an image (OpenCV's own type says only "some array")."""
    return np.asarray(array, dtype=np.uint8)


def colour(text: str) -> Colour:
    """`#rrggbb` as (blue, green, red)."""
    value = int(text.lstrip("#"), 16)
    return value & 255, value >> 8 & 255, value >> 16 & 255


def flat(width: int, height: int, fill: Colour) -> Image:
    """A picture of one colour."""
    pixels = np.empty((height, width, 3), np.uint8)
    # NumPy copies rows many times faster than it repeats three values.
    pixels[:1] = fill
    pixels[1:] = pixels[:1]
    return pixels


def in_colour(plane: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """(height, width) as (height, width, 3): NumPy is many times faster on equal shapes than along axes of three."""
    return np.asarray(cv2.merge([plane.astype(np.float32)] * 3), np.float32)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    parts = [round(a + (b - a) * share) for a, b in zip(first, second, strict=True)]
    return parts[0], parts[1], parts[2]


def luminance(value: Colour) -> float:
    """Perceived brightness, 0..255 (ITU-R BT.601)."""
    return 0.114 * value[0] + 0.587 * value[1] + 0.299 * value[2]


@lru_cache(maxsize=4)
def _face(italic: bool) -> cv2.FontFace:
    return cv2.FontFace("italic" if italic else "sans")


@lru_cache(maxsize=8192)
def _glyphs(text: str, size: int, weight: int, italic: bool, tracking: int) -> tuple[Image, int]:
    """The coverage mask of one line of text and the row of its baseline in it."""
    face = _face(italic)
    if tracking:
        parts = [_glyphs(letter, size, weight, italic, 0) for letter in text]
        gap = tracking + max(1, size // 20)
        above = max(base for _, base in parts)
        below = max(mask.shape[0] - base for mask, base in parts)
        space = size // 3
        widths = [space if letter == " " else mask.shape[1] - 4 for letter, (mask, _) in zip(text, parts, strict=True)]
        line = np.zeros((above + below, sum(widths) + gap * len(text) + 4), np.uint8)
        x = 0
        for letter, (mask, base), width in zip(text, parts, widths, strict=True):
            if letter != " ":
                area = line[above - base : above - base + mask.shape[0], x : x + mask.shape[1]]
                np.maximum(area, mask[:, : area.shape[1]], out=area)
            x += width + gap
        return line[:, : max(4, x - gap + 4)], above
    x, y, width, height = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight)
    mask = np.zeros((height + 4, width + size + 8), np.uint8)
    cv2.putText(mask, text, (2 - x, 2 - y), (255, 255, 255), face, size, weight)
    return mask[:, : width + 4], 2 - y


class Canvas:
    """Pixels and the pens that draw on them; coordinates are pixels, fractions allowed."""

    def __init__(self, width: int, height: int, ground: Colour = (255, 255, 255)) -> None:
        self.width = width
        self.height = height
        self.pixels = flat(width, height, ground)

    def gradient(self, first: Colour, second: Colour, *, across: bool = False) -> None:
        """Fill everything from the first colour (top or left) to the second."""
        ends = np.array([[first], [second]], np.float32)
        length = self.width if across else self.height
        ramp = image_of(cv2.resize(ends, (1, length), interpolation=cv2.INTER_LINEAR).reshape(length, 1, 3))
        share = np.linspace(0, 1, length, dtype=np.float32)[:, None, None]
        ramp = (ends[0] * (1 - share) + ends[1] * share + 0.5).astype(np.uint8)
        self.pixels[:] = ramp.transpose(1, 0, 2) if across else ramp

    def glow(self, x: float, y: float, radius: float, tint: Colour, strength: float = 1.0) -> None:
        """Blend a soft disc of light over the picture."""
        size = 64
        grid = np.linspace(-1, 1, size, dtype=np.float32)
        disc = np.clip(1 - np.hypot(grid[None], grid[:, None]), 0, 1) ** 1.5 * strength
        matrix = np.array([[2 * radius / size, 0, x - radius], [0, 2 * radius / size, y - radius]], np.float32)
        weight = cv2.warpAffine(disc, matrix, (self.width, self.height))
        light = flat(self.width, self.height, tint)
        self.pixels = image_of(cv2.blendLinear(light, self.pixels, weight, 1 - weight))

    def rectangle(self, x: float, y: float, width: float, height: float, fill: Colour, radius: float = 0) -> None:
        """A filled rectangle, its corners rounded by `radius`."""
        if radius < 1:
            self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill)
            return
        radius = min(radius, width / 2, height / 2)
        self.polygon(
            [(x + radius, y), (x + width - radius, y), (x + width - radius, y + height), (x + radius, y + height)], fill
        )
        self.polygon(
            [(x, y + radius), (x + width, y + radius), (x + width, y + height - radius), (x, y + height - radius)], fill
        )
        for cx in (x + radius, x + width - radius):
            for cy in (y + radius, y + height - radius):
                self.circle(cx, cy, radius, fill)

    def frame(self, x: float, y: float, width: float, height: float, pen: Colour, thickness: float = 2) -> None:
        """The outline of a rectangle."""
        self.lines([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], pen, thickness, closed=True)

    def circle(self, x: float, y: float, radius: float, fill: Colour, thickness: float = -1) -> None:
        """A disc, or a ring of the given thickness."""
        centre = (round(x * _ONE), round(y * _ONE))
        pen = -1 if thickness < 0 else max(1, round(thickness))
        cv2.circle(self.pixels, centre, max(1, round(radius * _ONE)), fill, pen, cv2.LINE_AA, _SHIFT)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        turn: float,
        fill: Colour,
        thickness: float = -1,
        start: float = 0,
        end: float = 360,
    ) -> None:
        """An ellipse turned by degrees, or the sector or arc of it between two angles."""
        pen = -1 if thickness < 0 else max(1, round(thickness))
        cv2.ellipse(
            self.pixels,
            (round(x * _ONE), round(y * _ONE)),
            (max(1, round(rx * _ONE)), max(1, round(ry * _ONE))),
            turn,
            start,
            end,
            fill,
            pen,
            cv2.LINE_AA,
            _SHIFT,
        )

    def polygon(self, points: Sequence[Point] | npt.NDArray[Any], fill: Colour) -> None:
        """A filled polygon, convex or not."""
        corners = np.round(np.asarray(points, np.float64) * _ONE).astype(np.int32)
        cv2.fillPoly(self.pixels, [corners], fill, cv2.LINE_AA, _SHIFT)

    def lines(
        self, points: Sequence[Point] | npt.NDArray[Any], pen: Colour, thickness: float = 2, *, closed: bool = False
    ) -> None:
        """Connected lines."""
        corners = np.round(np.asarray(points, np.float64) * _ONE).astype(np.int32)
        cv2.polylines(self.pixels, [corners], closed, pen, max(1, round(thickness)), cv2.LINE_AA, _SHIFT)

    def stamp(self, mask: Image, x: float, y: float, fill: Colour) -> None:
        """Lay a colour through a mask whose top left is at (x, y); what lies outside is cut off."""
        left, top = round(x), round(y)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.width, left + mask.shape[1]), min(self.height, top + mask.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        share = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.uint16)
        area = self.pixels[y0:y1, x0:x1]
        area[:] = ((area * (255 - share) + np.array(fill, np.uint16) * share + 127) // 255).astype(np.uint8)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        fill: Colour,
        weight: int = 400,
        *,
        italic: bool = False,
        align: Align = "left",
        stretch: float = 1.0,
        tracking: float = 0,
        fit: float | None = None,
        turn: int = 0,
    ) -> float:
        """Set one line of text on the baseline `y` and return its width.

        `stretch` widens or narrows the letters, `tracking` spaces them (share of the size), `fit` is a width in
        pixels that it is shrunk to, `turn` rotates by quarter turns counter-clockwise (then (x, y) is the centre).
        """
        if not text.strip():
            return 0.0
        whole = max(6, round(size))
        mask, base = _glyphs(text, whole, weight, italic, round(tracking * whole))
        width = mask.shape[1] * stretch
        if fit is not None and width > fit:
            whole = max(6, int(whole * fit / width))
            mask, base = _glyphs(text, whole, weight, italic, round(tracking * whole))
            stretch = min(stretch, fit / mask.shape[1])
        if abs(stretch - 1) > 0.01:
            mask = image_of(
                cv2.resize(mask, (max(1, round(mask.shape[1] * stretch)), mask.shape[0]), interpolation=cv2.INTER_AREA)
            )
        if turn:
            mask = np.ascontiguousarray(np.rot90(mask, turn))
            self.stamp(mask, x - mask.shape[1] / 2, y - mask.shape[0] / 2, fill)
            return float(mask.shape[0])
        left = {"left": x, "centre": x - mask.shape[1] / 2, "right": x - mask.shape[1]}[align]
        self.stamp(mask, left, y - base, fill)
        return float(mask.shape[1])
