"""From matches in single frames to appearances in time."""

from collections.abc import Sequence

from functions.contracts.analysis import Appearance, Evidence, Shot, TimedBox
from functions.contracts.base import Contract, Fraction, Identifier, Milliseconds
from functions.shoppable.matching.port import FrameMatch


class FrameMatches(Contract):
    """What MatchFrames stores for an examined frame, also when nothing was found in it."""

    ms: Milliseconds
    until_ms: Milliseconds
    """As in SampledFrame."""
    frame: int
    matches: tuple[FrameMatch, ...]


class LinkedAppearance(Contract):
    """An appearance before it has an id and a verdict."""

    product_id: Identifier
    start_ms: Milliseconds
    end_ms: Milliseconds
    boxes: tuple[TimedBox, ...]
    score: Fraction
    evidence: Evidence


def link(frames: Sequence[FrameMatches], shots: Sequence[Shot]) -> tuple[LinkedAppearance, ...]:
    """Appearances of a whole film, sorted by (start_ms, product_id).

    `frames`: every examined frame of every segment, in order of time. `shots`: the film's, as merge_shots gives them.
    """
    raise NotImplementedError


def judge(
    linked: Sequence[LinkedAppearance], *, auto_approve_score: float, review_score: float
) -> tuple[Appearance, ...]:
    """Appearances with ids and verdicts: approved from auto_approve_score, uncertain from review_score, others dropped."""
    raise NotImplementedError
