"""One segment's cuts, from the film to the artefact."""

from typing import BinaryIO, Protocol

from functions.contracts.video import SegmentInput, SegmentStep
from functions.shared import artefacts
from functions.shared.errors import Permanent
from functions.shoppable import decode, shots


class Film(Protocol):
    """Where the film is read from and the result goes."""

    def open(self) -> BinaryIO:
        """The film as a seekable file."""
        ...

    def put_shots(self, key: str, found: shots.SegmentShots) -> None:
        """Write the artefact."""
        ...


def detect(order: SegmentInput, film: Film) -> SegmentStep:
    """Detect and store. Raises Permanent when the film cannot be decoded."""
    segment = order.segment
    try:
        with film.open() as file, decode.open_video(file, verify=False) as video:
            found = shots.detect_shots(video, segment.start_ms, segment.end_ms)
    except decode.VideoRefused as refusal:
        raise Permanent(str(refusal)) from refusal
    key = artefacts.segment_key(order.prefix, segment.index, "shots.json")
    film.put_shots(key, found)
    return SegmentStep(index=segment.index, result_key=key, frames=found.frames)
