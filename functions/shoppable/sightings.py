"""What MatchFrames stores: the products of each examined frame, each followed through its shot."""

from functions.contracts.analysis import TimedBox
from functions.contracts.base import Contract, Fraction, Identifier, Milliseconds, Sha256


class Sighting(Contract):
    """A product in an examined frame, and where it was before and after."""

    product_id: Identifier
    category: str
    """Top level of the product's category; empty when it has none."""
    image_sha256: Sha256
    """The reference image that matched best."""
    inliers: int
    score: Fraction
    """Estimated probability that this product is there, from this frame alone."""
    chance: Fraction = 0.0
    rivals: tuple[Identifier, ...] = ()
    """As in FrameMatch. Segments that were matched before these were known have neither."""
    path: tuple[TimedBox, ...]
    """In order of time, within the segment's part of the shot; the frame's own time is between the first and last."""
    crops_key: str | None = None
    """A JPEG of the pair in the analysis bucket: what the frame shows, and the product picture drawn alike."""


class FrameMatches(Contract):
    """An examined frame, also when nothing was found in it."""

    ms: Milliseconds
    until_ms: Milliseconds
    """As in SampledFrame."""
    frame: int
    sightings: tuple[Sighting, ...]


class SegmentMatches(Contract):
    """matches.json of a segment."""

    index_digest: str
    """Names the index that was searched."""
    frames: tuple[FrameMatches, ...]
    """In order of time; also those that were examined at second look only."""
