"""Short films made for a test."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def make_clip(
    path: Path, *, seconds: float = 2, size: tuple[int, int] = (320, 180), rate: int = 25, audio: bool = True
) -> Path:
    """A moving texture with a tone."""
    width, height = size
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound: Any = container.add_stream("aac", rate=44_100) if audio else None
        if sound is not None:
            sound.layout = "stereo"
        source = np.random.default_rng(1).integers(0, 255, (height, width + 256, 3), dtype=np.uint8)
        texture = np.repeat(np.repeat(source[::8, ::8], 8, 0), 8, 1)
        for number in range(int(seconds * rate)):
            picture = np.ascontiguousarray(texture[:height, 2 * number % 200 :][:, :width])
            # The left third is bright, so that a test can tell which way is up.
            picture[:, : width // 3] |= 0xC0
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for start in range(0, int(seconds * 44_100), 1024):
                wave = 0.3 * np.sin(np.arange(start, start + 1024) / 44_100 * 440 * 2 * np.pi).astype(np.float32)
                tone = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
                tone.sample_rate, tone.pts, tone.time_base = 44_100, start, Fraction(1, 44_100)
                container.mux(sound.encode(tone))
            container.mux(sound.encode(None))
    return path


def lie_on_side(path: Path, degrees: int) -> None:
    """Set the rotation of an MP4's video track, as a phone does: the matrix in its `tkhd` box."""
    body = bytearray(path.read_bytes())
    at = body.index(b"tkhd") + 4
    matrix = at + (52 if body[at] == 1 else 40)
    one = 1 << 16
    rows = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    for offset, value in zip((0, 4, 12, 16), rows, strict=True):
        body[matrix + offset : matrix + offset + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(body)
