"""timeline.v1: what the public may know of a video. Immutable, named by the hash of its canonical JSON.

No person, no clock, no score is in it. The pointer `videos/<video_id>.json` says which timeline is current.
"""

from typing import Annotated, Literal

from pydantic import Field

from functions.contracts.analysis import TimedBox
from functions.contracts.base import Contract, Identifier, Milliseconds, Sha256
from functions.contracts.video import Rational


class Rendition(Contract):
    name: str
    width: int
    height: int


class TimelineVideo(Contract):
    duration_ms: Milliseconds
    width: int
    height: int
    frame_rate: Rational
    drop_frame: bool
    hls: str
    """Path of the HLS multivariant playlist, relative to the distribution's root (no leading slash)."""
    poster: str
    renditions: tuple[Rendition, ...]


class TimelineShot(Contract):
    start_ms: Milliseconds
    end_ms: Milliseconds
    start_frame: int
    end_frame: int
    smpte_in: str
    smpte_out: str


class TimelineAppearance(Contract):
    appearance_id: Identifier
    product_id: Identifier
    start_ms: Milliseconds
    end_ms: Milliseconds
    boxes: Annotated[tuple[TimedBox, ...], Field(min_length=1)]


class Timeline(Contract):
    schema_version: Literal["timeline.v1"] = "timeline.v1"
    shop_id: Identifier
    video_id: Identifier
    asset_id: Identifier
    video: TimelineVideo
    shots: tuple[TimelineShot, ...]
    appearances: tuple[TimelineAppearance, ...]


class TimelinePointer(Contract):
    """`videos/<video_id>.json`, short TTL."""

    schema_version: Literal["pointer.v1"] = "pointer.v1"
    video_id: Identifier
    shop_id: Identifier
    state: Literal["published", "unpublished"]
    timeline: str | None = None
    """Path of the current timeline, relative to the distribution's root; None when unpublished."""
    timeline_sha256: Sha256 | None = None
    webvtt: str | None = None
    json_ld: str | None = None
