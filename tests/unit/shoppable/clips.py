"""Small clips and drawn pictures for the tests."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from functions.shoppable.decode import Image

NUMBER_BITS = 8


def texture(seed: int, wide: int = 300, high: int = 400) -> Image:
    """A pack shot: shapes and print in colours by seed."""
    rng = np.random.default_rng(seed)
    image = np.full((high, wide, 3), rng.integers(90, 220, 3), np.uint8)
    for _ in range(25):
        x, y = int(rng.integers(0, wide)), int(rng.integers(0, high))
        ink = tuple(int(value) for value in rng.integers(0, 255, 3))
        cv2.ellipse(
            image,
            (x, y),
            (int(rng.integers(6, 50)), int(rng.integers(6, 50))),
            float(rng.integers(180)),
            0,
            360,
            ink,
            -1,
        )
    for row in range(10):
        word = "".join(chr(int(code)) for code in rng.integers(65, 91, 9))
        place = (int(rng.integers(5, 40)), 35 + row * (high - 50) // 10)
        cv2.putText(
            image, word, place, cv2.FONT_HERSHEY_DUPLEX, float(rng.uniform(0.6, 1.2)), (20, 20, 20), 2, cv2.LINE_AA
        )
    return image


def scene(
    products: Iterable[tuple[Image, tuple[float, float, float, float]]], wide: int = 960, high: int = 540, seed: int = 0
) -> Image:
    """Pictures pasted at (x, y, width, height) in fractions on a rough background."""
    rng = np.random.default_rng((seed, 9))
    coarse = rng.integers(60, 190, (high // 12, wide // 12, 3)).astype(np.uint8)
    frame = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
    for image, (x, y, w, h) in products:
        size = (round(w * wide), round(h * high))
        left, top = round(x * wide), round(y * high)
        frame[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    noisy = frame.astype(np.int16) + rng.normal(0, 4, frame.shape).astype(np.int16)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def numbered(number: int, wide: int = 320, high: int = 180) -> Image:
    """A picture that carries its frame number in its lowest rows."""
    image = np.full((high, wide, 3), 60, np.uint8)
    image[20:60, 20:80] = (40, 40, 220)
    step = wide // NUMBER_BITS
    for bit in range(NUMBER_BITS):
        image[high - 20 :, bit * step : (bit + 1) * step] = 255 if number >> bit & 1 else 0
    return image


def number_of(image: Image) -> int:
    """What `numbered` wrote."""
    high, wide = image.shape[:2]
    step = wide // NUMBER_BITS
    return sum(int(image[high - 10, bit * step + step // 2].mean() > 128) << bit for bit in range(NUMBER_BITS))


def write_clip(
    path: Path,
    picture: Callable[[int], Image] = numbered,
    *,
    frames: int = 60,
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    gop: int = 25,
    rotation: int = 0,
    aspect: Fraction | None = None,
    faststart: bool = False,
) -> Path:
    """Encode frames 0, 1, … of `picture`."""
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        first = picture(0)
        stream.width, stream.height, stream.pix_fmt = first.shape[1], first.shape[0], "yuv420p"
        stream.gop_size = gop
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        container.mux(stream.encode())
    return path


def write_audio(path: Path) -> Path:
    """An MP4 with a second of silence and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        block.sample_rate = 44100
        container.mux(stream.encode(block))
        container.mux(stream.encode())
    return path
