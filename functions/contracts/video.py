"""The video pipeline's contracts: what passes between the states of video-analysis."""

from typing import Annotated, Any, Literal

from pydantic import Field

from functions.contracts.base import Contract, Identifier, Milliseconds, Reason, Sha256


class VideoAnalysis(Contract):
    """The input of a video-analysis execution: no event id, no clock, so that a duplicate is the same input."""

    shop_id: Identifier
    video_id: Identifier
    bucket: str
    key: str
    version_id: str
    sequencer: str
    """S3's sequencer, left-padded with zeros to 32 hex digits: compares as text."""
    analysis_revision: str
    """The revision of the engine; a new one analyses old uploads again."""


class Rational(Contract):
    """An exact ratio, as frame rates are: 30000/1001, never 29.97."""

    numerator: Annotated[int, Field(gt=0)]
    denominator: Annotated[int, Field(gt=0)]


class SourceVideo(Contract):
    """What was found in the source file. Width and height are of the displayed frame (after rotation)."""

    sha256: Sha256
    size_bytes: int
    container: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    rotation_degrees: Literal[0, 90, 180, 270]
    frame_rate: Rational
    drop_frame: bool
    """SMPTE drop-frame time code applies (29.97 and 59.94 only)."""
    duration_ms: Milliseconds


class VideoProbed(Contract):
    """What ProbeVideo returns (`$.probe`). `outcome` is what the Choice after it reads."""

    outcome: Literal["accepted", "refused", "restoring"]
    """`restoring`: the film is on its way out of an archive tier; probe it again later."""
    reason: Reason | None = None
    source: SourceVideo | None = None
    asset_id: Identifier | None = None
    catalogue_revision: Identifier | None = None
    """The shop's live catalogue at this moment: the whole analysis uses this one."""


class Segment(Contract):
    """A time range of a film, half open; ranges neither overlap nor leave gaps."""

    index: int
    start_ms: Milliseconds
    end_ms: Milliseconds


class SegmentsPlanned(Contract):
    """What PlanSegments returns (`$.plan`)."""

    segments_key: str
    """A JSON array of Segment in the analysis bucket: what the Distributed Map reads."""
    segments: int
    prefix: str
    """`<video_id>/<asset_id>/<catalogue_revision>` in the analysis bucket: everything of this analysis is below it."""
    transcode_settings: dict[str, Any]
    """MediaConvert's `Settings`: the ladder for this source, never above it."""
    media_prefix: str
    """`media/<video_id>/<asset_id>` in the delivery bucket."""
    renditions: tuple[str, ...]
    """Names of the rungs, e.g. `720p`."""


class SegmentInput(Contract):
    """The input of DetectShots, SampleFrames and MatchFrames (one child of the Distributed Map)."""

    shop_id: Identifier
    video_id: Identifier
    bucket: str
    key: str
    version_id: str
    prefix: str
    catalogue_revision: Identifier
    source: SourceVideo
    segment: Segment


class SegmentStep(Contract):
    """What each of the three returns: where its result lies in the analysis bucket, and how much it was."""

    index: int
    result_key: str
    frames: int


class TimelineBuilt(Contract):
    """What BuildTimeline returns (`$.analysis`)."""

    analysis_key: str
    appearances: int
    approved: int
    uncertain: int
    frames: int


class VideoPublishedOutput(Contract):
    """What Publish returns (`$.published`)."""

    outcome: Literal["published", "superseded"]
    timeline_key: str
    timeline_sha256: Sha256
    appearances: int


class StoredFrame(Contract):
    """One entry of a segment's frames.json: a sampled frame, kept as a JPEG in the analysis bucket."""

    ms: Milliseconds
    until_ms: Milliseconds
    """The picture hardly changes in [ms, until_ms]."""
    frame: int
    shot: int
    """Index of the shot within the segment, from 0."""
    key: str
    spare: bool = False
    """A second look at its shot, examined only when the other frames leave a doubt."""


class TimelineInput(Contract):
    """The input of BuildTimeline."""

    shop_id: Identifier
    video_id: Identifier
    asset_id: Identifier
    catalogue_revision: Identifier
    prefix: str
    segments_key: str
    source: SourceVideo


class PublishInput(Contract):
    """The input of Publish."""

    shop_id: Identifier
    video_id: Identifier
    execution: str
    """ARN of the execution that publishes: it must still be the one in the status record."""
    analysis_key: str
    media_prefix: str


class UnpublishInput(Contract):
    """What the operator invokes `unpublish` with."""

    shop_id: Identifier
    video_id: Identifier


class VideoUnpublishedOutput(Contract):
    """What `unpublish` returns."""

    video_id: Identifier
    state: Literal["unpublished"] = "unpublished"


class PlanInput(Contract):
    """The input of PlanSegments."""

    shop_id: Identifier
    video_id: Identifier
    bucket: str
    key: str
    asset_id: Identifier
    catalogue_revision: Identifier
    source: SourceVideo
