"""Small pictures printed on packs: each is drawn inside a circle of radius `r` around (x, y)."""

import math
from collections.abc import Callable

import numpy as np

from demo.canvas import Canvas, Colour, Point, mix
from demo.words import Palette, Rng

Illustration = Callable[[Canvas, float, float, float, Palette, Rng], None]

_DARK: Colour = (24, 28, 30)
_GREEN: Colour = (74, 140, 70)
_LEAF: Colour = (92, 170, 104)


def _around(x: float, y: float, radius: float, degrees: float) -> Point:
    angle = math.radians(degrees)
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def leaf(canvas: Canvas, x: float, y: float, length: float, degrees: float, fill: Colour, width: float = 0.26) -> None:
    """One leaf from its stem at (x, y), with a midrib."""
    share = np.linspace(0, 1, 11)
    bulge = np.sin(share**0.8 * math.pi) * length * width
    along, aside = np.concatenate([share, share[::-1]]) * length, np.concatenate([bulge, -bulge[::-1]])
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    canvas.polygon(np.stack([x + along * c - aside * s, y + along * s + aside * c], 1), fill)
    rib = mix(fill, (255, 255, 255), 0.45)
    canvas.lines([(x, y), (x + length * 0.92 * c, y + length * 0.92 * s)], rib, max(1, length * 0.025))
    for at in (0.3, 0.5, 0.7):
        px, py = x + length * at * c, y + length * at * s
        for side in (-38, 38):
            canvas.lines(
                [(px, py), _around(px, py, length * width * 0.62, degrees + side)], rib, max(1, length * 0.015)
            )


def _citrus(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    flesh = mix(inks.accent, (40, 160, 255), 0.55)
    leaf(canvas, x + r * 0.3, y - r * 0.6, r * 0.8, -30, _GREEN)
    leaf(canvas, x + r * 0.2, y - r * 0.62, r * 0.6, -75, _LEAF)
    canvas.circle(x, y + r * 0.08, r * 0.88, mix(flesh, (0, 60, 160), 0.25))
    canvas.circle(x, y + r * 0.08, r * 0.8, (225, 245, 255))
    start = float(rng.uniform(0, 40))
    for k in range(9):
        a = start + k * 40
        points = [
            _around(x, y + r * 0.08, r * 0.08, a + 20),
            _around(x, y + r * 0.08, r * 0.68, a + 4),
            _around(x, y + r * 0.08, r * 0.73, a + 20),
            _around(x, y + r * 0.08, r * 0.68, a + 36),
        ]
        canvas.polygon(points, flesh)
        canvas.lines(
            [_around(x, y + r * 0.08, r * 0.3, a + 18), _around(x, y + r * 0.08, r * 0.55, a + 14)],
            mix(flesh, (255, 255, 255), 0.5),
            r * 0.03,
        )


def _berries(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    fruit = mix(inks.pop, (60, 20, 150), 0.35)
    for degrees in (-140, -60, -100):
        leaf(canvas, x, y - r * 0.1, r * 0.95, degrees, _GREEN if degrees != -100 else _LEAF)
    for k in range(13):
        ring = 0 if k == 0 else (0.36 if k < 6 else 0.64)
        px, py = _around(x, y + r * 0.22, r * ring, k * 61 + float(rng.uniform(-9, 9)))
        shade = mix(fruit, _DARK, float(rng.uniform(0, 0.35)))
        canvas.circle(px, py, r * 0.26, mix(shade, _DARK, 0.35))
        canvas.circle(px - r * 0.015, py - r * 0.02, r * 0.235, shade)
        canvas.ellipse(px - r * 0.08, py - r * 0.09, r * 0.06, r * 0.04, -30, mix(shade, (255, 255, 255), 0.7))


def _sprig(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    lean = float(rng.uniform(-0.25, 0.25))
    stem = [
        (x + lean * r * (t - 0.5) * 2 + 0.18 * r * math.sin(t * 3), y + r * (0.95 - 1.75 * t))
        for t in np.linspace(0, 1, 14)
    ]
    canvas.lines(stem, mix(_GREEN, _DARK, 0.3), max(1, r * 0.035))
    for k, (px, py) in enumerate(stem[1:-1]):
        size = r * (0.62 - 0.03 * k)
        leaf(canvas, px, py, size, -35 if k % 2 else -145, mix(_GREEN, inks.accent, float(rng.uniform(0, 0.5))), 0.2)
    leaf(canvas, *stem[-1], r * 0.3, -90, _LEAF)
    for k in range(4):
        canvas.circle(*_around(x, y, r * 0.75, 20 + 100 * k), r * 0.075, inks.pop)


def _beans(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for k in range(8):
        px, py = (x, y) if k == 0 else _around(x, y, r * 0.6, k * 51.4)
        turn, brown = float(rng.uniform(0, 180)), mix((28, 52, 96), inks.ground, float(rng.uniform(0, 0.25)))
        canvas.ellipse(px, py, r * 0.36, r * 0.25, turn, mix(brown, _DARK, 0.5))
        canvas.ellipse(px - r * 0.02, py - r * 0.02, r * 0.33, r * 0.22, turn, brown)
        a, b = _around(px, py, r * 0.31, turn), _around(px, py, r * 0.31, turn + 180)
        mid = _around(px, py, r * 0.06, turn + 90)
        canvas.lines([a, mid, b], mix(brown, _DARK, 0.75), r * 0.045)
        canvas.ellipse(
            *_around(px, py, r * 0.12, turn - 90), r * 0.14, r * 0.03, turn, mix(brown, (255, 255, 255), 0.35)
        )


def _wheat(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    gold = mix((70, 180, 235), inks.accent, 0.3)
    for lean in (-0.45, 0.0, 0.45):
        top = (x + lean * r, y - r * (0.9 - abs(lean) * 0.35))
        canvas.lines([(x, y + r), (x + lean * r * 0.4, y + r * 0.1), top], mix(gold, _DARK, 0.25), r * 0.04)
        for k in range(7):
            t = k / 7
            px, py = top[0] * (1 - t * 0.55) + x * t * 0.55, top[1] + t * r * 1.05
            for side in (-1, 1):
                canvas.ellipse(
                    px + side * r * 0.1,
                    py,
                    r * 0.07,
                    r * 0.15,
                    side * 28 + float(rng.uniform(-6, 6)),
                    mix(gold, _DARK, 0.15 * (k % 2)),
                )
        canvas.ellipse(top[0], top[1] - r * 0.08, r * 0.06, r * 0.14, 0, gold)


def _tomato(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    red = mix((40, 48, 214), inks.pop, 0.3)
    for dx, dy, size in ((-0.38, 0.1, 0.55), (0.4, 0.2, 0.52), (0.02, -0.12, 0.66)):
        px, py = x + dx * r, y + dy * r
        canvas.circle(px, py, size * r, mix(red, _DARK, 0.35))
        canvas.circle(px - r * 0.02, py - r * 0.03, size * r * 0.94, red)
        canvas.ellipse(
            px - size * r * 0.35,
            py - size * r * 0.35,
            size * r * 0.24,
            size * r * 0.11,
            -40,
            mix(red, (255, 255, 255), 0.6),
        )
        start = float(rng.uniform(0, 60))
        for k in range(5):
            leaf(canvas, px, py - size * r * 0.55, size * r * 0.55, start + k * 72, _GREEN, 0.16)


def _fish(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for row in (-0.5, 0.0, 0.5):
        body = mix(inks.accent, (190, 170, 150), 0.3 + 0.3 * float(rng.random()))
        py, px = y + row * r, x + row * r * 0.2
        canvas.polygon(
            [(px + r * 0.55, py), (px + r * 0.98, py - r * 0.24), (px + r * 0.85, py), (px + r * 0.98, py + r * 0.24)],
            mix(body, _DARK, 0.3),
        )
        canvas.ellipse(px - r * 0.12, py, r * 0.8, r * 0.23, 0, body)
        canvas.ellipse(
            px - r * 0.12, py + r * 0.06, r * 0.74, r * 0.15, 0, mix(body, (255, 255, 255), 0.5), start=0, end=180
        )
        for k in range(5):
            canvas.ellipse(
                px - r * 0.35 + k * r * 0.2,
                py - r * 0.02,
                r * 0.1,
                r * 0.14,
                0,
                mix(body, _DARK, 0.4),
                r * 0.025,
                start=-80,
                end=80,
            )
        canvas.circle(px - r * 0.7, py - r * 0.04, r * 0.06, (250, 250, 250))
        canvas.circle(px - r * 0.7, py - r * 0.04, r * 0.032, _DARK)


def _olives(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    canvas.lines(
        [(x - r * 0.9, y + r * 0.5), (x - r * 0.1, y - r * 0.1), (x + r * 0.85, y - r * 0.55)], (50, 80, 90), r * 0.045
    )
    for k in range(6):
        px, py = x - r * 0.8 + k * r * 0.32, y + r * 0.42 - k * r * 0.19
        leaf(canvas, px, py, r * 0.62, -95 - 8 * k, mix((90, 150, 120), inks.ground, 0.15), 0.15)
        leaf(canvas, px, py, r * 0.56, 25 + 8 * k, mix((80, 130, 100), inks.ground, 0.15), 0.15)
    for k in range(4):
        px, py = x - r * 0.5 + k * r * 0.36, y + r * (0.5 - 0.14 * k)
        fill = mix((50, 110, 110), (50, 30, 60), float(rng.random()))
        canvas.ellipse(px, py, r * 0.16, r * 0.22, float(rng.uniform(-30, 30)), fill)
        canvas.ellipse(px - r * 0.05, py - r * 0.08, r * 0.04, r * 0.06, 20, mix(fill, (255, 255, 255), 0.6))


def _flower(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    petals = int(rng.integers(7, 12))
    for degrees in (60, 120, 170, 10):
        leaf(canvas, x, y, r * 1.02, degrees, _GREEN)
    for layer, (reach, fill) in enumerate(((0.78, inks.pop), (0.55, mix(inks.pop, (255, 255, 255), 0.4)))):
        for k in range(petals):
            px, py = _around(x, y, r * reach * 0.58, (k + layer / 2) * 360 / petals)
            canvas.ellipse(
                px,
                py,
                r * reach * 0.46,
                r * reach * 0.25,
                (k + layer / 2) * 360 / petals,
                mix(fill, _DARK, 0.12 * (k % 2)),
            )
    canvas.circle(x, y, r * 0.22, inks.accent)
    for k in range(12):
        canvas.circle(*_around(x, y, r * 0.14, k * 30), r * 0.025, mix(inks.accent, _DARK, 0.5))


def _peaks(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    canvas.circle(x, y, r, mix(inks.accent, (255, 255, 255), 0.45))
    canvas.circle(x + r * 0.3, y - r * 0.35, r * 0.22, inks.pop)
    for dx, height, fill in (
        (-0.42, 0.9, mix(inks.ground, (255, 255, 255), 0.25)),
        (0.4, 0.75, mix(inks.second, _DARK, 0.1)),
        (0.0, 1.15, inks.ground),
    ):
        base = y + r * 0.45
        top = (x + dx * r, base - height * r * float(rng.uniform(0.85, 1)))
        half = r * 0.52
        canvas.polygon([(top[0] - half, base), top, (top[0] + half, base)], fill)
        canvas.polygon(
            [
                top,
                (top[0] - half * 0.3, top[1] + (base - top[1]) * 0.3),
                (top[0] - half * 0.08, top[1] + (base - top[1]) * 0.22),
                (top[0] + half * 0.1, top[1] + (base - top[1]) * 0.36),
                (top[0] + half * 0.3, top[1] + (base - top[1]) * 0.3),
            ],
            (250, 250, 250),
        )
    for k in range(4):
        canvas.ellipse(
            x,
            y + r * (0.52 + 0.12 * k),
            r * (0.86 - 0.15 * k),
            r * 0.06,
            0,
            inks.second if k % 2 else mix(inks.second, (255, 255, 255), 0.5),
        )
    canvas.circle(x, y, r, inks.ink, max(1, r * 0.03))


def _cup(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    body = inks.paper
    canvas.ellipse(x, y + r * 0.72, r * 0.85, r * 0.16, 0, mix(inks.second, _DARK, 0.2))
    canvas.ellipse(x, y + r * 0.69, r * 0.8, r * 0.13, 0, body)
    canvas.ellipse(x + r * 0.55, y + r * 0.15, r * 0.26, r * 0.24, 0, body, r * 0.1)
    canvas.ellipse(x, y, r * 0.6, r * 0.66, 0, body, start=0, end=180)
    canvas.ellipse(x, y, r * 0.6, r * 0.16, 0, mix(body, _DARK, 0.15))
    canvas.ellipse(x, y + r * 0.02, r * 0.52, r * 0.12, 0, mix((40, 70, 130), inks.pop, 0.2))
    for k in range(5):
        canvas.circle(x - r * 0.36 + k * r * 0.18, y + r * (0.42 + 0.05 * (k % 2)), r * 0.06, inks.accent)
    for k in (-0.28, 0.0, 0.28):
        t = np.linspace(0, 1, 16)
        phase = float(rng.uniform(0, 3))
        canvas.lines(
            np.stack([x + k * r + 0.09 * r * np.sin(t * 7 + phase), y - r * (0.2 + 0.7 * t)], 1),
            mix(inks.paper, inks.accent, 0.3),
            r * 0.05,
        )


def _cat(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    fur = inks.accent
    dark = mix(fur, _DARK, 0.6)
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * r * 0.75, y - r * 0.95),
                (x + side * r * 0.15, y - r * 0.55),
                (x + side * r * 0.78, y - r * 0.1),
            ],
            fur,
        )
        canvas.polygon(
            [
                (x + side * r * 0.66, y - r * 0.75),
                (x + side * r * 0.36, y - r * 0.52),
                (x + side * r * 0.66, y - r * 0.35),
            ],
            inks.pop,
        )
    canvas.ellipse(x, y + r * 0.05, r * 0.82, r * 0.72, 0, fur)
    for k in range(3):
        canvas.polygon(
            [
                (x - r * 0.1 + k * r * 0.1 - r * 0.035, y - r * 0.66),
                (x - r * 0.1 + k * r * 0.1 + r * 0.035, y - r * 0.66),
                (x - r * 0.1 + k * r * 0.1, y - r * 0.35),
            ],
            dark,
        )
    for side in (-1, 1):
        canvas.ellipse(x + side * r * 0.34, y - r * 0.05, r * 0.17, r * 0.2, 0, (245, 250, 250))
        canvas.ellipse(x + side * r * 0.34, y - r * 0.05, r * 0.06 * float(rng.uniform(0.8, 1.6)), r * 0.17, 0, _DARK)
        for k in (-0.1, 0.02, 0.14):
            canvas.lines([(x + side * r * 0.3, y + r * 0.32), (x + side * r * 1.0, y + r * (0.3 + k))], dark, r * 0.02)
    canvas.polygon([(x - r * 0.09, y + r * 0.18), (x + r * 0.09, y + r * 0.18), (x, y + r * 0.28)], inks.pop)
    canvas.lines([(x - r * 0.18, y + r * 0.42), (x, y + r * 0.3), (x + r * 0.18, y + r * 0.42)], dark, r * 0.03)


def _planet(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for px, py, size in rng.uniform(-1, 1, (22, 3)):
        canvas.circle(x + px * r, y + py * r, r * 0.015 * (1.5 + size), inks.paper)
    canvas.ellipse(x, y, r * 1.0, r * 0.26, -20, inks.pop, r * 0.07)
    canvas.circle(x, y, r * 0.62, inks.accent)
    for k in range(5):
        canvas.ellipse(
            x,
            y + r * (-0.4 + 0.2 * k),
            r * 0.55 * math.cos((k - 2) * 0.5),
            r * 0.06,
            -8,
            mix(inks.accent, inks.second, 0.3 + 0.15 * (k % 2)),
        )
    canvas.ellipse(x, y, r * 1.0, r * 0.26, -20, inks.pop, r * 0.07, start=0, end=180)
    canvas.circle(x + r * 0.72, y - r * 0.66, r * 0.14, inks.paper)
    canvas.circle(x + r * 0.68, y - r * 0.7, r * 0.04, mix(inks.paper, _DARK, 0.25))


def _rocket(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for px, py, size in rng.uniform(-1, 1, (16, 3)):
        canvas.circle(x + px * r, y + py * r, r * 0.02 * (1.4 + size), inks.paper)
    canvas.polygon([(x - r * 0.2, y + r * 0.5), (x, y + r * 1.0), (x + r * 0.2, y + r * 0.5)], inks.accent)
    canvas.polygon([(x - r * 0.1, y + r * 0.5), (x, y + r * 0.8), (x + r * 0.1, y + r * 0.5)], inks.pop)
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * r * 0.28, y + r * 0.05),
                (x + side * r * 0.62, y + r * 0.6),
                (x + side * r * 0.24, y + r * 0.48),
            ],
            inks.pop,
        )
    canvas.ellipse(x, y - r * 0.18, r * 0.34, r * 0.8, 0, inks.paper)
    canvas.ellipse(x, y - r * 0.18, r * 0.34, r * 0.8, 0, inks.pop, start=235, end=305)
    canvas.circle(x, y - r * 0.2, r * 0.19, inks.second)
    canvas.circle(x, y - r * 0.2, r * 0.13, mix(inks.accent, (255, 255, 255), 0.6))


def _bird(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    canvas.lines([(x - r, y + r * 0.62), (x, y + r * 0.55), (x + r, y + r * 0.7)], (50, 70, 90), r * 0.06)
    for k in range(4):
        leaf(canvas, x - r * 0.9 + k * r * 0.55, y + r * 0.6, r * 0.4, 60 if k % 2 else -60, _GREEN)
    canvas.polygon(
        [(x - r * 0.4, y + r * 0.2), (x - r * 1.0, y + r * 0.5), (x - r * 0.85, y + r * 0.15)],
        mix(inks.pop, _DARK, 0.35),
    )
    canvas.ellipse(x, y + r * 0.08, r * 0.62, r * 0.45, -14, inks.pop)
    canvas.ellipse(x + r * 0.1, y + r * 0.2, r * 0.4, r * 0.28, -14, inks.paper)
    canvas.circle(x + r * 0.45, y - r * 0.3, r * 0.31, inks.pop)
    canvas.polygon([(x + r * 0.7, y - r * 0.4), (x + r * 1.0, y - r * 0.28), (x + r * 0.7, y - r * 0.2)], inks.accent)
    for k in range(4):
        canvas.ellipse(
            x - r * 0.16 - k * r * 0.05,
            y + r * (0.0 + 0.08 * k),
            r * (0.42 - 0.05 * k),
            r * 0.12,
            22,
            mix(inks.second, _DARK, 0.12 * k + float(rng.uniform(0, 0.1))),
        )
    canvas.circle(x + r * 0.53, y - r * 0.36, r * 0.055, _DARK)


def _sun_sea(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for k in range(24):
        canvas.lines(
            [_around(x, y, r * 0.62, k * 15), _around(x, y, r * (1 if k % 2 else 0.84), k * 15)], inks.pop, r * 0.045
        )
    canvas.circle(x, y, r * 0.56, inks.accent)
    for k in range(6):
        t = np.linspace(-1, 1, 22)
        half = math.sqrt(max(0.05, 1 - (0.12 + 0.15 * k) ** 2)) * r * 0.95
        canvas.lines(
            np.stack([x + t * half, y + r * (0.12 + 0.15 * k) + r * 0.04 * np.sin(t * 9 + k + float(rng.random()))], 1),
            inks.second if k % 2 else inks.paper,
            r * 0.075,
        )


def _town(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    canvas.circle(x + r * 0.35, y - r * 0.55, r * 0.3, inks.accent)
    left = x - r
    while left < x + r * 0.8:
        width, height = r * float(rng.uniform(0.25, 0.42)), r * float(rng.uniform(0.6, 1.4))
        wall = (inks.pop, inks.second, inks.paper, mix(inks.ground, inks.paper, 0.5))[int(rng.integers(4))]
        top = y + r * 0.8 - height
        canvas.rectangle(left, top, width, height, wall)
        canvas.polygon(
            [(left - r * 0.03, top), (left + width / 2, top - r * 0.2), (left + width + r * 0.03, top)],
            mix(wall, _DARK, 0.4),
        )
        for row in range(int(height / (r * 0.24))):
            for column in range(2):
                canvas.rectangle(
                    left + width * (0.18 + 0.4 * column),
                    top + r * (0.08 + 0.24 * row),
                    width * 0.22,
                    r * 0.13,
                    inks.accent if rng.random() < 0.4 else inks.ink,
                )
        left += width


def _chili(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    for k, lean in enumerate((-0.5, 0.1, 0.65)):
        t = np.linspace(0, 1, 18)
        bend = float(rng.uniform(0.25, 0.5))
        cx, cy = x + lean * r * (0.4 + 0.6 * t) + bend * r * t**2 * (0.5 - lean), y - r * 0.6 + 1.5 * r * t
        half = r * 0.17 * np.sqrt(1 - t) + r * 0.01
        red = mix((36, 36, 205), inks.pop, 0.25 * k)
        canvas.polygon(np.concatenate([np.stack([cx - half, cy], 1), np.stack([cx + half, cy], 1)[::-1]]), red)
        canvas.lines(np.stack([cx - half * 0.4, cy], 1)[1:9], mix(red, (255, 255, 255), 0.6), r * 0.04)
        canvas.ellipse(float(cx[0]), float(cy[0]), r * 0.19, r * 0.1, 0, _GREEN)
        canvas.lines(
            [(float(cx[0]), float(cy[0])), (float(cx[0]) + r * 0.06, float(cy[0]) - r * 0.28)], _GREEN, r * 0.07
        )


def _rings(canvas: Canvas, x: float, y: float, r: float, inks: Palette, rng: Rng) -> None:
    parts = (inks.pop, inks.accent, inks.second, inks.paper)
    for k in range(6):
        canvas.circle(x, y, r * (1 - k * 0.16), parts[int(rng.integers(4))] if k else inks.pop)
    for k in range(3):
        start = float(rng.uniform(0, 360))
        canvas.ellipse(x, y, r * (0.92 - 0.3 * k), r * (0.92 - 0.3 * k), 0, parts[k], start=start, end=start + 110)
    canvas.circle(x, y, r * 0.12, inks.ink)


ILLUSTRATIONS: dict[str, Illustration] = {
    "citrus": _citrus,
    "berries": _berries,
    "sprig": _sprig,
    "beans": _beans,
    "wheat": _wheat,
    "tomato": _tomato,
    "fish": _fish,
    "olives": _olives,
    "flower": _flower,
    "peaks": _peaks,
    "cup": _cup,
    "cat": _cat,
    "planet": _planet,
    "rocket": _rocket,
    "bird": _bird,
    "sun": _sun_sea,
    "town": _town,
    "chili": _chili,
    "rings": _rings,
}
