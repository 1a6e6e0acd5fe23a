"""Ground truth: what a fair viewer would say was on screen, from what the renderer noted per frame."""

from dataclasses import dataclass
from typing import Any, Final

from demo.film import FRAME_MS, Record, Sighting
from demo.stage import HEIGHT, WIDTH

VISIBLE: Final = 0.4
"""Least share of a product's front that must be in the picture and uncovered."""
TALL: Final = 0.08
"""Least height, as a share of the frame's."""
GLIMPSE: Final = 0.12
_GAP_FRAMES = 15
_LEAST_FRAMES = 15
_BOX_FRAMES = 5


@dataclass(frozen=True)
class Stretch:
    """One labelled thing seen without a break: [start, end) in frames."""

    label: str
    sightings: tuple[Sighting, ...]

    @property
    def start_ms(self) -> int:
        return self.sightings[0].frame * FRAME_MS

    @property
    def end_ms(self) -> int:
        return (self.sightings[-1].frame + 1) * FRAME_MS

    def boxes(self) -> list[list[float]]:
        """[ms, x, y, width, height] about every 200 ms, first and last frame included."""
        kept = [s for s in self.sightings if (s.frame - self.sightings[0].frame) % _BOX_FRAMES == 0]
        if kept[-1] is not self.sightings[-1]:
            kept.append(self.sightings[-1])
        return [[s.frame * FRAME_MS, *(round(v, 5) for v in s.box)] for s in kept]


def _stretches(record: Record, visible: float, tall: float, least: int) -> list[Stretch]:
    by_label: dict[tuple[int, str], list[Sighting]] = {}
    shot_of = {frame: number for number, (start, end) in enumerate(record.shots) for frame in range(start, end)}
    for sighting in record.sightings:
        if sighting.visible >= visible and sighting.box[3] >= tall:
            by_label.setdefault((shot_of[sighting.frame], sighting.label), []).append(sighting)
    stretches: list[Stretch] = []
    for (_, label), sightings in by_label.items():
        run: list[Sighting] = []
        for sighting in [*sightings, None]:
            if run and (sighting is None or sighting.frame - run[-1].frame > _GAP_FRAMES):
                if len(run) >= least:
                    stretches.append(Stretch(label, tuple(run)))
                run = []
            if sighting is not None:
                run.append(sighting)
    return sorted(stretches, key=lambda s: (s.start_ms, s.label))


def describe(record: Record, feed_ids: list[str], frame_rate: int) -> dict[str, Any]:
    """The truth as JSON: a gap of up to 0.6 s in one shot does not end an appearance, and one under 0.6 s is none.

    `glimpses` are products seen too little to count: finding them is neither right nor wrong.
    """
    seen = _stretches(record, VISIBLE, TALL, _LEAST_FRAMES)
    appearances = [s for s in seen if not s.label.startswith("decoy:")]
    glimpses = [s for s in _stretches(record, GLIMPSE, 0.04, 1) if not s.label.startswith("decoy:")]
    covered = {(s.label, s.start_ms, s.end_ms) for s in appearances}
    on_screen = {s.label for s in glimpses}

    def counted(glimpse: Stretch) -> bool:
        return any(
            label == glimpse.label and start < glimpse.end_ms and glimpse.start_ms < end
            for label, start, end in covered
        )

    return {
        "schema_version": "demo-truth.v1",
        "video": {"duration_ms": record.frames * FRAME_MS, "width": WIDTH, "height": HEIGHT, "frame_rate": frame_rate},
        "shots": [{"start_ms": start * FRAME_MS, "end_ms": end * FRAME_MS} for start, end in record.shots],
        "appearances": [
            {"product_id": s.label, "start_ms": s.start_ms, "end_ms": s.end_ms, "boxes": s.boxes()} for s in appearances
        ],
        "glimpses": [
            {"product_id": s.label, "start_ms": s.start_ms, "end_ms": s.end_ms} for s in glimpses if not counted(s)
        ],
        "decoys": [
            {"name": s.label.removeprefix("decoy:"), "start_ms": s.start_ms, "end_ms": s.end_ms, "boxes": s.boxes()}
            for s in _stretches(record, GLIMPSE, 0.04, 3)
            if s.label.startswith("decoy:")
        ],
        "never": [feed_id for feed_id in feed_ids if feed_id not in on_screen],
    }
