"""analysis.v1: the private record of one analysis. Deterministic for a given input and code: no clock, no random id."""

from typing import Annotated, Literal

from pydantic import Field

from functions.contracts.base import Contract, Fraction, Identifier, Milliseconds, Sha256
from functions.contracts.video import SourceVideo

TimedBox = tuple[Milliseconds, Fraction, Fraction, Fraction, Fraction]
"""(ms, x, y, width, height): fractions of the displayed frame, origin at the top left."""

DecisionKind = Literal["auto", "approved", "rejected", "replaced", "added"]


class Shot(Contract):
    """Half open in time: [start_ms, end_ms). Frames are counted from 0 at the first presented frame."""

    index: int
    start_ms: Milliseconds
    end_ms: Milliseconds
    start_frame: int
    end_frame: int


class Evidence(Contract):
    """Why the system believes it: which picture of the product, how much of it was recognised, by what."""

    image_sha256: Sha256
    """The reference image that the product was recognised by in the frame at `ms`."""
    inliers: int
    """Geometrically consistent feature matches in that frame."""
    frames: int
    """Examined frames in which the product was found."""
    matcher: Literal["instance", "semantic", "hybrid"]
    score: Fraction
    """What that frame alone says; the appearance's own score is of all its frames."""
    ms: Milliseconds
    """The examined frame in which the product was recognised best."""
    crops_key: str | None = None
    """A JPEG in the analysis bucket: left what that frame shows, made upright; right the product picture, drawn alike.
    """


class Appearance(Contract):
    appearance_id: Identifier
    product_id: Identifier
    start_ms: Milliseconds
    end_ms: Milliseconds
    boxes: Annotated[tuple[TimedBox, ...], Field(min_length=1)]
    """In order of time; between two boxes the truth is close to the linear interpolation."""
    score: Fraction
    verdict: Literal["approved", "uncertain"]
    """By the score thresholds in the settings; people's decisions are stored apart and applied on publication."""
    rivals: tuple[Identifier, ...] = ()
    """Other products that claim the same place, the likeliest first: who is asked chooses among these too."""
    evidence: Evidence


class Analysis(Contract):
    schema_version: Literal["analysis.v1"] = "analysis.v1"
    shop_id: Identifier
    video_id: Identifier
    asset_id: Identifier
    source: SourceVideo
    catalogue_revision: Identifier
    code_digest: str
    """Names the code that found this, see functions/contracts/code.py."""
    index_digest: str
    """Names the index of the catalogue that was searched; empty when nothing was."""
    frames_examined: int
    shots: tuple[Shot, ...]
    appearances: tuple[Appearance, ...]
    """Sorted by (start_ms, product_id)."""
