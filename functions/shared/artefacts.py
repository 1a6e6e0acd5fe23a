"""Where the artefacts of an analysis lie in the analysis bucket: what one state writes and a later one reads."""

from typing import Literal

Part = Literal["shots.json", "tracks.bin", "frames.json", "matches.json"]


def prefix(video_id: str, asset_id: str, catalogue_revision: str) -> str:
    """Everything of one analysis is below it."""
    return f"{video_id}/{asset_id}/{catalogue_revision}"


def segments_key(of_prefix: str) -> str:
    """The JSON array of Segment."""
    return f"{of_prefix}/segments.json"


def segment_key(of_prefix: str, index: int, part: Part) -> str:
    """A result of one segment."""
    return f"{of_prefix}/segments/{index:04d}/{part}"


def frame_key(of_prefix: str, index: int, ms: int) -> str:
    """The JPEG of the sampled frame at `ms`: below a folder of its own, since frames expire and results do not."""
    return f"frames/{of_prefix}/{index:04d}/{ms:09d}.jpg"


def crops_key(of_prefix: str, index: int, ms: int, product_id: str) -> str:
    """The JPEG of what the frame at `ms` shows of a product, beside the product picture."""
    return f"{of_prefix}/segments/{index:04d}/crops/{ms:09d}-{product_id}.jpg"


def analysis_key(of_prefix: str) -> str:
    """analysis.v1."""
    return f"{of_prefix}/analysis.json"
