"""Paths: where one thing is over time.

A path is boxes in order of time, each time once. Between two of them the truth is close to the linear interpolation;
before the first and after the last nothing is known. Boxes are (x, y, width, height) in fractions of the frame.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from functions.contracts.analysis import TimedBox
from functions.shoppable.matching.port import Box

Path = tuple[TimedBox, ...]
Floats = NDArray[np.float64]

STORED_TOLERANCE = 0.0015
"""Of a single match's path, which is thinned again when it has become part of an appearance's."""
SHOWN_TOLERANCE = 0.003
"""Of the frame: 4 pixels at 1280. A viewer sees no box jump by it."""
_PROBES = 9
_FADE_MS = 200
_STEP_MS = 100
_time = itemgetter(0)


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    common = _common(first, second)
    return common / (first[2] * first[3] + second[2] * second[3] - common) if common > 0 else 0.0


def covered_share(box: Box, by: Box) -> float:
    """How much of a box another one covers, 0..1."""
    common = _common(box, by)
    return common / (box[2] * box[3]) if common > 0 else 0.0


def interpolate(boxes: Sequence[TimedBox], ms: int) -> Box:
    """The box at a time, linear between the two around it, constant before the first and after the last."""
    after = bisect_right(boxes, ms, key=_time)
    if after == 0:
        return boxes[0][1:]
    if after == len(boxes):
        return boxes[-1][1:]
    (start, *first), (end, *second) = boxes[after - 1], boxes[after]
    share = (ms - start) / (end - start)
    x, y, width, height = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return x, y, width, height


def is_alive(path: Path, ms: int, slack_ms: int = 0) -> bool:
    """True from the path's first box to its last."""
    return path[0][0] - slack_ms <= ms <= path[-1][0] + slack_ms


def gap_ms(first: Path, second: Path) -> int:
    """Time between the end of one and the beginning of the other; 0 or less if they overlap."""
    return max(first[0][0], second[0][0]) - min(first[-1][0], second[-1][0])


def agreement(first: Path, second: Path) -> float:
    """Mean IoU over the time that both know; of the boxes that face each other where there is no such time."""
    low, high = max(first[0][0], second[0][0]), min(first[-1][0], second[-1][0])
    probes = np.linspace(low, high, _PROBES).round().astype(int).tolist() if high > low else [low]
    if high < low:
        before, after = (first, second) if first[-1][0] < second[0][0] else (second, first)
        return box_iou(before[-1][1:], after[0][1:])
    return sum(box_iou(interpolate(first, ms), interpolate(second, ms)) for ms in probes) / len(probes)


def thin(path: Path, tolerance: float) -> Path:
    """Without the boxes that interpolation gives back to within `tolerance` of the frame on every edge and side.

    Douglas and Peucker, The Canadian Cartographer 10 (1973): the farthest box is kept, on both sides of it likewise.
    Four decimals are kept, a tenth of a pixel at 1080p.
    """
    times, boxes = _arrays(path)
    kept = np.zeros(len(times), np.bool_)
    kept[[0, -1]] = True
    pending = [(0, len(times) - 1)]
    while pending:
        first, last = pending.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        share = ((times[inner] - times[first]) / (times[last] - times[first]))[:, None]
        off = np.abs(boxes[inner] - (boxes[first] + (boxes[last] - boxes[first]) * share)).max(axis=1)
        farthest = int(off.argmax())
        if off[farthest] > tolerance:
            at = first + 1 + farthest
            kept[at] = True
            pending += [(first, at), (at, last)]
    return _path(times[kept], boxes[kept])


def blend(anchored: Sequence[tuple[int, Path]]) -> Path:
    """One path through all anchors: (time at which the box was seen, path that was followed from there).

    Between two anchors the one path fades into the other while both know the place. Where only one does it is bent so
    that it meets the other's anchor, and where none does the box moves straight.
    """
    ordered = sorted(anchored, key=_time)
    pieces = [_head(ordered)]
    pieces += [_between(before, after) for before, after in pairwise(ordered)]
    pieces.append(_tail(ordered))
    times = np.concatenate([piece[0] for piece in pieces])
    boxes = np.concatenate([piece[1] for piece in pieces])
    times, first = np.unique(times, return_index=True)
    return _path(times, boxes[first])


def _common(first: Box, second: Box) -> float:
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _arrays(path: Path) -> tuple[Floats, Floats]:
    """Times (N) and edges (N, 4)."""
    whole = np.array(path, np.float64)
    return whole[:, 0], np.concatenate([whole[:, 1:3], whole[:, 1:3] + whole[:, 3:5]], axis=1)


def _path(times: Floats, edges: Floats) -> Path:
    """Clipped to the frame; four decimals."""
    inside = np.clip(edges, 0, 1).round(4)
    size = np.maximum(inside[:, 2:] - inside[:, :2], 0).round(4)
    return tuple(
        (int(ms), float(x), float(y), float(wide), float(high))
        for ms, (x, y), (wide, high) in zip(times, inside[:, :2], size, strict=True)
    )


def _at(path: Path, times: Floats) -> Floats:
    """Edges (N, 4); constant beyond the ends."""
    known, edges = _arrays(path)
    return np.stack([np.interp(times, known, edges[:, column]) for column in range(4)], axis=1)


def _known_times(start: float, end: float, *paths: Path) -> Floats:
    """Every time at which a path may bend, and enough between for what fades."""
    given = [box[0] for path in paths for box in path if start <= box[0] <= end]
    return np.unique(np.concatenate([[start, end], given, np.arange(start, end, _STEP_MS)]))


def _between(before: tuple[int, Path], after: tuple[int, Path]) -> tuple[Floats, Floats]:
    (start, first), (end, second) = before, after
    low, high = max(start, second[0][0]), min(end, first[-1][0])
    times = _known_times(start, end, first, second)
    share = ((times - start) / (end - start))[:, None]
    if high - low >= _FADE_MS or (low <= high and second[0][0] > start and first[-1][0] < end):
        fade = np.clip((times - low) / max(high - low, 1), 0, 1)[:, None]
        return times, _at(first, times) * (1 - fade) + _at(second, times) * fade
    ends = np.array([start, end], np.float64)
    if second[0][0] <= start:
        return times, _at(second, times) + (1 - share) * (_at(first, ends) - _at(second, ends))[:1]
    if first[-1][0] >= end:
        return times, _at(first, times) + share * (_at(second, ends) - _at(first, ends))[1:]
    times = times[(times <= high) | (times >= low)]
    return times, np.where((times <= high)[:, None], _at(first, times), _at(second, times))


def _head(ordered: Sequence[tuple[int, Path]]) -> tuple[Floats, Floats]:
    """What is known before the first anchor."""
    anchor, own = ordered[0]
    earliest = min((path for _, path in ordered), key=lambda path: path[0][0])
    return _beyond(anchor, own, earliest, own[0][0], earliest[0][0])


def _tail(ordered: Sequence[tuple[int, Path]]) -> tuple[Floats, Floats]:
    """What is known after the last anchor."""
    anchor, own = ordered[-1]
    latest = max((path for _, path in ordered), key=lambda path: path[-1][0])
    return _beyond(anchor, own, latest, own[-1][0], latest[-1][0])


def _beyond(anchor: int, own: Path, other: Path, own_end: int, other_end: int) -> tuple[Floats, Floats]:
    """The anchor's own path to its end, then the one that reaches farther, bent to meet it there."""
    times = _known_times(min(anchor, other_end), max(anchor, other_end), own, other)
    if own_end == other_end:
        return times, _at(own, times)
    meeting = np.array([own_end], np.float64)
    share = np.clip((times - other_end) / (own_end - other_end), 0, 1)[:, None]
    bent = _at(other, times) + share * (_at(own, meeting) - _at(other, meeting))
    is_own = (times >= own_end) if other_end < own_end else (times <= own_end)
    return times, np.where(is_own[:, None], _at(own, times), bent)
