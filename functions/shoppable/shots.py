"""Cuts: where one shot ends and the next begins, found on small pictures, segment by segment.

A segment is looked at with a margin on both sides, so that its cuts do not depend on where the film was divided.
"""

from collections.abc import Sequence

from functions.contracts.analysis import Shot
from functions.contracts.base import Contract, Fraction, Milliseconds
from functions.contracts.video import Rational
from functions.shoppable.decode import Video


class Cut(Contract):
    """The first frame of a new shot."""

    ms: Milliseconds
    frame: int


class Motion(Contract):
    """How much the picture moves, from this moment on until the next entry."""

    ms: Milliseconds
    speed: float
    """Global and local displacement, in frame widths per second."""
    change: Fraction
    """Mean absolute luminance difference to the entry before, after compensation of exposure; 0 is the same picture."""


class SegmentShots(Contract):
    """What DetectShots stores for a segment [start_ms, end_ms)."""

    start_ms: Milliseconds
    end_ms: Milliseconds
    frames: int
    """Frames decoded inside the segment."""
    cuts: tuple[Cut, ...]
    """In order of time, inside the segment; the film's first frame is not a cut."""
    motion: tuple[Motion, ...]


def detect_shots(video: Video, start_ms: int, end_ms: int) -> SegmentShots:
    """Cuts and motion of [start_ms, end_ms)."""
    raise NotImplementedError


def merge_shots(segments: Sequence[SegmentShots], *, duration_ms: int, frame_rate: Rational) -> tuple[Shot, ...]:
    """The film's shots from the segments' cuts: gapless, from 0 to duration_ms, numbered from 0."""
    raise NotImplementedError
