"""timeline.v1 as a projection of analysis.v1, and SMPTE time code."""

from collections.abc import Sequence

from functions.contracts.analysis import Analysis, Appearance, Shot
from functions.contracts.timeline import Rendition, Timeline, TimelineAppearance, TimelineShot, TimelineVideo
from functions.contracts.video import Rational
from functions.shoppable import ladder


def nominal_rate(frame_rate: Rational) -> int:
    """Frames that the time code counts in a second: 30 for 30000/1001; at least 1."""
    return max(1, (2 * frame_rate.numerator + frame_rate.denominator) // (2 * frame_rate.denominator))


def smpte(frame: int, frame_rate: Rational, *, drop_frame: bool) -> str:
    """Time code of a frame, counted from 0; `HH:MM:SS:FF`, with `;` before the frames when frames are dropped.

    Drop-frame skips the numbers (not the pictures) 0 and 1 of each minute, but not of each tenth one (0 to 3 at 59.94):
    SMPTE ST 12-1, section on 29.97 and 59.94. After 24 hours it starts again.
    """
    if frame < 0:
        raise ValueError(f"frame {frame}: time code counts from 0")
    rate = nominal_rate(frame_rate)
    separator = ":"
    if drop_frame:
        separator = ";"
        dropped = rate // 15
        per_minute = 60 * rate - dropped
        per_ten_minutes = 10 * per_minute + dropped
        tens, rest = divmod(frame, per_ten_minutes)
        # The first minute of ten is whole; each later one is short by the dropped numbers.
        minutes = 0 if rest < 60 * rate else 1 + (rest - 60 * rate) // per_minute
        frame += dropped * (9 * tens + minutes)
    seconds, frames = divmod(frame, rate)
    hours, minutes, seconds = seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    digits = max(2, len(str(rate - 1)))
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{frames:0{digits}d}"


def project(analysis: Analysis, *, media_prefix: str) -> Timeline:
    """What the public may see of an analysis: approved appearances, without scores and evidence.

    `media_prefix`: the renditions' prefix in the delivery bucket, without a trailing slash.
    """
    source = analysis.source
    return Timeline(
        shop_id=analysis.shop_id,
        video_id=analysis.video_id,
        asset_id=analysis.asset_id,
        video=TimelineVideo(
            duration_ms=source.duration_ms,
            width=source.width,
            height=source.height,
            frame_rate=source.frame_rate,
            drop_frame=source.drop_frame,
            hls=f"{media_prefix}/{ladder.HLS}",
            poster=f"{media_prefix}/{ladder.poster(source)}",
            renditions=tuple(
                Rendition(name=rung.name, width=rung.width, height=rung.height) for rung in ladder.rungs(source)
            ),
        ),
        shots=tuple(_shot(shot, source.frame_rate, drop_frame=source.drop_frame) for shot in analysis.shots),
        appearances=approved(analysis.appearances),
    )


def approved(appearances: Sequence[Appearance]) -> tuple[TimelineAppearance, ...]:
    """The appearances that are offered, in their order."""
    return tuple(
        TimelineAppearance(
            appearance_id=appearance.appearance_id,
            product_id=appearance.product_id,
            start_ms=appearance.start_ms,
            end_ms=appearance.end_ms,
            boxes=appearance.boxes,
        )
        for appearance in appearances
        if appearance.verdict == "approved"
    )


def _shot(shot: Shot, frame_rate: Rational, *, drop_frame: bool) -> TimelineShot:
    """The out point is exclusive, as in an edit decision list: it is the next shot's in point."""
    return TimelineShot(
        start_ms=shot.start_ms,
        end_ms=shot.end_ms,
        start_frame=shot.start_frame,
        end_frame=shot.end_frame,
        smpte_in=smpte(shot.start_frame, frame_rate, drop_frame=drop_frame),
        smpte_out=smpte(shot.end_frame, frame_rate, drop_frame=drop_frame),
    )
