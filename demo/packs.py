"""Packs: a printed face given a body (box, pouch, tin, bottle, book, frame, shirt …) with the light on its surface."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from demo.canvas import Canvas, Image, image_of, in_colour, mix
from demo.labels import Design, barcode, draw_label, nutrition, paragraph
from demo.words import fine_print

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pack:
    """How a product looks: its front seen straight on, and what a camera sees of its depth."""

    front: Image
    alpha: Image
    """Coverage of the front, 255 where it is opaque; the silhouette touches all four edges."""
    side: Image | None
    """The right-hand face of a box-like body."""
    width_cm: float
    height_cm: float
    depth_cm: float
    hangs: bool = False
    """Hangs on a wall or a rail rather than standing on a table."""


def noise(height: int, width: int, cell: int, seed: int) -> Floats:
    """Smooth noise with features of about `cell` pixels, roughly -1..1."""
    rng = np.random.default_rng(seed)
    grid = rng.standard_normal((max(2, height // cell + 2), max(2, width // cell + 2))).astype(np.float32) * 0.6
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def lit(image: Image, gain: npt.NDArray[np.floating[Any]], gloss: npt.NDArray[np.floating[Any]] | None = None) -> Image:
    """Multiply by a gain map and add a gloss map (share of white)."""
    result = image * in_colour(gain)
    if gloss is not None:
        result += (255 - result) * in_colour(gloss)
    result += np.float32(0.5)
    return image_of(np.clip(result, 0, 255, out=result))


def _artwork(design: Design, width: int, height: int, fine: int) -> Image:
    """The face drawn `fine` times larger and averaged down, as print is finer than a screen."""
    drawn = draw_label(design, width * fine, height * fine)
    return drawn if fine == 1 else image_of(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA))


def _full(width: int, height: int) -> Image:
    return np.full((height, width), 255, np.uint8)


def _silhouette(width: int, height: int, points: list[tuple[float, float]]) -> Image:
    canvas = Canvas(width * 2, height * 2, (0, 0, 0))
    canvas.polygon(np.asarray(points) * (width * 2, height * 2), (255, 255, 255))
    return image_of(cv2.resize(canvas.pixels[..., 0], (width, height), interpolation=cv2.INTER_AREA))


def _across(width: int, height: int) -> tuple[Floats, Floats]:
    """Grids of -1..1 across and 0..1 down."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None].repeat(height, 0)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None].repeat(width, 1)
    return x, y


def _flank(design: Design, width: int, height: int) -> Image:
    canvas = Canvas(width, height, mix(design.inks.ground, design.inks.ink, 0.12))
    rng = np.random.default_rng(design.flavour)
    ink = design.inks.on(design.inks.ground)
    canvas.text(design.brand, width / 2, height * 0.28, width * 0.5, ink, 800, align="centre", turn=1)
    canvas.rectangle(width * 0.08, height * 0.52, width * 0.84, height * 0.24, design.inks.paper)
    nutrition(canvas, width * 0.1, height * 0.53, width * 0.8, height * 0.22, design.inks.ink, rng)
    barcode(canvas, design.gtin, width * 0.1, height * 0.86, width * 0.8, height * 0.1)
    paragraph(canvas, fine_print(rng, 24), width * 0.1, height * 0.79, width * 0.8, width * 0.06, ink, 4)
    return canvas.pixels


def _box(design: Design, width: int, height: int, fine: int) -> Pack:
    front = _artwork(design, width, height, fine)
    x, y = _across(width, height)
    gain = 1.03 - 0.07 * y + 0.012 * noise(height, width, 90, design.flavour)
    gain -= 0.14 * np.clip(np.abs(x) - 0.975, 0, 1) * 40 * 0.5
    return Pack(
        lit(front, gain),
        _full(width, height),
        _flank(design, max(60, width // 3), height),
        19.0,
        19.0 * height / width,
        6.0,
    )


def _carton(design: Design, width: int, height: int, fine: int) -> Pack:
    return replace(_box(design, width, height, fine), width_cm=9.5, height_cm=9.5 * height / width, depth_cm=7.0)


def _small_box(design: Design, width: int, height: int, fine: int) -> Pack:
    return replace(_box(design, width, height, fine), width_cm=11.0, height_cm=11.0 * height / width, depth_cm=5.0)


def _game(design: Design, width: int, height: int, fine: int) -> Pack:
    return replace(_box(design, width, height, fine), width_cm=27.0, height_cm=27.0 * height / width, depth_cm=5.0)


def _wide_box(design: Design, width: int, height: int, fine: int) -> Pack:
    pack = _box(design, width, height, fine)
    lid = pack.front.copy()
    edge = int(height * 0.24)
    lid[edge : edge + max(2, height // 90)] = (lid[edge : edge + max(2, height // 90)] * 0.55).astype(np.uint8)
    return replace(pack, front=lid, width_cm=32.0, height_cm=32.0 * height / width, depth_cm=20.0)


def _bar(design: Design, width: int, height: int, fine: int) -> Pack:
    front = _artwork(design, width, height, fine)
    x, y = _across(width, height)
    rows = 0.05 * np.cos(x * 24) * (np.abs(y - 0.5) < 0.4)
    gain = 1 + rows.astype(np.float32) * 0.5 + 0.03 * noise(height, width, 24, design.flavour)
    crimp = np.abs(x) > 0.95
    gain = np.where(crimp, 0.86 + 0.12 * np.sin(y * height * 0.5), gain).astype(np.float32)
    return Pack(lit(front, gain), _full(width, height), None, 21.0, 21.0 * height / width, 1.2)


def _pouch(design: Design, width: int, height: int, fine: int) -> Pack:
    front = _artwork(design, width, height, fine)
    x, y = _across(width, height)
    folds = noise(height, width, 120, design.flavour) * 0.06 + noise(height, width, 34, design.flavour + 1) * 0.025
    gain = 1.05 - 0.22 * np.abs(x) ** 3 + folds
    gloss = np.clip(0.3 * np.exp(-(((x + 0.62) / 0.09) ** 2)) * (0.6 + folds * 4), 0, 1) + 0.12 * np.exp(
        -(((x - 0.7) / 0.06) ** 2)
    )
    seal = (y < 0.05) | (y > 0.965)
    gain = np.where(seal, 0.9 + 0.09 * np.sin(x * width * 0.55), gain).astype(np.float32)
    t = np.linspace(0, 1, 20)
    left = 0.028 * np.sin(t * np.pi) ** 0.5
    outline = [(float(0.028 - a), float(v)) for a, v in zip(left, t, strict=True)]
    outline += [(float(0.972 + a), float(v)) for a, v in zip(left[::-1], t[::-1], strict=True)]
    return Pack(
        lit(front, gain, gloss.astype(np.float32)),
        _silhouette(width, height, outline),
        None,
        17.0,
        17.0 * height / width,
        7.0,
    )


def _tin(design: Design, width: int, height: int, fine: int) -> Pack:
    flat = _artwork(design, int(width * 1.35), height, fine)
    x, y = _across(width, height)
    bow = np.float32(height * 0.022) * np.sqrt(np.clip(1 - x * x, 0, 1))
    source_x = (np.arcsin(np.clip(x, -1, 1)) / np.pi * 0.98 + 0.5) * (flat.shape[1] - 1)
    source_y = np.clip(y * height - bow + height * 0.011, 0, height - 1)
    front = image_of(
        cv2.remap(
            flat,
            source_x.astype(np.float32),
            source_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
    metal = np.array([190, 186, 182], np.float32) * (0.65 + 0.5 * np.cos(x * 7) ** 2)[..., None]
    rim = ((y * height - bow) < height * 0.02) | ((y * height - bow) > height * 0.952)
    front = np.where(rim[..., None], np.clip(metal, 0, 255), front).astype(np.uint8)
    gain = (1.08 - 0.5 * np.abs(x) ** 2.6).astype(np.float32)
    gloss = (0.34 * np.exp(-(((x + 0.5) / 0.1) ** 2)) + 0.1 * np.exp(-(((x - 0.72) / 0.07) ** 2))).astype(np.float32)
    t = np.linspace(0, np.pi, 24)
    arc = [(float(0.5 - 0.5 * np.cos(a)), float(1 - 0.024 + 0.024 * np.sin(a))) for a in t]
    top = [(float(0.5 + 0.5 * np.cos(a)), float(0.02 - 0.02 * np.sin(a))) for a in t]
    return Pack(lit(front, gain, gloss), _silhouette(width, height, arc + top), None, 8.0, 8.0 * height / width, 8.0)


def _bottle(design: Design, width: int, height: int, fine: int) -> Pack:
    canvas = Canvas(width, height, mix(design.inks.second, design.inks.ink, 0.3))
    canvas.gradient(mix(design.inks.second, design.inks.paper, 0.12), mix(design.inks.second, design.inks.ink, 0.3))
    label = _artwork(design, width, int(height * 0.62), fine)
    top = int(height * 0.33)
    canvas.pixels[top : top + label.shape[0]] = label
    canvas.rectangle(width * 0.3, 0, width * 0.4, height * 0.13, design.inks.pop)
    for k in range(14):
        canvas.rectangle(
            width * (0.31 + 0.0285 * k),
            height * 0.01,
            width * 0.008,
            height * 0.11,
            mix(design.inks.pop, (0, 0, 0), 0.25),
        )
    x, _ = _across(width, height)
    gain = (1.06 - 0.42 * np.abs(x) ** 3).astype(np.float32)
    gloss = (0.36 * np.exp(-(((x + 0.66) / 0.07) ** 2)) + 0.12 * np.exp(-(((x - 0.75) / 0.06) ** 2))).astype(np.float32)
    outline = [
        (0.3, 0.0),
        (0.7, 0.0),
        (0.7, 0.16),
        (0.72, 0.2),
        (0.84, 0.245),
        (0.95, 0.285),
        (1, 0.33),
        (1, 0.97),
        (0.97, 0.99),
        (0.93, 1.0),
        (0.07, 1.0),
        (0.03, 0.99),
        (0, 0.97),
        (0, 0.33),
        (0.05, 0.285),
        (0.16, 0.245),
        (0.28, 0.2),
        (0.3, 0.16),
    ]
    return Pack(
        lit(canvas.pixels, gain, gloss), _silhouette(width, height, outline), None, 8.5, 8.5 * height / width, 6.0
    )


def _tube(design: Design, width: int, height: int, fine: int) -> Pack:
    front = _artwork(design, width, height, fine)
    cap = int(height * 0.86)
    canvas = Canvas(width, height)
    canvas.pixels[:] = front
    canvas.rectangle(0, cap, width, height - cap, design.inks.pop)
    for k in range(26):
        canvas.rectangle(
            width * k / 26, cap + height * 0.01, width * 0.012, height * 0.12, mix(design.inks.pop, (0, 0, 0), 0.22)
        )
    x, y = _across(width, height)
    gain = (1.06 - 0.35 * np.abs(x) ** 2.4 * np.clip(y * 1.4, 0, 1)).astype(np.float32)
    gain = np.where(y < 0.045, 0.9 + 0.1 * np.sin(x * width * 0.4), gain).astype(np.float32)
    gloss = (0.3 * np.exp(-(((x + 0.5) / 0.08) ** 2))).astype(np.float32)
    outline = [
        (0, 0),
        (1, 0),
        (0.985, 0.3),
        (0.94, 0.84),
        (0.88, 0.86),
        (0.87, 1),
        (0.13, 1),
        (0.12, 0.86),
        (0.06, 0.84),
        (0.015, 0.3),
    ]
    return Pack(
        lit(canvas.pixels, gain, gloss), _silhouette(width, height, outline), None, 7.5, 7.5 * height / width, 4.0
    )


def _book(design: Design, width: int, height: int, fine: int) -> Pack:
    front = _artwork(design, width, height, fine)
    x, y = _across(width, height)
    gain = (1.02 - 0.05 * y).astype(np.float32)
    gain *= (1 - 0.35 * np.exp(-(((x + 0.94) / 0.012) ** 2)) + 0.12 * np.exp(-(((x + 0.9) / 0.02) ** 2))).astype(
        np.float32
    )
    pages = Canvas(60, height, (214, 228, 236))
    for k in range(18):
        pages.lines([(k * 3.4, 0), (k * 3.4, height)], (176, 196, 208), 1)
    return Pack(lit(front, gain), _full(width, height), pages.pixels, 14.0, 14.0 * height / width, 3.0)


def _record(design: Design, width: int, height: int, fine: int) -> Pack:
    return replace(_book(design, width, height, fine), width_cm=31.0, height_cm=31.0 * height / width, depth_cm=0.6)


def _framed(design: Design, width: int, height: int, fine: int) -> Pack:
    edge, mat = int(width * 0.022), int(width * 0.05)
    canvas = Canvas(width, height, mix(design.inks.ink, (40, 60, 90), 0.5))
    canvas.rectangle(edge, edge, width - 2 * edge, height - 2 * edge, (244, 248, 250))
    inset = edge + mat
    canvas.pixels[inset : height - inset, inset : width - inset] = _artwork(
        design, width - 2 * inset, height - 2 * inset, fine
    )
    x, y = _across(width, height)
    gloss = (0.1 * np.clip(1 - np.abs(x * 0.8 + y - 0.35) / 0.2, 0, 1)).astype(np.float32)
    return Pack(
        lit(canvas.pixels, np.ones_like(x), gloss),
        _full(width, height),
        None,
        50.0,
        50.0 * height / width,
        2.0,
        hangs=True,
    )


def _shirt(design: Design, width: int, height: int, fine: int) -> Pack:
    fabric = mix(design.inks.ground, design.inks.paper, 0.15)
    canvas = Canvas(width, height, fabric)
    weave = noise(height, width, 3, design.flavour) * 0.03
    x0, y0, w, h = int(width * 0.29), int(height * 0.2), int(width * 0.42), int(height * 0.54)
    label = _artwork(design, w, h, fine)
    canvas.pixels[y0 : y0 + h, x0 : x0 + w] = label
    canvas.ellipse(width * 0.5, 0, width * 0.13, height * 0.085, 0, mix(fabric, (0, 0, 0), 0.55))
    canvas.ellipse(width * 0.5, 0, width * 0.145, height * 0.1, 0, mix(fabric, (0, 0, 0), 0.18), width * 0.018)
    x, y = _across(width, height)
    folds = noise(height, width, 150, design.flavour + 7) * 0.09 + noise(height, width, 60, design.flavour + 8) * 0.03
    folds *= 0.35 + 0.65 * np.clip(np.abs(x) * 1.6 + np.abs(y - 0.45) * 0.9 - 0.2, 0, 1)
    gain = (1.02 - 0.2 * np.abs(x) ** 2 + folds + weave).astype(np.float32)
    outline = [
        (0.36, 0.0),
        (0.4, 0.05),
        (0.5, 0.075),
        (0.6, 0.05),
        (0.64, 0.0),
        (0.8, 0.05),
        (1, 0.3),
        (0.87, 0.41),
        (0.79, 0.32),
        (0.8, 0.98),
        (0.7, 1.0),
        (0.3, 1.0),
        (0.2, 0.98),
        (0.21, 0.32),
        (0.13, 0.41),
        (0, 0.3),
        (0.2, 0.05),
    ]
    return Pack(
        lit(canvas.pixels, gain),
        _silhouette(width, height, outline),
        None,
        62.0,
        62.0 * height / width,
        2.0,
        hangs=True,
    )


FORMS: dict[str, tuple[Callable[[Design, int, int, int], Pack], float]] = {
    "box": (_box, 1.42),
    "carton": (_carton, 2.1),
    "small-box": (_small_box, 1.25),
    "game": (_game, 1.0),
    "wide-box": (_wide_box, 0.42),
    "bar": (_bar, 0.44),
    "pouch": (_pouch, 1.45),
    "tin": (_tin, 1.3),
    "bottle": (_bottle, 2.3),
    "tube": (_tube, 2.2),
    "book": (_book, 1.5),
    "record": (_record, 1.0),
    "poster": (_framed, 1.4),
    "shirt": (_shirt, 1.12),
}
"""Form → how it is drawn, and its height as a multiple of its width."""


def draw_pack(design: Design, form: str, long_edge: int, fine: int = 2) -> Pack:
    """Draw a product. `long_edge` is in pixels; `fine` is how much finer than that the print is drawn."""
    make, aspect = FORMS[form]
    width, height = (round(long_edge / aspect), long_edge) if aspect >= 1 else (long_edge, round(long_edge * aspect))
    return make(design, width, height, fine)
