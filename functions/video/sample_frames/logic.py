"""One segment's frames to be examined, from the film to JPEGs."""

from collections.abc import Sequence
from typing import BinaryIO, Protocol

import cv2

from functions.contracts.video import SegmentInput, SegmentStep, StoredFrame
from functions.shared import artefacts
from functions.shared.errors import Permanent
from functions.shoppable import decode, frames
from functions.shoppable.shots import SegmentShots
from functions.shoppable.tracks import Tracks

JPEG_QUALITY = 95
"""Local features hardly change at this quality; the size is a fifth of a PNG's."""


class Film(Protocol):
    """Where the film and its shots are read from and the frames go."""

    def open(self) -> BinaryIO:
        """The film as a seekable file."""
        ...

    def shots(self, key: str) -> SegmentShots:
        """What DetectShots stored."""
        ...

    def tracks(self, key: str) -> Tracks:
        """The point tracks that DetectShots stored."""
        ...

    def put_frame(self, key: str, jpeg: bytes) -> None:
        """Write a picture; it may be written later, but before put_frames returns."""
        ...

    def put_frames(self, key: str, stored: Sequence[StoredFrame]) -> None:
        """Write the list when all its pictures are written."""
        ...


def sample(order: SegmentInput, film: Film) -> SegmentStep:
    """Sample and store. Raises Permanent when the film cannot be decoded."""
    index = order.segment.index
    shots = film.shots(artefacts.segment_key(order.prefix, index, "shots.json"))
    tracks = film.tracks(artefacts.segment_key(order.prefix, index, "tracks.bin"))
    stored: list[StoredFrame] = []
    try:
        with film.open() as file, decode.open_video(file, verify=False) as video:
            for sampled in frames.sample_frames(video, shots, tracks):
                key = artefacts.frame_key(order.prefix, index, sampled.ms)
                film.put_frame(key, encode(sampled.image))
                stored.append(
                    StoredFrame(
                        ms=sampled.ms,
                        until_ms=sampled.until_ms,
                        frame=sampled.frame,
                        shot=sampled.shot,
                        key=key,
                        spare=sampled.spare,
                    )
                )
    except decode.VideoRefused as refusal:
        raise Permanent(str(refusal)) from refusal
    key = artefacts.segment_key(order.prefix, index, "frames.json")
    film.put_frames(key, stored)
    return SegmentStep(index=index, result_key=key, frames=len(stored))


def encode(image: decode.Image) -> bytes:
    """A JPEG of a uint8 BGR picture (H, W, 3)."""
    done, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise Permanent(f"a picture of {image.shape} could not be encoded")
    return buffer.tobytes()
