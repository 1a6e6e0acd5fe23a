"""Printed patterns: each fills a rectangle of the canvas."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from demo.canvas import Canvas, Colour, image_of
from demo.words import Rng

Pattern = Callable[[Canvas, Rng, Colour, Colour, float], None]
"""Draws over the whole canvas with two inks; the last number is the size of the motif in pixels."""


def _stripes(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    slope = float(rng.uniform(-0.8, 0.8))
    rise = slope * canvas.width
    y = -abs(rise) - size
    odd = False
    while y < canvas.height + abs(rise):
        step = size * float(rng.uniform(0.35, 1.1))
        canvas.polygon(
            [(0, y), (canvas.width, y + rise), (canvas.width, y + rise + step), (0, y + step)], second if odd else first
        )
        odd = not odd
        y += step * float(rng.uniform(1.2, 2.2))


def _dots(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    for row in range(int(canvas.height / size * 1.15) + 2):
        for column in range(int(canvas.width / size) + 2):
            radius = size * float(rng.uniform(0.12, 0.36))
            x = (column + (row % 2) / 2) * size
            canvas.circle(x, row * size * 0.87, radius, first if rng.random() < 0.65 else second)


def _terrazzo(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    count = int(canvas.width * canvas.height / size / size * 1.6)
    places = rng.uniform(0, 1, (count, 2)) * (canvas.width, canvas.height)
    for x, y in places:
        corners = int(rng.integers(3, 7))
        angles = np.sort(rng.uniform(0, 2 * math.pi, corners))
        radii = rng.uniform(0.15, 0.5, corners) * size
        canvas.polygon(
            np.stack([x + np.cos(angles) * radii, y + np.sin(angles) * radii], 1),
            first if rng.random() < 0.5 else second,
        )


def _waves(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    x = np.linspace(0, canvas.width, 60)
    length = size * float(rng.uniform(2.5, 5))
    phase = float(rng.uniform(0, 6))
    for row in range(int(canvas.height / size) + 3):
        swing = size * float(rng.uniform(0.2, 0.5))
        y = row * size + swing * np.sin(x / length * 2 * math.pi + phase + row * 0.8)
        canvas.lines(np.stack([x, y], 1), first if row % 2 else second, max(1, size * 0.16))


def _rays(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    cx, cy = canvas.width * float(rng.uniform(0.3, 0.7)), canvas.height * float(rng.uniform(0.3, 0.75))
    far = canvas.width + canvas.height
    count = max(9, int(700 / max(size, 12)))
    for index in range(count):
        angle = (index + float(rng.uniform(-0.2, 0.2))) * 2 * math.pi / count
        half = math.pi / count * float(rng.uniform(0.3, 0.6))
        canvas.polygon(
            [
                (cx, cy),
                (cx + far * math.cos(angle - half), cy + far * math.sin(angle - half)),
                (cx + far * math.cos(angle + half), cy + far * math.sin(angle + half)),
            ],
            second if index % 3 == 0 else first,
        )


def _scales(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    for row in range(int(canvas.height / size * 2) + 2):
        for column in range(int(canvas.width / size) + 2):
            x, y = (column + (row % 2) / 2) * size, row * size / 2
            canvas.circle(x, y, size * 0.5, second if rng.random() < 0.3 else first)
            canvas.circle(x, y, size * 0.36, second, size * 0.07)


def _tiles(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    for row in range(int(canvas.height / size) + 1):
        for column in range(int(canvas.width / size) + 1):
            x, y = column * size, row * size
            turn = int(rng.integers(4))
            corner = (x + size * (turn in {1, 2}), y + size * (turn >= 2))
            pen = first if rng.random() < 0.6 else second
            start = [0, 90, 180, 270][turn]
            canvas.ellipse(*corner, size, size, 0, pen, start=start, end=start + 90)
            if rng.random() < 0.4:
                canvas.ellipse(*corner, size * 0.45, size * 0.45, 0, second, start=start, end=start + 90)


def _leaves(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    count = int(canvas.width * canvas.height / size / size * 1.3)
    for x, y, turn in rng.uniform(0, 1, (count, 3)):
        angle, length = turn * 2 * math.pi, size * (0.5 + 0.4 * turn)
        share = np.linspace(0, 1, 9)
        bulge = np.sin(share * math.pi) * length * 0.24
        along = np.concatenate([share, share[::-1]]) * length
        aside = np.concatenate([bulge, -bulge[::-1]])
        px, py = x * canvas.width, y * canvas.height
        points = np.stack(
            [
                px + along * math.cos(angle) - aside * math.sin(angle),
                py + along * math.sin(angle) + aside * math.cos(angle),
            ],
            1,
        )
        canvas.polygon(points, first if turn < 0.6 else second)
        canvas.lines(
            [(px, py), (px + length * math.cos(angle), py + length * math.sin(angle))],
            second if turn < 0.6 else first,
            max(1, size * 0.04),
        )


def _check(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    share = 0.5 * float(rng.uniform(0.7, 1))
    for column in range(int(canvas.width / size) + 1):
        canvas.rectangle(column * size, 0, size * share, canvas.height, first)
    bands = canvas.pixels.copy()
    for row in range(int(canvas.height / size) + 1):
        canvas.rectangle(0, row * size, canvas.width, size * share, second)
    canvas.pixels = image_of(cv2.addWeighted(canvas.pixels, 0.5, bands, 0.5, 0))


def _confetti(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    count = int(canvas.width * canvas.height / size / size * 2)
    for x, y, turn in rng.uniform(0, 1, (count, 3)):
        px, py, angle = x * canvas.width, y * canvas.height, turn * 6.28
        dx, dy = math.cos(angle) * size * 0.3, math.sin(angle) * size * 0.3
        pen = first if turn < 0.55 else second
        if turn * 7 % 1 < 0.5:
            canvas.lines([(px - dx, py - dy), (px + dx, py + dy)], pen, max(1, size * 0.14))
        else:
            canvas.circle(px, py, size * 0.13, pen, -1 if turn * 13 % 1 < 0.5 else size * 0.05)


def _halftone(canvas: Canvas, rng: Rng, first: Colour, second: Colour, size: float) -> None:
    step = size * 0.42
    slant = float(rng.uniform(0.2, 0.8))
    for row in range(int(canvas.height / step) + 2):
        for column in range(int(canvas.width / step) + 2):
            x, y = (column + (row % 2) / 2) * step, row * step
            share = y / canvas.height * slant + x / canvas.width * (1 - slant)
            canvas.circle(x, y, step * 0.62 * share, first if share < 0.75 else second)


PATTERNS: tuple[Pattern, ...] = (
    _stripes,
    _dots,
    _terrazzo,
    _waves,
    _rays,
    _scales,
    _tiles,
    _leaves,
    _check,
    _confetti,
    _halftone,
)
