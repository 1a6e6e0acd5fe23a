"""Names, colours and prices: what a shop's people would have thought of."""

import colorsys
from dataclasses import dataclass

import numpy as np

from demo.canvas import Colour, colour, luminance, mix

Rng = np.random.Generator


@dataclass(frozen=True)
class Palette:
    """The inks of one design."""

    ground: Colour
    second: Colour
    accent: Colour
    pop: Colour
    ink: Colour
    paper: Colour

    def on(self, background: Colour) -> Colour:
        """The ink that is read best on a background."""
        return self.paper if luminance(background) < 140 else self.ink


_PALETTES = [
    ("#12355b", "#1d5b8f", "#f4b942", "#e4572e", "#0b1d33", "#fdf6e3"),
    ("#f3e9d2", "#e3d0a5", "#114b5f", "#c6432b", "#1a2e35", "#fffaf0"),
    ("#1b4332", "#2d6a4f", "#d8f3dc", "#ffb703", "#081c15", "#f5f3e7"),
    ("#ffcad4", "#f4acb7", "#9d4e6b", "#ff6b57", "#46233a", "#fff7f5"),
    ("#2b2d42", "#4a4e69", "#ef476f", "#ffd166", "#14151f", "#f2f2f7"),
    ("#ffb627", "#ff9505", "#c2340f", "#0f4c5c", "#3b1407", "#fff8e8"),
    ("#e63946", "#b71c32", "#f1faee", "#ffbe0b", "#3d0b12", "#fff5ee"),
    ("#edf6f9", "#bfe3e0", "#006d77", "#e29578", "#12343b", "#ffffff"),
    ("#3d2c2e", "#5b3a34", "#e0a458", "#f2e3bc", "#1d1214", "#fbf3e4"),
    ("#6a4c93", "#8a5fbf", "#ffca3a", "#8ac926", "#25163c", "#f8f3ff"),
    ("#0b6e4f", "#08a045", "#fa9f42", "#f7d9a8", "#04291e", "#fffaf2"),
    ("#f7f3ee", "#e8ded2", "#a44a3f", "#3d5a6c", "#2b2118", "#ffffff"),
    ("#0a9396", "#005f73", "#ee9b00", "#e9d8a6", "#001219", "#fdfaf1"),
    ("#141414", "#2a2a2a", "#c9a24b", "#d94f30", "#0a0a0a", "#f6efe0"),
    ("#a8dadc", "#7cc3c8", "#1d3557", "#e63946", "#0d1b2e", "#f8ffff"),
    ("#d62a5b", "#93174a", "#ffd6e0", "#37c5b9", "#33081c", "#fff6f8"),
]


def palette(number: int) -> Palette:
    """One of the drawn palettes."""
    return Palette(*(colour(text) for text in _PALETTES[number % len(_PALETTES)]))


def turned(base: Palette, hue: float, light: float = 1.0) -> Palette:
    """The palette with the colours (not ink and paper) turned by a share of the colour circle."""

    def turn(value: Colour) -> Colour:
        h, lightness, s = colorsys.rgb_to_hls(value[2] / 255, value[1] / 255, value[0] / 255)
        # Inks hold less of green than a screen shows.
        dull = 0.2 < (h + hue) % 1 < 0.48
        s, lightness = (s * 0.7, lightness * 0.8) if dull else (s, lightness)
        r, g, b = colorsys.hls_to_rgb((h + hue) % 1, min(0.93, lightness * light), min(0.72, max(s, 0.15)))
        return round(b * 255), round(g * 255), round(r * 255)

    return Palette(
        turn(base.ground),
        turn(base.second),
        turn(base.accent),
        turn(base.pop),
        mix(base.ink, turn(base.ground), 0.1),
        base.paper,
    )


_STARTS = [
    "Nor",
    "Vel",
    "Kami",
    "Alba",
    "Ori",
    "Luma",
    "Tre",
    "Mar",
    "Sol",
    "Bri",
    "Fjor",
    "Cala",
    "Zeph",
    "Hal",
    "Mon",
    "Pira",
    "Ede",
    "Quin",
    "Rosa",
    "Tili",
    "Wald",
    "Isla",
    "Juno",
    "Dala",
    "Petra",
    "Sava",
    "Ume",
    "Yara",
    "Corn",
    "Bel",
    "Gran",
    "Ster",
]
_MIDDLES = ["", "", "", "da", "li", "ro", "ve", "ne", "ta", "mi", "so", "bri"]
_ENDS = [
    "lys",
    "ra",
    "no",
    "vale",
    "mark",
    "dor",
    "wick",
    "rique",
    "sson",
    "len",
    "field",
    "tano",
    "berg",
    "ria",
    "well",
    "more",
    "ko",
    "nette",
    "ford",
    "via",
    "luna",
    "haus",
    "stad",
    "brook",
]
_TAILS = ["", "", "", "", " & Sons", " Mills", " Works", " Co.", " Studio", " Press", " Farm", " Atelier"]


def brand_name(rng: Rng, tail: bool = False) -> str:
    """A brand that does not exist."""
    name = _pick(rng, _STARTS) + _pick(rng, _MIDDLES) + _pick(rng, _ENDS)
    return name + (_pick(rng, _TAILS) if tail else "")


_FIRST = [
    "Ada",
    "Ivo",
    "Maren",
    "Tomas",
    "Lena",
    "Rui",
    "Ines",
    "Karel",
    "Nadia",
    "Oskar",
    "Pia",
    "Selim",
    "Yuki",
    "Bruno",
    "Hanne",
    "Milan",
]
_TITLE_A = [
    "The Quiet",
    "A Distant",
    "The Last",
    "Salt and",
    "The Glass",
    "Midnight",
    "The Paper",
    "Under the",
    "The Hollow",
    "Letters from the",
    "A Brief",
    "The Weight of",
    "Seven",
    "The Cartographer's",
    "Winter",
]
_TITLE_B = [
    "Harbour",
    "Orchard",
    "Lighthouse",
    "Atlas",
    "Garden",
    "River",
    "Meridian",
    "Tides",
    "Archive",
    "Summer",
    "Clockmaker",
    "Lanterns",
    "Cities",
    "Daughter",
    "Comet",
]


def author(rng: Rng) -> str:
    """A writer's name."""
    return f"{_pick(rng, _FIRST)} {brand_name(rng)}"


def book_title(rng: Rng) -> str:
    """A novel's title."""
    return f"{_pick(rng, _TITLE_A)} {_pick(rng, _TITLE_B)}"


_FINE = [
    "ingredients",
    "whole",
    "grain",
    "cane",
    "sugar",
    "sea",
    "salt",
    "cocoa",
    "mass",
    "natural",
    "flavour",
    "may",
    "contain",
    "traces",
    "of",
    "nuts",
    "store",
    "in",
    "a",
    "cool",
    "dry",
    "place",
    "best",
    "before",
    "see",
    "base",
    "packed",
    "under",
    "protective",
    "atmosphere",
    "made",
    "with",
    "care",
    "by",
    "people",
    "who",
    "like",
    "what",
    "they",
    "do",
    "shake",
    "well",
    "and",
    "serve",
    "chilled",
    "recyclable",
    "paper",
    "from",
    "forests",
]


def fine_print(rng: Rng, words: int) -> str:
    """Small print of as many words."""
    return " ".join(_FINE[int(i)] for i in rng.integers(0, len(_FINE), words)).capitalize() + "."


def gtin13(rng: Rng) -> str:
    """A GTIN-13 with a valid check digit (GS1 General Specifications, 7.9), prefix 2: kept for use inside a shop."""
    digits = [2, *(int(d) for d in rng.integers(0, 10, 11))]
    total = sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def _pick(rng: Rng, options: list[str]) -> str:
    return options[int(rng.integers(len(options)))]
