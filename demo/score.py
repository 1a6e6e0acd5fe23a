"""Compares a published timeline with the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Span = tuple[int, int]
Boxes = Sequence[Sequence[float]]
_STEP_MS = 200
_HALF = 0.5


@dataclass(frozen=True)
class Line:
    """One product in the table."""

    product_id: str
    title: str
    expected: int
    found: int
    wrong: int
    box_iou: float | None


@dataclass(frozen=True)
class Score:
    """The verdict. `appearances` are those published; ratios are None-free: nothing published is precision 0."""

    appearances: int
    expected: int
    matched: int
    ignored: int
    """Published where the product was seen too little to count either way."""
    precision: float
    recall: float
    box_iou: float
    boxes_half: float
    """Share of compared boxes with an IoU of at least 0.5."""
    temporal_iou: float
    decoys: int
    lines: tuple[Line, ...]

    def summary(self) -> str:
        """The line that other tools read."""
        return (
            f"demo: {self.appearances} appearances, precision {self.precision:.2f}, recall {self.recall:.2f}, "
            f"box IoU {self.box_iou:.2f}, decoys {self.decoys}"
        )


def temporal_iou(first: Span, second: Span) -> float:
    """Overlap of two time ranges over their union."""
    shared = max(0, min(first[1], second[1]) - max(first[0], second[0]))
    union = (first[1] - first[0]) + (second[1] - second[0]) - shared
    return shared / union if union > 0 else 0.0


def box_at(boxes: Boxes, ms: float) -> tuple[float, float, float, float]:
    """The box at a time, interpolated between timed boxes and held at the ends."""
    times = [box[0] for box in boxes]
    x, y, w, h = (float(np.interp(ms, times, [box[k] for box in boxes])) for k in range(1, 5))
    return x, y, w, h


def box_iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Overlap of two boxes (x, y, width, height) over their union."""
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    shared = max(0.0, wide) * max(0.0, high)
    union = first[2] * first[3] + second[2] * second[3] - shared
    return shared / union if union > 0 else 0.0


def _span(item: Mapping[str, Any]) -> Span:
    return int(item["start_ms"]), int(item["end_ms"])


def _pairs(
    expected: Sequence[Mapping[str, Any]], published: Sequence[Mapping[str, Any]]
) -> list[tuple[int, int, float]]:
    """One to one, best overlap first: (expected, published, temporal IoU)."""
    candidates = [
        (temporal_iou(_span(e), _span(p)), i, j)
        for i, e in enumerate(expected)
        for j, p in enumerate(published)
        if e["product_id"] == p["product_id"]
    ]
    used_expected: set[int] = set()
    used_published: set[int] = set()
    pairs: list[tuple[int, int, float]] = []
    for overlap, i, j in sorted(candidates, key=lambda c: (-c[0], c[1], c[2])):
        if overlap >= _HALF and i not in used_expected and j not in used_published:
            used_expected.add(i)
            used_published.add(j)
            pairs.append((i, j, overlap))
    return pairs


def _compare_boxes(expected: Mapping[str, Any], published: Mapping[str, Any]) -> list[float]:
    start, end = max(expected["start_ms"], published["start_ms"]), min(expected["end_ms"], published["end_ms"])
    return [
        box_iou(box_at(expected["boxes"], ms), box_at(published["boxes"], ms))
        for ms in range(start, max(start + 1, end), _STEP_MS)
    ]


def _on_decoy(published: Mapping[str, Any], decoys: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an appearance lies on what the shop does not sell: half its time there, and its box mostly on it."""
    for decoy in decoys:
        start, end = max(published["start_ms"], decoy["start_ms"]), min(published["end_ms"], decoy["end_ms"])
        if end <= start or (end - start) < _HALF * (published["end_ms"] - published["start_ms"]):
            continue
        overlaps = [
            box_iou(box_at(published["boxes"], ms), box_at(decoy["boxes"], ms)) for ms in range(start, end, _STEP_MS)
        ]
        if float(np.mean(overlaps)) > 0.25:
            return True
    return False


def _ignorable(published: Mapping[str, Any], truth: Mapping[str, Any]) -> bool:
    """Whether the product was glimpsed there for at least half of the appearance's time."""
    length = max(1, published["end_ms"] - published["start_ms"])
    shared = sum(
        max(0, min(published["end_ms"], g["end_ms"]) - max(published["start_ms"], g["start_ms"]))
        for g in truth.get("glimpses", ())
        if g["product_id"] == published["product_id"]
    )
    return shared / length >= _HALF


def score(truth: Mapping[str, Any], published: Mapping[str, Any], titles: Mapping[str, str]) -> Score:
    """Match appearances of the same product with a temporal IoU of at least 0.5, one to one; compare their boxes."""
    expected: list[Mapping[str, Any]] = list(truth["appearances"])
    found: list[Mapping[str, Any]] = list(published["appearances"])
    pairs = _pairs(expected, found)
    matched = {j for _, j, _ in pairs}
    ignored = {j for j, item in enumerate(found) if j not in matched and _ignorable(item, truth)}
    wrong = [j for j in range(len(found)) if j not in matched | ignored]
    overlaps = {j: _compare_boxes(expected[i], found[j]) for i, j, _ in pairs}
    every = [value for values in overlaps.values() for value in values]
    counted = len(found) - len(ignored)
    names = sorted({str(item["product_id"]) for item in (*expected, *found)})
    lines: list[Line] = []
    for name in names:
        mine = [value for j, values in overlaps.items() if found[j]["product_id"] == name for value in values]
        lines.append(
            Line(
                name,
                titles.get(name, ""),
                sum(e["product_id"] == name for e in expected),
                sum(found[j]["product_id"] == name for j in matched),
                sum(found[j]["product_id"] == name for j in wrong),
                float(np.mean(mine)) if mine else None,
            )
        )
    return Score(
        appearances=len(found),
        expected=len(expected),
        matched=len(pairs),
        ignored=len(ignored),
        precision=len(pairs) / counted if counted else 0.0,
        recall=len(pairs) / len(expected) if expected else 0.0,
        box_iou=float(np.mean(every)) if every else 0.0,
        boxes_half=float(np.mean([v >= _HALF for v in every])) if every else 0.0,
        temporal_iou=float(np.mean([overlap for _, _, overlap in pairs])) if pairs else 0.0,
        decoys=sum(_on_decoy(found[j], truth["decoys"]) for j in wrong),
        lines=tuple(lines),
    )


def table(result: Score) -> str:
    """The score for people."""
    rows = [f"{'product':<14} {'title':<44} {'on screen':>9} {'found':>6} {'wrong':>6} {'box IoU':>8}"]
    for line in result.lines:
        iou = f"{line.box_iou:.2f}" if line.box_iou is not None else "–"
        rows.append(
            f"{line.product_id[:14]:<14} {line.title[:44]:<44} {line.expected:>9} {line.found:>6} "
            f"{line.wrong:>6} {iou:>8}"
        )
    rows.append(
        f"{result.matched} of {result.expected} appearances found, mean temporal IoU {result.temporal_iou:.2f}; "
        f"boxes with IoU ≥ 0.5: {result.boxes_half:.0%}; ignored as glimpses: {result.ignored}"
    )
    return "\n".join(rows)
