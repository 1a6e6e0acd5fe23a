"""Which frames are examined: few, such that what lasts in a shot is alive in one of them at least.

A shot's content is what its point tracks stand on. Frames are added one by one, each where it shows most of what no
other shows as well: what moves is blurred, so that a thing carried past is best seen where it rests. Boxes in between
come from following the tracks, not from looking more often.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import FRAME_SIDE
from functions.shoppable.shots import Motion, SegmentShots
from functions.shoppable.tracks import Tracks

if TYPE_CHECKING:
    from functions.shoppable.decode import Video

_SETTLE_MS = 80
"""Not the very first frame of a shot, nor the last: encoders spend few bits on it, and transitions blend."""
_TILES = (16, 9)
_LASTING_STEPS = 5
_FULL_STEPS = 20
"""What is in sight for so long, some 1.6 s, counts in full; what only passes, less."""
_EDGE = 0.08
"""Of the frame: what is so near to an edge counts as not seen there. Of what comes or goes only a part is inside."""
_BLUR_SPEED = 0.5
"""Frame heights per second at which a thing is seen half as well as at rest."""
_NEW_CONTENT = 0.16
"""Share of what a picture of the shot shows on average that must be new in one more; seen better is partly new."""
_ROUNDS = 3
"""At most, of moving frames to better places."""
_LEAST_CONTENT = 0.1
"""Share of a picture: less than this is taken for nothing."""
_SPARES = 2
"""Second looks per frame, at most."""
_SPARE_GAP_MS = 400
_TRAVEL = 0.1
"""Frame widths that the picture moved: as good a reason for a second look as a second gone by."""
_QUIET_SPEED = 0.02
_QUIET_CHANGE = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A frame worth examining."""

    ms: int
    until_ms: int
    """The picture hardly changes in [ms, until_ms]. At least `ms`."""
    shot: int
    """Index of the shot within the segment, from 0."""
    spare: bool
    """A second look, for when the others leave a doubt."""


@dataclass(frozen=True, kw_only=True)
class SampledFrame(Choice):
    """A frame to be examined."""

    frame: int
    image: Image
    """uint8 BGR, as large as it is described: FRAME_SIDE at most."""


def sample_frames(
    video: "Video", shots: SegmentShots, tracks: Tracks, *, side: int = FRAME_SIDE
) -> Iterator[SampledFrame]:
    """The chosen frames of the segment in order of time; between them nothing is decoded that need not be."""
    chosen = {choice.ms: choice for choice in choose(shots, tracks)}
    for frame in video.frames_at(sorted(chosen), side=side):
        choice = chosen[frame.ms]
        yield SampledFrame(
            ms=choice.ms,
            until_ms=choice.until_ms,
            shot=choice.shot,
            spare=choice.spare,
            frame=frame.number,
            image=frame.image,
        )


def choose(shots: SegmentShots, tracks: Tracks) -> tuple[Choice, ...]:
    """Frames of every shot of the segment, in order of time: at least one each that is not spare."""
    borders = [shots.start_ms, *(cut.ms for cut in shots.cuts), shots.end_ms]
    steps = {int(ms): step for step, ms in enumerate(tracks.times_ms)}
    choices: list[Choice] = []
    for index, (start, end) in enumerate(pairwise(borders)):
        inside = [entry for entry in shots.motion if start <= entry.ms < end]
        settled = [entry for entry in inside if start + _SETTLE_MS <= entry.ms < end - _SETTLE_MS]
        entries = settled or inside[len(inside) // 2 :][:1]
        if not entries:
            continue
        quality = _quality(entries)
        weight, seen = _surfaces(tracks, [steps.get(entry.ms) for entry in entries])
        examined = _covering(weight, seen * quality, quality)
        spare = _second_looks(entries, quality, examined)
        choices += [
            Choice(ms=entries[at].ms, until_ms=_until(entries, at), shot=index, spare=at in spare)
            for at in sorted([*examined, *spare])
        ]
    return tuple(choices)


def _quality(entries: Sequence[Motion]) -> Floats:
    """(K,) 0..1: sharp and at rest, compared with the rest of the shot."""
    sharp = np.array([entry.sharpness for entry in entries])
    speed = np.array([entry.speed for entry in entries])
    return np.clip(sharp / max(float(np.percentile(sharp, 90)), 1e-6), 0.05, 1) / (1 + speed)


def _surfaces(tracks: Tracks, steps: Sequence[int | None]) -> tuple[Floats, Floats]:
    """Of every surface that lasts: (S,) how much it counts; (S, K) how well it is seen in each step, 1 at rest, 0 if it
    is not there. What counts is the share of the picture that it stands for, and whether it stays.
    """
    if all(step is None for step in steps):
        return np.zeros(0), np.zeros((0, len(steps)))
    rows: list[NDArray[np.int64]] = []
    shares: list[Floats] = []
    clear: list[Floats] = []
    columns: list[NDArray[np.int64]] = []
    across, down = _TILES
    for column, step in enumerate(steps):
        if step is None:
            continue
        names, points = tracks.steps[step]
        places = points * (tracks.height / tracks.width, 1.0)
        telling = (tracks.length[names] >= _LASTING_STEPS) & (np.abs(places - 0.5) < 0.5 - _EDGE).all(axis=1)
        names, places = names[telling], places[telling]
        x, y = np.clip(places * (across, down), 0, (across - 1, down - 1)).astype(np.int64).T
        tile = y * across + x
        rows.append(tracks.surface[names].astype(np.int64))
        shares.append(1 / (across * down * np.bincount(tile, minlength=across * down)[tile]))
        clear.append(1 / (1 + tracks.speeds[step][telling] / _BLUR_SPEED))
        columns.append(np.full(len(names), column))
    surfaces, row = np.unique(np.concatenate(rows), return_inverse=True)
    at = (row, np.concatenate(columns))
    shown, seen = np.zeros((2, len(surfaces), len(steps)))
    np.add.at(shown, at, np.concatenate(shares))
    np.maximum.at(seen, at, np.concatenate(clear))
    times = (seen > 0).sum(axis=1)
    lasting = times >= _LASTING_STEPS
    shown, seen, times = shown[lasting], seen[lasting], times[lasting]
    share = shown.sum(axis=1) / times
    average = float((share @ (seen > 0)).mean())
    return share * np.minimum(1, times / _FULL_STEPS) / max(average, _LEAST_CONTENT), seen


def _covering(weight: Floats, seen: Floats, quality: Floats) -> list[int]:
    """Positions of the frames to examine. `seen`: (S, K), as well as a frame shows a surface.

    A surface is covered by a frame as far as that shows it as well as any does. With each frame that is added, all move
    to where they show most that the others do not: what was best alone may be half a second early in company.
    """
    covers = seen / np.maximum(seen.max(axis=1, keepdims=True, initial=0), 1e-9)

    def gain(besides: list[int]) -> Floats:
        covered = covers[:, besides].max(axis=1, initial=0)
        return weight @ np.maximum(covers - covered[:, None], 0)

    chosen: list[int] = []
    while True:
        new = gain(chosen)
        best = int(new.argmax()) if new.any() else int(quality.argmax())
        if chosen and new[best] < _NEW_CONTENT:
            return chosen
        chosen.append(best)
        for _ in range(_ROUNDS):
            before = list(chosen)
            for number in range(len(chosen)):
                alone = gain(chosen[:number] + chosen[number + 1 :])
                if alone.any():
                    chosen[number] = int(alone.argmax())
            if chosen == before:
                break


def _second_looks(entries: Sequence[Motion], quality: Floats, examined: Sequence[int]) -> list[int]:
    """Positions as far as can be, in time and in what the camera did, from all that is looked at."""
    times = np.array([entry.ms for entry in entries]) / 1000
    travel = np.cumsum([0.0, *(after.speed * (after.ms - before.ms) / 1000 for before, after in pairwise(entries))])
    looked, spare = list(examined), list[int]()
    while len(spare) < _SPARES * len(examined):
        apart = np.min(
            [np.abs(times - times[at]) + np.abs(travel - travel[at]) / _TRAVEL for at in looked],
            axis=0,
        )
        near = np.min([np.abs(times - times[at]) for at in looked], axis=0) < _SPARE_GAP_MS / 1000
        worth = np.where(near, 0, np.minimum(apart, 3) * quality**2)
        best = int(worth.argmax())
        if worth[best] <= 0:
            break
        looked.append(best)
        spare.append(best)
    return spare


def _until(entries: Sequence[Motion], at: int) -> int:
    until = entries[at].ms
    for entry in entries[at + 1 :]:
        if entry.speed > _QUIET_SPEED or entry.change > _QUIET_CHANGE:
            break
        until = entry.ms
    return until
