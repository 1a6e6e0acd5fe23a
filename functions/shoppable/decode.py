"""Opening and decoding of a video that a stranger uploaded: exact facts, exact times, and typed refusals.

t = 0 is the first presented frame; times are milliseconds of presentation time. Pictures are uint8 BGR (H, W, 3) as displayed:
rotation and sample aspect ratio are applied.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from functions.contracts.video import Rational

Image = NDArray[np.uint8]


class VideoRefused(Exception):
    """The file cannot be analysed. `code` is stable UpperCamelCase, `message` says what is wrong and what to do.

    Codes: EmptyFile, NotAVideo, Truncated, NoVideoStream, UnsupportedCodec, Unreadable, TooSmall, TooLarge, TooShort, TooLong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class VideoFrame(NamedTuple):
    """One presented frame."""

    ms: int
    number: int
    """Counted from 0 at the first presented frame, on the grid of the nominal frame rate."""
    image: Image


class Video:
    """An opened video. A context manager; not safe for several threads."""

    container: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    rotation_degrees: Literal[0, 90, 180, 270]
    frame_rate: Rational
    drop_frame: bool
    duration_ms: int

    def frames(self, start_ms: int, end_ms: int, *, width: int | None = None) -> Iterator[VideoFrame]:
        """Presented frames with start_ms <= ms < end_ms in order of time, decoded from the keyframe before.

        `width`: displayed pixels to scale down to (never up), keeping the aspect ratio. Raises VideoRefused("Unreadable").
        """
        raise NotImplementedError

    def verify_end(self) -> None:
        """Decode the end of the declared duration. Raises VideoRefused("Truncated") when it is not there."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_video(file: str | Path | BinaryIO) -> Video:
    """Open a file by path, or a seekable binary file object. Raises VideoRefused, and nothing else, for bad content.

    Reads the headers, the first frame and, where the end is cheap to reach, the last: `Truncated` is found here.
    """
    raise NotImplementedError
