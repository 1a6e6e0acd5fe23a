"""Short films for tests: a picture panned and zoomed, or none at all."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def write_film(path: Path, frames: Sequence[Image], *, rate: int = 25, silent: bool = True) -> Path:
    """Write BGR frames of one size as H.264 in MP4, with a quiet AAC tone unless `silent`."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(
            "libx264", rate=rate, options={"preset": "veryfast", "crf": "20", "threads": "1"}
        )
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio: Any = None if silent else container.add_stream("aac", rate=48000)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if audio is not None:
            _write_tone(container, audio, len(frames) / rate)
    return path


def write_sound(path: Path, seconds: float = 2.0) -> Path:
    """Write an MP4 that holds sound and no picture."""
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream("aac", rate=48000), seconds)
    return path


def _write_tone(container: Any, stream: Any, seconds: float) -> None:
    samples = np.arange(int(seconds * 48000), dtype=np.float32)
    wave = (0.05 * np.sin(2 * np.pi * 220 * samples / 48000)).astype(np.float32)
    for start in range(0, len(wave) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(np.tile(wave[start : start + 1024], (2, 1)), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def pan_and_zoom(
    picture: Image, *, size: tuple[int, int] = (640, 360), frames: int = 50, most: float = 0.25
) -> list[Image]:
    """A slow move over a picture: from the whole of it (letterboxed) to `most` larger, drifting sideways."""
    width, height = size
    scale = min(width / picture.shape[1], height / picture.shape[0])
    centre = np.array([picture.shape[1] / 2, picture.shape[0] / 2])
    made: list[Image] = []
    for number in range(frames):
        part = number / max(1, frames - 1)
        zoom = scale * (1 + most * part)
        middle = centre + np.array([picture.shape[1] * 0.05 * np.sin(2 * np.pi * part), 0.0])
        offset = np.array([width / 2, height / 2]) - zoom * middle
        matrix = np.array([[zoom, 0.0, offset[0]], [0.0, zoom, offset[1]]])
        made.append(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_AREA).astype(np.uint8))
    return made


def wall(seed: int, size: tuple[int, int] = (640, 360)) -> Image:
    """A textured picture of nothing in any catalogue."""
    noise = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
