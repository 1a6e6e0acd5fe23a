"""analysis.v1 from the segments' shots and matches: equal inputs and equal code give equal bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.contracts.analysis import Analysis, Appearance, TimedBox
from functions.contracts.video import TimelineBuilt, TimelineInput
from functions.shared.errors import Permanent
from functions.shoppable.appearances import judge, link
from functions.shoppable.shots import SegmentShots, merge_shots
from functions.shoppable.sightings import SegmentMatches

DECIMALS = 4
"""Of scores and of fractions of the frame: a fifth of a pixel at 1080p. Below it, processors disagree."""


@dataclass(frozen=True, kw_only=True)
class SegmentResult:
    """What the three steps found in one segment."""

    shots: SegmentShots
    matches: SegmentMatches


def build(
    order: TimelineInput,
    results: Sequence[SegmentResult],
    *,
    auto_approve_score: float | None,
    review_score: float | None,
    code_digest: str,
) -> Analysis:
    """The whole film's analysis. `results`: every segment's, in order of time.

    Raises Permanent when they were not all matched with one index.
    """
    shots = merge_shots(
        [result.shots for result in results],
        duration_ms=order.source.duration_ms,
        frame_rate=order.source.frame_rate,
    )
    frames = [frame for result in results for frame in result.matches.frames]
    digests = sorted({result.matches.index_digest for result in results})
    if len(digests) > 1:
        raise Permanent(
            f"the catalogue's index changed while the film was matched ({' and '.join(digests)}): start it again"
        )
    judged = judge(link(frames, shots), auto_approve_score=auto_approve_score, review_score=review_score)
    appearances = sorted(map(rounded, judged), key=lambda found: (found.start_ms, found.product_id, found.end_ms))
    return Analysis(
        shop_id=order.shop_id,
        video_id=order.video_id,
        asset_id=order.asset_id,
        source=order.source,
        catalogue_revision=order.catalogue_revision,
        code_digest=code_digest,
        index_digest="".join(digests),
        frames_examined=len(frames),
        shots=shots,
        appearances=tuple(appearances),
    )


def rounded(appearance: Appearance) -> Appearance:
    """With scores and boxes of DECIMALS decimals; a box stays within the frame."""
    return appearance.model_copy(
        update={
            "score": round(appearance.score, DECIMALS),
            "boxes": tuple(_rounded(box) for box in appearance.boxes),
        }
    )


def _rounded(box: TimedBox) -> TimedBox:
    ms, x, y, width, height = box
    left, top = round(x, DECIMALS), round(y, DECIMALS)
    return (
        ms,
        left,
        top,
        min(round(width, DECIMALS), round(1 - left, DECIMALS)),
        min(round(height, DECIMALS), round(1 - top, DECIMALS)),
    )


def summarise(key: str, analysis: Analysis) -> TimelineBuilt:
    """The counts that travel on in the execution."""
    verdicts = [appearance.verdict for appearance in analysis.appearances]
    return TimelineBuilt(
        analysis_key=key,
        appearances=len(verdicts),
        approved=verdicts.count("approved"),
        uncertain=verdicts.count("uncertain"),
        frames=analysis.frames_examined,
    )
