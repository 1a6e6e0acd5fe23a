"""Whether the frames that are examined show what a film shows: against one frame per second.

    python -m bench.matching shots [--film-seeds 200-201]

An appearance (as in demo/truth.py) is covered when in an examined frame at least 60 % of its front is in the picture
and uncovered. Appearances that never are so much visible are left out.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from bench.matching.sampling_films import Drawn, drawn
from demo.script import FRAME_RATE
from functions.shoppable.decode import open_video
from functions.shoppable.frames import choose, sample_frames
from functions.shoppable.points import Tracker
from functions.shoppable.shots import detect_shots

VISIBLE = 0.6
LEAST_FRAMES = 15
SEGMENT_MS = 120_000


@dataclass(frozen=True)
class Counts:
    """Of one film; seconds are of CPU time in one thread."""

    name: str
    seconds: float
    shots: int
    examined: int
    spare: int
    appearances: int
    covered: int
    covered_with_spares: int
    covered_by_seconds: int
    detecting: float
    sampling: float

    @property
    def by_seconds(self) -> int:
        """Frames that one per second would be."""
        return max(1, round(self.seconds))


def measure(film: Drawn) -> Counts:
    """Detect, choose and decode as the pipeline does, segment by segment."""
    cv2.setNumThreads(1)
    ordinary: list[int] = []
    spare: list[int] = []
    detecting = sampling = 0.0
    with open_video(film.path, verify=False, thrifty=True) as small, open_video(film.path, verify=False) as video:
        duration = video.duration_ms
        number = max(1, round(duration / SEGMENT_MS))
        for start, end in ((duration * one // number, duration * (one + 1) // number) for one in range(number)):
            began = time.process_time()
            tracker = Tracker()
            shots = detect_shots(small, start, end, tracker)
            tracks = tracker.tracks([cut.ms for cut in shots.cuts], video.width, video.height)
            detecting += time.process_time() - began
            for choice in choose(shots, tracks):
                (spare if choice.spare else ordinary).append(round(choice.ms * FRAME_RATE / 1000))
            began = time.process_time()
            for _ in sample_frames(video, shots, tracks):
                pass
            sampling += time.process_time() - began
    seen = _appearances(film)
    every_second = [round((second + 0.5) * FRAME_RATE) for second in range(duration // 1000)]
    return Counts(
        name=film.name,
        seconds=duration / 1000,
        shots=len(film.record.shots),
        examined=len(ordinary),
        spare=len(spare),
        appearances=len(seen),
        covered=_covered(seen, ordinary),
        covered_with_spares=_covered(seen, ordinary + spare),
        covered_by_seconds=_covered(seen, every_second),
        detecting=detecting,
        sampling=sampling,
    )


def _appearances(film: Drawn) -> list[frozenset[int]]:
    """Per appearance the frames in which it is visible enough."""
    found: list[frozenset[int]] = []
    for first, after in film.record.shots:
        frames: dict[str, list[int]] = {}
        for sighting in film.record.sightings:
            if first <= sighting.frame < after and sighting.visible >= VISIBLE:
                frames.setdefault(sighting.label, []).append(sighting.frame)
        for label, seen in sorted(frames.items()):
            if not label.startswith("decoy:"):
                found += [run for run in _runs(seen) if len(run) >= LEAST_FRAMES]
    return found


def _runs(frames: Sequence[int]) -> list[frozenset[int]]:
    """Split where a thing was away for more than 0.6 s."""
    runs: list[list[int]] = []
    for frame in frames:
        if not runs or frame - runs[-1][-1] > LEAST_FRAMES:
            runs.append([])
        runs[-1].append(frame)
    return [frozenset(run) for run in runs]


def _covered(appearances: Sequence[frozenset[int]], frames: Sequence[int]) -> int:
    return sum(any(frame in seen for frame in frames) for seen in appearances)


def report(seeds: Sequence[int], cache: Path) -> str:
    """A table: a row per film, then per kind."""
    rows = [measure(drawn(kind, seed, cache)) for kind in ("cut", "takes") for seed in seeds]
    head = (
        "| film | s | shots | frames per shot | with spares | share of 1 fps | covered | with spares | by 1 fps "
        "| detect, CPU s per s | sample, CPU s per s |"
    )
    lines = [head, "|" + " --- |" * 11]
    for kind in ("cut", "takes"):
        of_kind = [row for row in rows if row.name.startswith(kind)]
        lines += [_line(row.name, [row]) for row in of_kind]
        lines.append(_line(f"all {kind}", of_kind))
    return "\n".join(lines)


def _line(name: str, rows: Sequence[Counts]) -> str:
    seconds, shots = sum(row.seconds for row in rows), sum(row.shots for row in rows)
    examined, spare = sum(row.examined for row in rows), sum(row.spare for row in rows)
    appearances = sum(row.appearances for row in rows)
    cells = [
        name,
        f"{seconds:.0f}",
        f"{shots}",
        f"{examined / shots:.2f}",
        f"{(examined + spare) / shots:.2f}",
        f"{examined / sum(row.by_seconds for row in rows):.3f}",
        f"{sum(row.covered for row in rows)} of {appearances}",
        f"{sum(row.covered_with_spares for row in rows)}",
        f"{sum(row.covered_by_seconds for row in rows)}",
        f"{sum(row.detecting for row in rows) / seconds:.3f}",
        f"{sum(row.sampling for row in rows) / seconds:.3f}",
    ]
    return "| " + " | ".join(cells) + " |"
