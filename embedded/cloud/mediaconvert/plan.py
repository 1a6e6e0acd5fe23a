"""What a job is to do, understood: the part of MediaConvert's settings that is served here, without its spelling."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Frozen):
    """An S3 URI. For a destination, `key` is the prefix that modifiers and extensions are appended to."""

    bucket: str
    key: str


class Scaling(_Frozen):
    """Pixels of the output; None follows the source. Unless stretched, the picture keeps its shape, with black bars."""

    width: int | None = None
    height: int | None = None
    stretch: bool = False


class H264(_Frozen):
    """Rate control: by quality (`quality` from 1 to 10) below `max_bitrate`, or by `bitrate`; bits per second."""

    mode: Literal["QVBR", "VBR", "CBR"]
    quality: float = 7.0
    bitrate: int | None = None
    max_bitrate: int | None = None
    buffer_bits: int | None = None
    profile: Literal["baseline", "main", "high"] = "high"
    gop_seconds: float | None = None
    """None: one per segment (or two seconds where there are no segments)."""
    gop_frames: int | None = None
    b_frames: int | None = None
    frame_rate: tuple[int, int] | None = None
    """Numerator and denominator; None follows the source."""


class Aac(_Frozen):
    """Bits per second, channels and samples per second."""

    bitrate: int
    channels: int
    sample_rate: int


class Rendition(_Frozen):
    """A video, in the segments of an HLS group or in one MP4 file."""

    kind: Literal["rendition"] = "rendition"
    modifier: str
    scaling: Scaling
    video: H264
    audio: Aac | None
    extension: str
    fast_start: bool = False


class Capture(_Frozen):
    """JPEG pictures, one every `seconds_numerator / seconds_denominator` seconds."""

    kind: Literal["capture"] = "capture"
    modifier: str
    scaling: Scaling
    seconds_numerator: int
    seconds_denominator: int
    captures: int
    quality: int
    extension: str = "jpg"


class Encryption(_Frozen):
    """How S3 shall encrypt the outputs."""

    algorithm: Literal["AES256", "aws:kms"]
    key_arn: str | None = None


class Group(_Frozen):
    """Outputs that lie beside each other."""

    kind: Literal["hls", "file"]
    destination: Place
    encryption: Encryption | None
    outputs: tuple[Rendition | Capture, ...]
    segment_seconds: float = 10.0
    exact_segments: bool = False
    """Segments end where they should, not at the end of a GOP."""


class Plan(_Frozen):
    """One job."""

    source: Place
    rotate: Literal["AUTO"] | int = 0
    """Degrees clockwise, or as the file says."""
    groups: tuple[Group, ...]


class OutputMade(_Frozen):
    """What an output became: files in its group's folder, and what MediaConvert reports of it."""

    files: tuple[str, ...]
    duration_ms: int
    width: int
    height: int


class GroupMade(_Frozen):
    """`playlist`: the multivariant playlist of an HLS group."""

    outputs: tuple[OutputMade, ...]
    playlist: str | None = None


class Message(_Frozen):
    """One line that the encoding process writes."""

    percent: int | None = None
    made: tuple[GroupMade, ...] | None = None
    error_code: int | None = None
    error: str | None = None
