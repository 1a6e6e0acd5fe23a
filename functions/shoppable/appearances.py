"""From matches in single frames to appearances in time.

An appearance is one product seen without interruption within one shot. It begins half way between the last examined
frame without the product and the first with it (or with the shot), and ends likewise. What overlaps in place and
time with
a product that has more for it is a look-alike, and is dropped.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from functions.contracts import ids
from functions.contracts.analysis import Appearance, Evidence, Shot, TimedBox
from functions.contracts.base import Contract, Fraction, Identifier, Milliseconds
from functions.shoppable.matching.port import Box, FrameMatch

MAX_MISSED = 3
"""Examined frames in a row without the product that do not end an appearance."""
MAX_GAP_MS = 2_500
MIN_FRAME_SCORE = 0.15
SINGLE_FRAME_SCORE = 0.8
"""What a product that is seen in one frame only must score there."""
_SAME_PLACE = 0.4


class FrameMatches(Contract):
    """What MatchFrames stores for an examined frame, also when nothing was found in it."""

    ms: Milliseconds
    until_ms: Milliseconds
    """As in SampledFrame."""
    frame: int
    matches: tuple[FrameMatch, ...]


class LinkedAppearance(Contract):
    """An appearance before it has an id and a verdict."""

    product_id: Identifier
    start_ms: Milliseconds
    end_ms: Milliseconds
    boxes: tuple[TimedBox, ...]
    score: Fraction
    evidence: Evidence


@dataclass(frozen=True)
class _Sighting:
    position: int
    """Of the frame among those of its shot."""
    ms: int
    until_ms: int
    match: FrameMatch


@dataclass(frozen=True)
class _Run:
    product_id: str
    sightings: tuple[_Sighting, ...]

    @property
    def weight(self) -> float:
        return sum(max(0.1, _logit(sighting.match.score) + 3) for sighting in self.sightings)


def link(frames: Sequence[FrameMatches], shots: Sequence[Shot]) -> tuple[LinkedAppearance, ...]:
    """Appearances of a whole film, sorted by (start_ms, product_id).

    `frames`: every examined frame of every segment. `shots`: the film's, as merge_shots gives them.
    """
    starts = [shot.start_ms for shot in shots]
    of_shot: dict[int, list[FrameMatches]] = defaultdict(list)
    for frame in sorted(frames, key=lambda examined: examined.ms):
        of_shot[max(0, bisect_right(starts, frame.ms) - 1)].append(frame)
    linked = [
        _appearance(run, of_shot[number], shots[number])
        for number in sorted(of_shot)
        for run in _without_look_alikes(_runs(of_shot[number]))
    ]
    return tuple(sorted(linked, key=lambda one: (one.start_ms, one.product_id, one.end_ms)))


def judge(
    linked: Sequence[LinkedAppearance], *, auto_approve_score: float, review_score: float
) -> tuple[Appearance, ...]:
    """Appearances with ids: approved from auto_approve_score on, uncertain from review_score on, others dropped."""
    ordinals: dict[tuple[str, int], int] = defaultdict(int)
    judged: list[Appearance] = []
    for found in sorted(linked, key=lambda one: (one.start_ms, one.product_id, one.end_ms)):
        if found.score < review_score:
            continue
        second = (found.product_id, round(found.start_ms / 1000))
        judged.append(
            Appearance(
                appearance_id=ids.appearance_id(found.product_id, found.start_ms, ordinals[second]),
                product_id=found.product_id,
                start_ms=found.start_ms,
                end_ms=found.end_ms,
                boxes=found.boxes,
                score=found.score,
                verdict="approved" if found.score >= auto_approve_score else "uncertain",
                evidence=found.evidence,
            )
        )
        ordinals[second] += 1
    return tuple(judged)


def interpolate(boxes: Sequence[TimedBox], ms: int) -> Box:
    """The box at a time, linear between the two around it, constant before the first and after the last."""
    after = bisect_right([box[0] for box in boxes], ms)
    if after == 0:
        return boxes[0][1:]
    if after == len(boxes):
        return boxes[-1][1:]
    (start, *first), (end, *second) = boxes[after - 1], boxes[after]
    share = (ms - start) / (end - start)
    x, y, width, height = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return x, y, width, height


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    common = wide * high
    return common / (first[2] * first[3] + second[2] * second[3] - common)


def _runs(frames: Sequence[FrameMatches]) -> list[_Run]:
    """Sightings of a product without a long interruption, within one shot."""
    sightings: dict[str, list[_Sighting]] = defaultdict(list)
    for position, frame in enumerate(frames):
        best: dict[str, FrameMatch] = {}
        for match in frame.matches:
            known = best.get(match.product_id)
            if match.score >= MIN_FRAME_SCORE and (known is None or match.score > known.score):
                best[match.product_id] = match
        for product_id, match in best.items():
            sightings[product_id].append(_Sighting(position, frame.ms, frame.until_ms, match))
    runs: list[_Run] = []
    for product_id in sorted(sightings):
        run: list[_Sighting] = []
        for sighting in sightings[product_id]:
            if run and (
                sighting.position - run[-1].position > MAX_MISSED + 1 or sighting.ms - run[-1].until_ms > MAX_GAP_MS
            ):
                runs.append(_Run(product_id, tuple(run)))
                run = []
            run.append(sighting)
        runs.append(_Run(product_id, tuple(run)))
    return [run for run in runs if _is_credible(run, len(frames))]


def _is_credible(run: _Run, examined: int) -> bool:
    scores = [sighting.match.score for sighting in run.sightings]
    if len(scores) == 1:
        return scores[0] >= SINGLE_FRAME_SCORE or (examined == 1 and scores[0] >= 0.5)
    return max(scores) >= 0.5


def _without_look_alikes(runs: Iterable[_Run]) -> list[_Run]:
    kept: list[_Run] = []
    for run in sorted(runs, key=lambda one: (-one.weight, one.product_id)):
        rest = tuple(sighting for sighting in run.sightings if not any(_covers(winner, sighting) for winner in kept))
        if len(rest) * 2 > len(run.sightings):
            kept.append(_Run(run.product_id, rest))
    return kept


def _covers(winner: _Run, sighting: _Sighting) -> bool:
    """True if the winner was, or between two sightings must have been, in the place of the sighting."""
    boxes = [(one.ms, *one.match.box) for one in winner.sightings]
    slack = 600
    if not boxes[0][0] - slack <= sighting.ms <= winner.sightings[-1].until_ms + slack:
        return False
    return box_iou(interpolate(boxes, sighting.ms), sighting.match.box) > _SAME_PLACE


def _appearance(run: _Run, frames: Sequence[FrameMatches], shot: Shot) -> LinkedAppearance:
    first, last = run.sightings[0], run.sightings[-1]
    start = shot.start_ms if first.position == 0 else (frames[first.position - 1].until_ms + first.ms) // 2
    end = shot.end_ms if last.position == len(frames) - 1 else (last.until_ms + frames[last.position + 1].ms + 1) // 2
    boxes = _timed(_steady(run.sightings), start, end)
    best = max(run.sightings, key=lambda sighting: (sighting.match.inliers, -sighting.ms)).match
    return LinkedAppearance(
        product_id=run.product_id,
        start_ms=start,
        end_ms=end,
        boxes=boxes,
        score=_score([sighting.match.score for sighting in run.sightings]),
        evidence=Evidence(
            image_sha256=best.image_sha256, inliers=best.inliers, frames=len(run.sightings), matcher="instance"
        ),
    )


def _steady(sightings: Sequence[_Sighting]) -> list[_Sighting]:
    """Without boxes that jump away while those before and after agree."""
    if len(sightings) < 3:
        return list(sightings)
    kept = [sightings[0]]
    for before, here, after in zip(sightings, sightings[1:], sightings[2:], strict=False):
        around = [(before.ms, *before.match.box), (after.ms, *after.match.box)]
        agree = box_iou(before.match.box, after.match.box) > 0.6
        if not (agree and box_iou(interpolate(around, here.ms), here.match.box) < 0.4):
            kept.append(here)
    return [*kept, sightings[-1]]


def _timed(sightings: Sequence[_Sighting], start: int, end: int) -> tuple[TimedBox, ...]:
    boxes: dict[int, Box] = {start: sightings[0].match.box}
    for sighting in sightings:
        boxes[sighting.ms] = sighting.match.box
        boxes[sighting.until_ms] = sighting.match.box
    boxes.setdefault(end, sightings[-1].match.box)
    return tuple((ms, *boxes[ms]) for ms in sorted(boxes))


def _score(scores: Sequence[float]) -> float:
    """The mean of the best three frames' log odds, and little for every further frame: their errors are not
    independent.
    """
    best = sorted((_logit(score) for score in scores), reverse=True)[:3]
    odds = sum(best) / len(best) + 0.3 * math.log(len(scores))
    return round(1 / (1 + math.exp(-odds)), 4)


def _logit(score: float) -> float:
    inside = min(max(score, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))
