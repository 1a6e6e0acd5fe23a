"""Places to film in: surfaces with grain, shelves, windows, things that stand about, and hands and people that pass."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from demo.canvas import Canvas, Colour, Image, colour, flat, image_of, mix
from demo.illustrations import leaf
from demo.packs import lit, noise
from demo.patterns import PATTERNS
from demo.words import Rng, palette

Sprite = tuple[Image, Image]
"""Picture and coverage."""


@dataclass(frozen=True)
class Room:
    wall: Image
    floor: Image | None
    tint: tuple[float, float, float]
    """BGR gains of its light."""
    brightness: float
    sharp_wall: bool = False


def wood(width: int, height: int, base: Colour, seed: int, plank: int = 150) -> Image:
    """Planks along x."""
    rng = np.random.default_rng(seed)
    grain = noise(height, max(8, width // 14), 4, seed)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
    rings = np.sin(noise(height, width, 160, seed + 1) * 9 + np.linspace(0, height / 9, height)[:, None])
    gain = np.asarray(1 + 0.1 * grain + 0.035 * rings, np.float32)
    for top in range(0, height, plank):
        gain[top : top + plank] *= float(rng.uniform(0.88, 1.08))
        gain[top : top + 3] *= 0.6
        for seam in rng.integers(0, width, 2):
            gain[top : top + plank, seam : seam + 3] *= 0.7
    return lit(flat(width, height, base), gain)


def plaster(width: int, height: int, base: Colour, seed: int) -> Image:
    """A painted wall."""
    gain = 1 + 0.05 * noise(height, width, 220, seed) + 0.03 * noise(height, width, 5, seed + 1)
    return lit(flat(width, height, base), gain)


def bricks(
    width: int,
    height: int,
    base: Colour,
    mortar: Colour,
    size: tuple[int, int],
    seed: int,
    gap: int = 6,
    *,
    offset: bool = True,
) -> Image:
    """Bricks, or tiles when not offset."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(width, height, mortar)
    for row in range(height // size[1] + 1):
        for column in range(-1, width // size[0] + 1):
            x = column * size[0] + (size[0] // 2 if offset and row % 2 else 0)
            tone = mix(base, (20, 20, 30) if rng.random() < 0.6 else (220, 225, 235), float(rng.uniform(0, 0.22)))
            canvas.rectangle(x + gap / 2, row * size[1] + gap / 2, size[0] - gap, size[1] - gap, tone, 3)
    return lit(canvas.pixels, 1 + 0.07 * noise(height, width, 6, seed) + 0.06 * noise(height, width, 120, seed + 1))


def _window(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    canvas.rectangle(x - 14, y - 14, width + 28, height + 28, (226, 232, 236))
    sky = Canvas(int(width), int(height))
    sky.gradient((250, 226, 190), (235, 244, 250))
    for k in range(9):
        sky.circle(width * (0.1 + 0.1 * k), height * (0.95 - 0.02 * (k * 7 % 5)), width * 0.14, (110 + 9 * k, 160, 120))
    canvas.pixels[int(y) : int(y) + sky.height, int(x) : int(x) + sky.width] = sky.pixels
    canvas.rectangle(x + width / 2 - 5, y, 10, height, (226, 232, 236))
    canvas.rectangle(x, y + height * 0.45, width, 10, (226, 232, 236))


def _shelf(canvas: Canvas, x: float, y: float, width: float, rng: Rng, board: Colour) -> None:
    left = x + 16
    inks = palette(int(rng.integers(16)))
    while left < x + width - 70:
        kind = float(rng.random())
        if kind < 0.72:
            thick, tall = float(rng.uniform(18, 40)), float(rng.uniform(90, 150))
            tone = (inks.ground, inks.second, inks.accent, inks.pop, inks.paper)[int(rng.integers(5))]
            canvas.rectangle(left, y - tall, thick, tall, mix(tone, (60, 60, 60), 0.2), 2)
            canvas.rectangle(
                left + thick * 0.2, y - tall * 0.85, thick * 0.6, tall * 0.12, mix(tone, (255, 255, 255), 0.6)
            )
            left += thick + 2
        elif kind < 0.86:
            radius = float(rng.uniform(24, 40))
            canvas.ellipse(
                left + radius, y - radius * 1.3, radius, radius * 1.3, 0, mix(inks.accent, (200, 200, 200), 0.3)
            )
            canvas.ellipse(
                left + radius * 0.7,
                y - radius * 1.6,
                radius * 0.2,
                radius * 0.7,
                8,
                mix(inks.accent, (255, 255, 255), 0.6),
            )
            left += radius * 2 + 18
        else:
            canvas.polygon([(left, y - 46), (left + 60, y - 46), (left + 50, y), (left + 10, y)], (82, 110, 176))
            for k in range(11):
                leaf(
                    canvas,
                    left + 30,
                    y - 44,
                    float(rng.uniform(50, 96)),
                    -170 + 16 * k,
                    mix((60, 130, 70), (90, 190, 130), float(rng.random())),
                    0.16,
                )
            left += 84
    canvas.rectangle(x, y, width, 18, board)
    canvas.rectangle(x, y + 18, width, 8, mix(board, (10, 10, 10), 0.55))


def _kitchen(rng: Rng, seed: int) -> Room:
    width, height = 2200, 1240
    tone = (colour("#e9efe9"), colour("#bcd3cf"), colour("#f2e3d3"))[int(rng.integers(3))]
    canvas = Canvas(width, height)
    canvas.pixels = bricks(width, height, tone, (205, 208, 208), (132, 66), seed)
    _window(canvas, 1420, 120, 420, 460)
    _shelf(canvas, 240, 420, 900, rng, colour("#a9754b"))
    canvas.glow(1630, 350, 900, (214, 240, 255), 0.5)
    top = wood(1500, 900, (colour("#b98a5e"), colour("#8d6748"), colour("#d9c3a0"))[int(rng.integers(3))], seed + 3)
    return Room(canvas.pixels, top, (0.95, 0.99, 1.03), 1.02)


def _living(rng: Rng, seed: int) -> Room:
    width, height = 2200, 1240
    tone = (colour("#3f5a5c"), colour("#c9b7a2"), colour("#7a4b47"), colour("#dfe2da"))[int(rng.integers(4))]
    canvas = Canvas(width, height)
    canvas.pixels = plaster(width, height, tone, seed)
    for row in range(3):
        _shelf(canvas, 160 + 90 * row, 330 + 260 * row, 1000, rng, colour("#7b5236"))
    canvas.circle(1650, 300, 150, mix(tone, (150, 230, 255), 0.75))
    canvas.glow(1650, 300, 700, (170, 225, 255), 0.7)
    canvas.rectangle(1644, 440, 12, 760, (40, 46, 52))
    table = wood(1500, 900, (colour("#6b4530"), colour("#c49a6c"))[int(rng.integers(2))], seed + 3, 220)
    return Room(canvas.pixels, table, (0.9, 0.98, 1.05), 0.96)


def _desk(rng: Rng, seed: int) -> Room:
    width, height = 2200, 1240
    canvas = Canvas(width, height)
    canvas.pixels = plaster(
        width, height, (colour("#d8dee4"), colour("#f0e6da"), colour("#4a5568"))[int(rng.integers(3))], seed
    )
    inks = palette(int(rng.integers(16)))
    for k in range(3):
        x, y, w, h = 260 + k * 330, 200 + 60 * (k % 2), 260, 340
        canvas.rectangle(x - 8, y - 8, w + 16, h + 16, (50, 44, 40))
        art = Canvas(w, h, inks.paper)
        PATTERNS[int(rng.integers(len(PATTERNS)))](art, rng, inks.ground, inks.accent, 52)
        canvas.pixels[y : y + h, x : x + w] = art.pixels
    canvas.rectangle(1420, 420, 560, 380, (34, 30, 28), 14)
    canvas.rectangle(1440, 440, 520, 320, (120, 84, 52))
    for row in range(9):
        canvas.rectangle(
            1464,
            468 + row * 30,
            float(rng.uniform(120, 440)),
            10,
            ((190, 170, 120), (120, 200, 160), (150, 150, 230))[row % 3],
        )
    canvas.rectangle(1660, 800, 80, 150, (60, 56, 52))
    top = wood(1500, 900, (colour("#e4d6c3"), colour("#a67c52"))[int(rng.integers(2))], seed + 3, 300)
    return Room(canvas.pixels, top, (1.03, 1.0, 0.97), 1.0)


def _bath(rng: Rng, seed: int) -> Room:
    width, height = 2200, 1240
    tone = (colour("#cfe3e6"), colour("#e8d8d4"), colour("#35605a"))[int(rng.integers(3))]
    canvas = Canvas(width, height)
    canvas.pixels = bricks(width, height, tone, (232, 234, 234), (110, 110), seed, 7, offset=False)
    canvas.circle(1500, 380, 250, (70, 96, 120))
    canvas.circle(1500, 380, 232, (236, 232, 222))
    canvas.glow(1430, 300, 240, (255, 252, 246), 0.8)
    _shelf(canvas, 280, 520, 640, rng, (228, 228, 226))
    marble = np.full((900, 1500, 3), (236, 236, 238), np.uint8)
    veins = np.abs(noise(900, 1500, 170, seed + 5) + 0.35 * noise(900, 1500, 40, seed + 6))
    return Room(
        canvas.pixels,
        lit(marble, (1 - 0.35 * np.exp(-((veins / 0.06) ** 2)) - 0.05 * veins).astype(np.float32)),
        (1.04, 1.01, 0.97),
        1.05,
    )


def _studio(rng: Rng, seed: int) -> Room:
    inks = palette(int(rng.integers(16)))
    canvas = Canvas(2200, 1240)
    canvas.gradient(mix(inks.ground, (16, 14, 18), 0.72), mix(inks.second, (20, 18, 20), 0.45))
    canvas.glow(1100, 640, 760, mix(inks.accent, (255, 255, 255), 0.25), 0.65)
    canvas.pixels = lit(canvas.pixels, 1 + 0.02 * noise(1240, 2200, 4, seed))
    floor = Canvas(1500, 900)
    floor.gradient(mix(inks.second, (22, 20, 22), 0.4), mix(inks.ground, (16, 14, 18), 0.6))
    return Room(canvas.pixels, lit(floor.pixels, 1 + 0.03 * noise(900, 1500, 3, seed + 1)), (1.0, 0.97, 1.02), 1.02)


def _street(rng: Rng, seed: int) -> Room:
    wall = bricks(
        2600,
        1300,
        (colour("#9a4e3c"), colour("#7d6a5c"), colour("#a8763e"))[int(rng.integers(3))],
        (150, 156, 160),
        (118, 44),
        seed,
        6,
    )
    canvas = Canvas(2600, 1300)
    canvas.pixels = wall
    canvas.rectangle(0, 1130, 2600, 170, (112, 112, 116))
    canvas.rectangle(0, 1120, 2600, 14, (70, 70, 74))
    inks = palette(int(rng.integers(16)))
    for k in range(4):
        x = 90 + k * 690 + float(rng.uniform(-30, 30))
        canvas.text(
            ("OPEN", "LATE", "CITY", "NOISE", "SOUP", "JAZZ")[int(rng.integers(6))],
            x,
            float(rng.uniform(950, 1080)),
            float(rng.uniform(80, 150)),
            mix(inks.accent, (120, 120, 140), 0.35),
            900,
            italic=True,
        )
    canvas.pixels = lit(canvas.pixels, (1 + 0.1 * noise(1300, 2600, 300, seed + 9)).astype(np.float32))
    return Room(canvas.pixels, None, (1.06, 1.0, 0.95), 0.96, sharp_wall=True)


def _shop(_: Rng, seed: int) -> Room:
    canvas = Canvas(2600, 1300)
    canvas.pixels = plaster(2600, 1300, colour("#e9e4da"), seed)
    for k in range(26):
        canvas.rectangle(k * 100, 0, 3, 1300, (196, 202, 206))
    return Room(canvas.pixels, None, (1.0, 1.0, 1.0), 1.05, sharp_wall=True)


def _flat(rng: Rng, seed: int) -> Room:
    if rng.random() < 0.5:
        top = wood(
            2600, 1400, (colour("#c9a77c"), colour("#7a5a41"), colour("#e2d3bd"))[int(rng.integers(3))], seed, 230
        )
    else:
        cloth = Canvas(2600, 1400, colour("#f4efe6"))
        PATTERNS[8](cloth, rng, (palette(int(rng.integers(16))).ground), colour("#f4efe6"), 90)
        top = lit(
            cloth.pixels,
            (1 + 0.05 * noise(1400, 2600, 260, seed) + 0.02 * noise(1400, 2600, 3, seed + 1)).astype(np.float32),
        )
    canvas = Canvas(2600, 1400)
    canvas.pixels = top
    for _ in range(46):
        leaf(
            canvas,
            float(rng.uniform(0, 2600)),
            float(rng.choice([rng.uniform(0, 250), rng.uniform(1150, 1400)])),
            float(rng.uniform(60, 130)),
            float(rng.uniform(0, 360)),
            mix((60, 120, 70), (110, 190, 150), float(rng.random())),
            0.2,
        )
    return Room(canvas.pixels, None, (0.98, 1.0, 1.02), 1.03, sharp_wall=True)


def _wardrobe(rng: Rng, seed: int) -> Room:
    canvas = Canvas(2600, 1300)
    canvas.pixels = plaster(
        2600, 1300, (colour("#d9cfc3"), colour("#bfc9c4"), colour("#8f8577"))[int(rng.integers(3))], seed
    )
    canvas.rectangle(0, 196, 2600, 20, (60, 64, 70))
    canvas.rectangle(0, 198, 2600, 5, (190, 196, 200))
    return Room(canvas.pixels, None, (0.96, 0.99, 1.03), 1.0, sharp_wall=True)


ROOMS = {
    "kitchen": _kitchen,
    "living": _living,
    "desk": _desk,
    "bath": _bath,
    "studio": _studio,
    "street": _street,
    "shop": _shop,
    "flat": _flat,
    "wardrobe": _wardrobe,
}


def make_room(kind: str, seed: int) -> Room:
    """A place, its colours and clutter by seed."""
    return ROOMS[kind](np.random.default_rng((seed, 7)), seed)


def _sprite(canvas: Canvas, mask: Canvas, blur: float) -> Sprite:
    alpha = image_of(cv2.GaussianBlur(mask.pixels[..., 0], (0, 0), blur))
    return image_of(cv2.GaussianBlur(canvas.pixels, (0, 0), max(0.8, blur * 0.8))), alpha


def hand(rng: Rng, blur: float) -> Sprite:
    """A hand with its forearm, reaching in from the left."""
    skin = (colour("#e0ac87"), colour("#c68863"), colour("#8d5a3c"), colour("#f1c9a9"))[int(rng.integers(4))]
    width, height = 700, 320
    picture, mask = Canvas(width, height, mix(skin, (40, 40, 60), 0.3)), Canvas(width, height, (0, 0, 0))
    sleeve = palette(int(rng.integers(16))).ground

    def limb(points: list[tuple[float, float]], thick: float, fill: Colour) -> None:
        picture.lines(points, mix(fill, (30, 30, 50), 0.25), thick)
        picture.lines([(x, y - thick * 0.1) for x, y in points], fill, thick * 0.72)
        mask.lines(points, (255, 255, 255), thick)

    limb([(-60, 175), (330, 165)], 110, skin)
    limb([(-60, 178), (150, 172)], 150, sleeve)
    limb([(340, 160), (440, 155)], 124, skin)
    for k, (dx, dy) in enumerate(((640, 92), (672, 132), (664, 172), (624, 208))):
        limb([(430, 118 + 26 * k), (540, (118 + 26 * k + dy) / 2), (dx, dy)], 34, skin)
        picture.circle(dx + 4, dy - 3, 9, mix(skin, (225, 215, 245), 0.5))
    limb([(390, 205), (470, 250), (540, 262)], 40, skin)
    return _sprite(picture, mask, blur)


def thumb(rng: Rng) -> Sprite:
    """A thumb and part of a hand, holding something from below."""
    skin = (colour("#e0ac87"), colour("#c68863"), colour("#8d5a3c"), colour("#f1c9a9"))[int(rng.integers(4))]
    picture, mask = Canvas(240, 420, mix(skin, (40, 40, 60), 0.3)), Canvas(240, 420, (0, 0, 0))
    for points, thick in (([(110, 95), (128, 210)], 70), ([(128, 210), (120, 440)], 150)):
        picture.lines(points, mix(skin, (30, 30, 50), 0.22), thick)
        picture.lines([(x - thick * 0.08, y) for x, y in points], skin, thick * 0.7)
        mask.lines(points, (255, 255, 255), thick)
    picture.ellipse(106, 82, 22, 28, -6, mix(skin, (228, 220, 250), 0.55))
    return _sprite(picture, mask, 1.6)


def passer(rng: Rng) -> Sprite:
    """A person walking by, close to the camera and so out of focus."""
    width, height = 260, 640
    coat = mix(palette(int(rng.integers(16))).ground, (20, 20, 20), 0.45)
    picture, mask = Canvas(width, height, coat), Canvas(width, height, (0, 0, 0))
    for canvas, fill in ((picture, (70, 100, 140)), (mask, (255, 255, 255))):
        canvas.ellipse(130, 80, 42, 54, 0, fill)
    for canvas, fill in ((picture, coat), (mask, (255, 255, 255))):
        canvas.rectangle(60, 130, 140, 330, fill, 50)
        canvas.polygon([(76, 420), (184, 420), (200, 640), (142, 640), (130, 500), (110, 640), (56, 640)], fill)
    picture.ellipse(130, 62, 44, 40, 0, (24, 30, 40), start=180, end=360)
    return _sprite(picture, mask, 7)


def mug(rng: Rng) -> Sprite:
    """A mug."""
    inks = palette(int(rng.integers(16)))
    picture, mask = Canvas(260, 240, inks.accent), Canvas(260, 240, (0, 0, 0))
    for canvas, fill in ((picture, mix(inks.accent, (20, 20, 20), 0.15)), (mask, (255, 255, 255))):
        canvas.ellipse(190, 125, 52, 52, 0, fill, 24)
        canvas.rectangle(20, 24, 170, 206, fill, 26)
    band = Canvas(170, 90, inks.paper)
    PATTERNS[int(rng.integers(len(PATTERNS)))](band, rng, inks.ground, inks.pop, 26)
    picture.pixels[90:180, 20:190] = band.pixels
    picture.ellipse(105, 30, 84, 16, 0, mix(inks.accent, (10, 10, 10), 0.5))
    x = np.linspace(-1.24, 1.24, 260, dtype=np.float32)[None].repeat(240, 0)
    picture.pixels = lit(picture.pixels, np.clip(1.1 - 0.4 * np.abs(x + 0.2) ** 2, 0.3, 1.2))
    return _sprite(picture, mask, 1.2)


def plant(rng: Rng) -> Sprite:
    """A pot plant."""
    picture, mask = Canvas(360, 480, (60, 120, 80)), Canvas(360, 480, (0, 0, 0))
    pot = (colour("#c4673f"), colour("#e8e2d8"), colour("#37474f"))[int(rng.integers(3))]
    for k in range(26):
        turn, reach = -172 + 164 * k / 25 + float(rng.uniform(-5, 5)), float(rng.uniform(150, 270))
        tone = mix((50, 110, 60), (110, 190, 140), float(rng.random()))
        leaf(picture, 180, 330, reach, turn, tone, 0.13)
        leaf(mask, 180, 330, reach, turn, (255, 255, 255), 0.13)
    for canvas, fill in ((picture, pot), (mask, (255, 255, 255))):
        canvas.polygon([(110, 320), (250, 320), (232, 476), (128, 476)], fill)
    picture.rectangle(104, 312, 152, 30, mix(pot, (255, 255, 255), 0.18), 6)
    mask.rectangle(104, 312, 152, 30, (255, 255, 255), 6)
    return _sprite(picture, mask, 1.4)


def wobble(
    rng: Rng, seconds: float, frames: int, rough: float = 1.0
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """What a hand does to a camera: (frames, 6) offsets, x y z in cm and yaw pitch roll in degrees."""
    t = np.linspace(0, seconds, frames)
    result = np.zeros((frames, 6))
    for axis, size in enumerate((0.35, 0.3, 0.25, 0.3, 0.26, 0.3)):
        for rate in (0.4, 0.9, 1.8, 3.4):
            result[:, axis] += (
                size
                * rough
                / (1 + rate)
                * np.sin(2 * math.pi * rate * float(rng.uniform(0.8, 1.2)) * t + float(rng.uniform(0, 6.28)))
            )
    return result
