"""The multivariant playlist of an HLS group: RFC 8216."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from embedded.cloud.mediaconvert.encoders import RenditionEncoder


def segments(playlist: Path) -> list[tuple[float, int]]:
    """Seconds and bytes of each segment that a media playlist names."""
    found: list[tuple[float, int]] = []
    seconds = 0.0
    for line in playlist.read_text().splitlines():
        if line.startswith("#EXTINF:"):
            seconds = float(line[8:].split(",")[0])
        elif line and not line.startswith("#"):
            found.append((seconds, (playlist.parent / line).stat().st_size))
    return found


def multivariant(folder: Path, renditions: list[RenditionEncoder]) -> str:
    """The playlist's text: variants in the order of the job's outputs, with measured bit rates."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rendition in renditions:
        parts = segments(folder / rendition.playlist)
        peak = max((8 * size / seconds for seconds, size in parts if seconds > 0), default=0.0)
        total = sum(seconds for seconds, _ in parts)
        average = 8 * sum(size for _, size in parts) / total if total else 0.0
        attributes = [
            f"BANDWIDTH={math.ceil(peak)}",
            f"AVERAGE-BANDWIDTH={math.ceil(average)}",
            f'CODECS="{rendition.codecs}"',
            f"RESOLUTION={rendition.size[0]}x{rendition.size[1]}",
            f"FRAME-RATE={_decimal(rendition.rate)}",
        ]
        lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", rendition.playlist]
    return "\n".join(lines) + "\n"


def _decimal(rate: Fraction) -> str:
    return f"{float(rate):.3f}"
