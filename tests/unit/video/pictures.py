"""A pack shot, and a film that shows it."""

from pathlib import Path

import cv2
import numpy as np

from tests.support import clips


def pack(seed: int) -> clips.Image:
    """Shapes and letters, 240 × 320."""
    dice = np.random.default_rng(seed)
    image = np.full((320, 240, 3), dice.integers(120, 255, 3), np.uint8)
    for _ in range(60):
        x, y = (int(value) for value in dice.integers(0, 240, 2))
        colour = tuple(int(value) for value in dice.integers(0, 255, 3))
        cv2.rectangle(image, (x, y), (x + int(dice.integers(5, 60)), y + int(dice.integers(5, 60))), colour, -1)
        cv2.putText(image, chr(int(dice.integers(65, 91))), (x, y + 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, colour, 3)
    return image


def film_with_pack(path: Path) -> Path:
    """640 × 360, 25 frames a second: one second of a wall, then two seconds of pack 1 on another."""
    # Blurred: few local features, so that matching is quick.
    wall, shown = (np.asarray(cv2.GaussianBlur(clips.wall(seed), (0, 0), 12), np.uint8) for seed in (3, 4))
    shown[20:340, 300:540] = pack(1)
    frames = clips.pan_and_zoom(wall, frames=25, most=0.05) + clips.pan_and_zoom(shown, frames=50, most=0.05)
    return clips.write_film(path, frames)
