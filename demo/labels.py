"""The printed face of a pack: eight layouts over a brand's palette, pattern and illustration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demo.canvas import Canvas, Colour, Image, luminance, mix
from demo.illustrations import ILLUSTRATIONS
from demo.patterns import PATTERNS
from demo.words import Palette, Rng, fine_print


@dataclass(frozen=True)
class Design:
    """What a designer was told. Two flavours of a brand share everything but name, illustration and colours."""

    brand: str
    name: str
    tagline: str
    illustration: str
    inks: Palette
    pattern: int
    layout: str
    seed: int
    """Seeds what the flavours of a line share."""
    flavour: int
    """Seeds what they do not share."""
    weight: str = "250 g"
    gtin: str = "2000000000008"


def _ink(canvas: Canvas, x: float, y: float, inks: Palette) -> Colour:
    column, row = min(canvas.width - 1, max(0, int(x))), min(canvas.height - 1, max(0, int(y)))
    blue, green, red = (int(v) for v in canvas.pixels[row, column])
    return inks.on((blue, green, red))


def paragraph(
    canvas: Canvas, text: str, x: float, y: float, width: float, size: float, ink: Colour, lines: int = 99
) -> float:
    """Set small print in a column; returns the next free baseline."""
    line, per_line = "", max(4, int(width / size / 0.52))
    for word in text.split():
        if len(line) + len(word) > per_line:
            canvas.text(line, x, y, size, ink, fit=width)
            y, line, lines = y + size * 1.25, "", lines - 1
            if lines <= 0:
                return y
        line += word + " "
    canvas.text(line.strip() or " ", x, y, size, ink, fit=width)
    return y + size * 1.25


def barcode(canvas: Canvas, digits: str, x: float, y: float, width: float, height: float) -> None:
    """An EAN-13 symbol (GS1 General Specifications, 5.2) on white."""
    left = [
        "0001101",
        "0011001",
        "0010011",
        "0111101",
        "0100011",
        "0110001",
        "0101111",
        "0111011",
        "0110111",
        "0001011",
    ]
    parity = ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"][
        int(digits[0])
    ]
    inverted = [code.translate(str.maketrans("01", "10")) for code in left]
    bars = "101"
    for digit, side in zip(digits[1:7], parity, strict=True):
        bars += left[int(digit)] if side == "L" else inverted[int(digit)][::-1]
    bars += "01010" + "".join(inverted[int(digit)] for digit in digits[7:]) + "101"
    canvas.rectangle(x, y, width, height, (250, 250, 250))
    unit = width * 0.86 / 95
    for index, bar in enumerate(bars):
        if bar == "1":
            canvas.rectangle(x + width * 0.07 + index * unit, y + height * 0.08, unit, height * 0.68, (20, 20, 20))
    canvas.text(
        digits, x + width / 2, y + height * 0.95, height * 0.19, (20, 20, 20), 400, align="centre", fit=width * 0.9
    )


def nutrition(canvas: Canvas, x: float, y: float, width: float, height: float, ink: Colour, rng: Rng) -> None:
    """A nutrition table."""
    canvas.frame(x, y, width, height, ink, max(1, width / 110))
    rows = ["Energy", "Fat", "Saturates", "Carbohydrate", "Sugars", "Protein", "Salt"]
    step = height / (len(rows) + 1.3)
    canvas.text("Nutrition per 100 g", x + width * 0.05, y + step * 0.95, step * 0.72, ink, 700, fit=width * 0.9)
    for index, row in enumerate(rows):
        base = y + step * (index + 2.05)
        canvas.lines([(x + width * 0.04, base - step * 0.85), (x + width * 0.96, base - step * 0.85)], ink, 1)
        canvas.text(row, x + width * 0.05, base, step * 0.62, ink, 400, fit=width * 0.55)
        value = f"{int(rng.integers(900, 2300))} kJ" if index == 0 else f"{rng.uniform(0.1, 60):.1f} g"
        canvas.text(value, x + width * 0.95, base, step * 0.62, ink, 400, align="right", fit=width * 0.4)


def _burst(canvas: Canvas, x: float, y: float, r: float, design: Design, words: tuple[str, str]) -> None:
    angles = np.linspace(0, 2 * np.pi, 33)[:-1]
    reach = np.where(np.arange(32) % 2, r, r * 0.87)
    canvas.polygon(np.stack([x + np.cos(angles) * reach, y + np.sin(angles) * reach], 1), design.inks.pop)
    canvas.circle(x, y, r * 0.76, design.inks.on(design.inks.pop), r * 0.04)
    ink = design.inks.on(design.inks.pop)
    canvas.text(words[0], x, y + r * 0.02, r * 0.42, ink, 800, align="centre", fit=r * 1.25)
    canvas.text(words[1], x, y + r * 0.38, r * 0.26, ink, 500, align="centre", fit=r * 1.1)


def _seals(canvas: Canvas, x: float, y: float, r: float, design: Design, rng: Rng) -> None:
    words = ["BIO", "VEGAN", "FAIR", "100%", "ZERO", "SLOW", "EST."]
    for index in range(3):
        cx = x + index * r * 2.5
        ground = (design.inks.paper, design.inks.accent, design.inks.paper)[index]
        canvas.circle(cx, y, r, ground)
        canvas.circle(cx, y, r * 0.84, design.inks.on(ground), max(1, r * 0.06))
        canvas.text(
            words[int(rng.integers(len(words)))],
            cx,
            y + r * 0.18,
            r * 0.52,
            design.inks.on(ground),
            700,
            align="centre",
            fit=r * 1.4,
        )


def _draw(canvas: Canvas, design: Design, x: float, y: float, r: float) -> None:
    ILLUSTRATIONS[design.illustration](canvas, x, y, r, design.inks, np.random.default_rng(design.flavour))


def _pattern(canvas: Canvas, design: Design, rng: Rng, size: float, strength: float = 1.0) -> None:
    inks = design.inks
    first, second = mix(inks.ground, inks.second, strength), mix(inks.ground, inks.accent, strength * 0.75)
    PATTERNS[design.pattern % len(PATTERNS)](canvas, rng, first, second, size)


def _classic(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(inks.ground, mix(inks.ground, inks.second, 0.7))
    _pattern(canvas, design, rng, w * 0.12, 0.6)
    u = min(w, h * 0.72)
    canvas.rectangle(0, 0, w, h * 0.19, inks.second)
    canvas.rectangle(0, h * 0.19, w, h * 0.012, inks.accent)
    canvas.text(
        design.brand,
        w / 2,
        h * 0.125,
        h * 0.1,
        inks.on(inks.second),
        900,
        align="centre",
        fit=w * 0.86,
        italic=bool(design.seed % 2),
    )
    canvas.text(
        "SINCE 19" + str(20 + design.seed % 70),
        w / 2,
        h * 0.168,
        h * 0.024,
        inks.accent,
        600,
        align="centre",
        tracking=0.35,
    )
    canvas.circle(w / 2, h * 0.42, u * 0.33, inks.paper)
    canvas.circle(w / 2, h * 0.42, u * 0.305, inks.accent, u * 0.012)
    _draw(canvas, design, w / 2, h * 0.42, u * 0.25)
    canvas.rectangle(w * 0.06, h * 0.66, w * 0.88, h * 0.18, inks.paper, h * 0.02)
    canvas.text(design.name, w / 2, h * 0.755, h * 0.08, inks.ink, 800, align="centre", fit=w * 0.8)
    canvas.text(
        design.tagline,
        w / 2,
        h * 0.81,
        h * 0.034,
        inks.pop if luminance(inks.pop) < 170 else inks.ink,
        500,
        align="centre",
        fit=w * 0.78,
        italic=True,
    )
    _burst(canvas, w * 0.82, h * 0.27, u * 0.12, design, ("NEW", "recipe"))
    _seals(canvas, w * 0.11, h * 0.925, h * 0.038, design, rng)
    ground = _ink(canvas, w * 0.9, h * 0.93, inks)
    canvas.text(design.weight, w * 0.94, h * 0.95, h * 0.052, ground, 700, align="right")


def _modern(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.pixels[:] = inks.ground
    side = bool(rng.random() < 0.5)
    reach = min(w * 0.6, h * 0.36)
    canvas.circle(w * (0.85 if side else 0.15), h * 0.8, reach, inks.second)
    canvas.circle(w * (0.8 if side else 0.2), h * 0.84, reach * 0.72, inks.accent)
    _draw(canvas, design, w * (0.64 if side else 0.36), h * 0.72, min(w * 0.34, h * 0.21))
    ink = inks.on(inks.ground)
    canvas.text(design.brand.upper(), w * 0.07, h * 0.07, h * 0.034, ink, 700, tracking=0.2, fit=w * 0.7)
    canvas.lines([(w * 0.07, h * 0.088), (w * 0.93, h * 0.088)], ink, max(1, h * 0.004))
    y = h * 0.1
    for word in design.name.split()[:3]:
        size = h * 0.1
        y += size * 0.92
        canvas.text(word, w * 0.06, y, size, ink, 900, stretch=0.86, fit=w * 0.88)
    canvas.text(design.tagline, w * 0.07, y + h * 0.055, h * 0.032, inks.on(inks.ground), 400, fit=w * 0.8)
    paragraph(
        canvas,
        fine_print(rng, 26),
        w * 0.07 if side else w * 0.6,
        h * 0.91,
        w * 0.33,
        h * 0.016,
        _ink(canvas, w * 0.2, h * 0.93, inks),
        5,
    )
    canvas.text(
        design.weight,
        w * (0.93 if side else 0.07),
        h * 0.955,
        h * 0.045,
        _ink(canvas, w * (0.85 if side else 0.1), h * 0.95, inks),
        700,
        align="right" if side else "left",
    )


def _scene(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(mix(inks.accent, inks.paper, 0.35), mix(inks.pop, inks.paper, 0.55))
    canvas.glow(w * 0.68, h * 0.4, w * 0.6, inks.paper, 0.9)
    canvas.circle(w * 0.68, h * 0.4, w * 0.14, inks.paper)
    x, corners = np.linspace(0, w, 40), np.array([[w, h], [0, h]], np.float64)
    for layer in range(5):
        base = h * (0.46 + 0.11 * layer)
        ridge = (
            base
            + h * 0.05 * np.sin(x / w * (3 + layer * 1.7) + float(rng.uniform(0, 6)))
            + h * 0.03 * np.sin(x / w * 11 + float(rng.uniform(0, 6)))
        )
        fill = mix(mix(inks.second, inks.accent, 0.6), inks.ground, layer / 4)
        canvas.polygon(np.concatenate([np.stack([x, ridge], 1), corners]), fill)
        for at in (float(rng.uniform(0, w)) for _ in range(7)):
            foot = float(np.interp(at, x, ridge))
            tall = h * float(rng.uniform(0.02, 0.05)) * (1 + layer * 0.35)
            canvas.polygon(
                [(at - tall * 0.3, foot + 2), (at, foot - tall), (at + tall * 0.3, foot + 2)], mix(fill, inks.ink, 0.35)
            )
    _draw(canvas, design, w * 0.5, h * 0.69, min(w * 0.33, h * 0.2))
    canvas.text(design.brand, w / 2, h * 0.12, h * 0.105, inks.ink, 900, align="centre", fit=w * 0.88, stretch=0.92)
    canvas.text(design.name, w / 2, h * 0.2, h * 0.056, inks.ink, 600, align="centre", fit=w * 0.84)
    canvas.text(design.tagline, w / 2, h * 0.245, h * 0.028, inks.ink, 400, align="centre", fit=w * 0.7, italic=True)
    canvas.text(design.weight, w * 0.94, h * 0.96, h * 0.045, inks.paper, 700, align="right")
    _seals(canvas, w * 0.1, h * 0.93, h * 0.032, design, rng)


def _scatter(canvas: Canvas, design: Design, _: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(mix(inks.ground, inks.paper, 0.25), inks.ground)
    flavour = np.random.default_rng(design.flavour)
    size = min(w, h) * 0.15
    for row in range(int(h / size / 1.35) + 2):
        for column in range(int(w / size / 1.6) + 2):
            px = (column + (row % 2) * 0.5) * size * 1.6 + float(flavour.uniform(-0.2, 0.2)) * size
            ILLUSTRATIONS[design.illustration](
                canvas, px, row * size * 1.35, size * float(flavour.uniform(0.5, 0.72)), inks, flavour
            )
    canvas.rectangle(w * 0.1, h * 0.28, w * 0.8, h * 0.42, inks.paper, w * 0.05)
    canvas.frame(w * 0.125, h * 0.295, w * 0.75, h * 0.39, inks.pop, max(1, w * 0.008))
    canvas.text(design.brand, w / 2, h * 0.4, h * 0.078, inks.ink, 800, align="centre", fit=w * 0.68, italic=True)
    canvas.rectangle(w * 0.25, h * 0.425, w * 0.5, h * 0.006, inks.pop)
    canvas.text(design.name, w / 2, h * 0.52, h * 0.068, inks.ink, 900, align="centre", fit=w * 0.7)
    canvas.text(design.tagline, w / 2, h * 0.575, h * 0.032, inks.ink, 400, align="centre", fit=w * 0.66)
    canvas.text(design.weight, w / 2, h * 0.65, h * 0.04, inks.ink, 600, align="centre")


def _dynamic(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(inks.ground, inks.second, across=True)
    PATTERNS[10](canvas, rng, mix(inks.ground, inks.accent, 0.5), mix(inks.ground, inks.pop, 0.6), w * 0.1)
    canvas.polygon([(0, h * 0.52), (w, h * 0.3), (w, h * 0.72), (0, h * 0.94)], inks.accent)
    canvas.polygon([(0, h * 0.5), (w, h * 0.28), (w, h * 0.305), (0, h * 0.525)], inks.pop)
    _draw(canvas, design, w * 0.56, h * 0.62, min(w * 0.4, h * 0.25))
    _pill(canvas, design, h * 0.06, h * 0.18)
    ink = inks.on(inks.ground)
    for shift, fill in ((0.006, inks.ink if ink == inks.paper else inks.paper), (0.0, ink)):
        canvas.text(
            design.name,
            w * (0.06 + shift),
            h * (0.345 + shift),
            h * 0.09,
            fill,
            900,
            italic=True,
            stretch=0.9,
            fit=w * 0.8,
        )
        canvas.text(
            design.tagline,
            w * (0.06 + shift / 2),
            h * (0.405 + shift / 2),
            h * 0.036,
            fill,
            600,
            italic=True,
            fit=w * 0.6,
        )
    _burst(canvas, w * 0.17, h * 0.83, min(w, h) * 0.13, design, ("+20%", "extra"))
    canvas.text(
        design.weight,
        w * 0.94,
        h * 0.955,
        h * 0.055,
        _ink(canvas, w * 0.85, h * 0.94, inks),
        800,
        align="right",
        italic=True,
    )


def _pill(canvas: Canvas, design: Design, y: float, height: float) -> None:
    w, inks = canvas.width, design.inks
    canvas.rectangle(w * 0.05, y, w * 0.9, height, inks.pop, height * 0.5)
    canvas.rectangle(w * 0.065, y + height * 0.08, w * 0.87, height * 0.84, inks.paper, height * 0.42)
    ink = inks.ground if luminance(inks.ground) < 150 else inks.ink
    canvas.text(
        design.brand, w / 2, y + height * 0.72, height * 0.62, ink, 900, align="centre", fit=w * 0.74, italic=True
    )


def _apothecary(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.pixels[:] = inks.paper
    band = min(w, h) * 0.055
    edge = Canvas(w, h, inks.ground)
    PATTERNS[design.pattern % len(PATTERNS)](edge, rng, inks.accent, inks.second, band * 1.2)
    inner = canvas.pixels[int(band) : int(h - band), int(band) : int(w - band)].copy()
    canvas.pixels = edge.pixels
    canvas.pixels[int(band) : int(h - band), int(band) : int(w - band)] = inner
    for gap, pen in ((1.5, 0.008), (1.8, 0.003)):
        canvas.frame(band * gap, band * gap, w - 2 * band * gap, h - 2 * band * gap, inks.ink, max(1, w * pen))
    canvas.text(
        design.brand.upper(), w / 2, h * 0.2, h * 0.062, inks.ink, 500, align="centre", tracking=0.22, fit=w * 0.7
    )
    canvas.lines([(w * 0.3, h * 0.225), (w * 0.7, h * 0.225)], inks.ink, max(1, h * 0.003))
    canvas.text(f"No. {design.seed % 90 + 10}", w / 2, h * 0.262, h * 0.026, inks.ink, 400, align="centre", italic=True)
    _draw(canvas, design, w / 2, h * 0.455, min(w * 0.26, h * 0.15))
    canvas.text(design.name, w / 2, h * 0.67, h * 0.066, inks.ink, 700, align="centre", fit=w * 0.72)
    canvas.text(
        design.tagline,
        w / 2,
        h * 0.715,
        h * 0.03,
        inks.pop if luminance(inks.pop) < 150 else inks.ink,
        500,
        align="centre",
        fit=w * 0.68,
        italic=True,
    )
    paragraph(canvas, fine_print(rng, 30), w * 0.2, h * 0.765, w * 0.6, h * 0.017, inks.ink, 4)
    canvas.text(design.weight, w / 2, h * 0.885, h * 0.032, inks.ink, 500, align="centre", tracking=0.1)


def _swiss(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.pixels[:] = inks.paper if rng.random() < 0.5 else inks.ground
    cells = int(rng.integers(3, 5))
    size = w / cells
    parts = (inks.ground, inks.second, inks.accent, inks.pop, inks.ink, inks.paper)
    flavour = np.random.default_rng(design.flavour)
    for row in range(int(h * 0.66 / size) + 1):
        for column in range(cells):
            x, y = column * size, row * size
            a, b = (int(k) for k in flavour.choice(6, 2, replace=False))
            canvas.rectangle(x, y, size + 1, size + 1, parts[a])
            shape = int(flavour.integers(5))
            if shape == 0:
                canvas.circle(x + size / 2, y + size / 2, size * 0.4, parts[b])
            elif shape == 1:
                canvas.polygon([(x, y), (x + size, y), (x, y + size)], parts[b])
            elif shape == 2:
                turn = int(flavour.integers(4))
                canvas.ellipse(
                    x + size * (turn in {1, 2}),
                    y + size * (turn >= 2),
                    size,
                    size,
                    0,
                    parts[b],
                    start=turn * 90,
                    end=turn * 90 + 90,
                )
            elif shape == 3:
                for k in range(5):
                    canvas.rectangle(x, y + size * k / 5, size, size * 0.1, parts[b])
            else:
                ILLUSTRATIONS[design.illustration](canvas, x + size / 2, y + size / 2, size * 0.42, inks, flavour)
    canvas.rectangle(0, h * 0.68, w, h * 0.32, inks.paper)
    canvas.text(design.name, w * 0.06, h * 0.79, h * 0.085, inks.ink, 900, fit=w * 0.88)
    canvas.text(design.tagline, w * 0.06, h * 0.845, h * 0.036, inks.ink, 400, fit=w * 0.8)
    canvas.lines([(w * 0.06, h * 0.875), (w * 0.94, h * 0.875)], inks.ink, max(1, h * 0.003))
    canvas.text(
        design.brand,
        w * 0.06,
        h * 0.93,
        h * 0.036,
        inks.pop if luminance(inks.pop) < 170 else inks.ink,
        700,
        fit=w * 0.5,
    )
    paragraph(canvas, fine_print(rng, 22), w * 0.6, h * 0.905, w * 0.34, h * 0.016, inks.ink, 5)


def _poster(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(inks.ground, inks.second)
    PATTERNS[(4, 3, 1, 7, 0)[design.pattern % 5]](
        canvas, rng, mix(inks.ground, inks.second, 0.5), mix(inks.ground, inks.accent, 0.35), w * 0.13
    )
    canvas.glow(w / 2, h * 0.45, w * 0.7, inks.accent, 0.75)
    _draw(canvas, design, w / 2, h * 0.46, min(w * 0.42, h * 0.3))
    ink = inks.on(inks.ground)
    canvas.text(
        design.tagline.upper(), w / 2, h * 0.075, h * 0.026, ink, 500, align="centre", tracking=0.3, fit=w * 0.86
    )
    words = design.name.split()
    canvas.text(
        " ".join(words[: (len(words) + 1) // 2]),
        w / 2,
        h * 0.165,
        h * 0.1,
        ink,
        900,
        align="centre",
        stretch=0.9,
        fit=w * 0.9,
    )
    canvas.text(
        " ".join(words[(len(words) + 1) // 2 :]) or "·",
        w / 2,
        h * 0.9,
        h * 0.11,
        inks.on(inks.second),
        900,
        align="centre",
        stretch=0.9,
        fit=w * 0.9,
    )
    canvas.text(
        design.brand, w / 2, h * 0.955, h * 0.03, inks.on(inks.second), 500, align="centre", tracking=0.12, fit=w * 0.8
    )
    canvas.frame(w * 0.035, w * 0.035, w * 0.93, h - w * 0.07, inks.paper, max(1, w * 0.008))


def _wide(canvas: Canvas, design: Design, rng: Rng) -> None:
    w, h, inks = canvas.width, canvas.height, design.inks
    canvas.gradient(inks.ground, inks.second, across=True)
    _pattern(canvas, design, rng, h * 0.24, 0.55)
    canvas.polygon([(0, 0), (w * 0.6, 0), (w * 0.52, h), (0, h)], inks.paper)
    canvas.polygon([(w * 0.6, 0), (w * 0.625, 0), (w * 0.545, h), (w * 0.52, h)], inks.pop)
    canvas.circle(w * 0.78, h * 0.5, h * 0.42, inks.paper)
    canvas.circle(w * 0.78, h * 0.5, h * 0.385, inks.accent, h * 0.014)
    _draw(canvas, design, w * 0.78, h * 0.5, h * 0.31)
    canvas.text(design.brand, w * 0.04, h * 0.34, h * 0.27, inks.ink, 900, fit=w * 0.49, italic=bool(design.seed % 2))
    canvas.rectangle(w * 0.04, h * 0.42, w * 0.16, h * 0.025, inks.pop)
    canvas.text(design.name, w * 0.04, h * 0.63, h * 0.16, inks.ink, 700, fit=w * 0.47)
    canvas.text(design.tagline, w * 0.04, h * 0.76, h * 0.085, inks.ink, 400, italic=True, fit=w * 0.44)
    canvas.text(design.weight, w * 0.04, h * 0.91, h * 0.085, inks.ink, 600)
    paragraph(canvas, fine_print(rng, 16), w * 0.2, h * 0.86, w * 0.3, h * 0.045, inks.ink, 3)


LAYOUTS: dict[str, Callable[[Canvas, Design, Rng], None]] = {
    "classic": _classic,
    "modern": _modern,
    "scene": _scene,
    "scatter": _scatter,
    "dynamic": _dynamic,
    "apothecary": _apothecary,
    "swiss": _swiss,
    "poster": _poster,
    "wide": _wide,
}


def draw_label(design: Design, width: int, height: int) -> Image:
    """The face as flat artwork of the given size in pixels."""
    canvas = Canvas(width, height, design.inks.ground)
    LAYOUTS[design.layout](canvas, design, np.random.default_rng(design.seed))
    return canvas.pixels
