"""Time ranges of equal length, and MediaConvert's settings for the source."""

from functions.contracts.video import PlanInput, Segment, SegmentsPlanned
from functions.shared import artefacts
from functions.shoppable import ladder

MAX_SEGMENTS = 400
"""A segment is three Lambda calls in a child execution: enough for ten hours at 90 seconds, far from any quota."""


def segments(duration_ms: int, segment_seconds: int) -> tuple[Segment, ...]:
    """[0, duration_ms) in equal ranges of about `segment_seconds`: no remainder is left over as a tiny last one."""
    if duration_ms <= 0:
        raise ValueError(f"a film of {duration_ms} ms has no segments")
    number = max(1, min(MAX_SEGMENTS, round(duration_ms / (1000 * segment_seconds))))
    bounds = [duration_ms * index // number for index in range(number + 1)]
    return tuple(Segment(index=index, start_ms=bounds[index], end_ms=bounds[index + 1]) for index in range(number))


def describe(order: PlanInput, number: int, *, delivery_bucket: str, key_arn: str) -> SegmentsPlanned:
    """Where the analysis and the renditions go, and the transcoding job."""
    prefix = artefacts.prefix(order.video_id, order.asset_id, order.catalogue_revision)
    media_prefix = f"media/{order.video_id}/{order.asset_id}"
    return SegmentsPlanned(
        segments_key=artefacts.segments_key(prefix),
        segments=number,
        prefix=prefix,
        transcode_settings=ladder.job_settings(
            order.source,
            file_input=f"s3://{order.bucket}/{order.key}",
            destination=f"s3://{delivery_bucket}/{media_prefix}",
            key_arn=key_arn,
        ),
        media_prefix=media_prefix,
        renditions=tuple(rung.name for rung in ladder.rungs(order.source)),
    )
