"""One segment's cuts and point tracks, from the film to the artefacts, in one decoding."""

from typing import BinaryIO, Protocol

from functions.contracts.video import SegmentInput, SegmentStep
from functions.shared import artefacts
from functions.shared.errors import Permanent
from functions.shoppable import decode, shots
from functions.shoppable.points import Tracker


class Film(Protocol):
    """Where the film is read from and the result goes."""

    def open(self) -> BinaryIO:
        """The film as a seekable file."""
        ...

    def put_tracks(self, key: str, body: bytes) -> None:
        """Write the tracks."""
        ...

    def put_shots(self, key: str, found: shots.SegmentShots) -> None:
        """Write the shots: last, since whoever sees them may read the tracks."""
        ...


def detect(order: SegmentInput, film: Film) -> SegmentStep:
    """Detect and store. Raises Permanent when the film cannot be decoded."""
    segment = order.segment
    try:
        with film.open() as file, decode.open_video(file, verify=False, thrifty=True) as video:
            tracker = Tracker()
            found = shots.detect_shots(video, segment.start_ms, segment.end_ms, tracker)
            tracks = tracker.tracks([cut.ms for cut in found.cuts], video.width, video.height)
    except decode.VideoRefused as refusal:
        raise Permanent(str(refusal)) from refusal
    film.put_tracks(artefacts.segment_key(order.prefix, segment.index, "tracks.bin"), tracks.to_bytes())
    key = artefacts.segment_key(order.prefix, segment.index, "shots.json")
    film.put_shots(key, found)
    return SegmentStep(index=segment.index, result_key=key, frames=found.frames)
