"""From sightings in a few examined frames to appearances in time.

An appearance is one thing seen without interruption within one shot. Sightings of a product whose paths agree are of
one thing; its boxes and its times are those of their paths, blended. What overlaps in place and time with a product
that has more for it is a look-alike, and is dropped. The same product twice at one time is two appearances.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from functions.contracts import ids
from functions.contracts.analysis import Appearance, Evidence, Shot, TimedBox
from functions.contracts.base import Contract, Fraction, Identifier, Milliseconds
from functions.shoppable import confidence
from functions.shoppable.confidence import Features
from functions.shoppable.matching.port import Box
from functions.shoppable.matching.thresholds import approve_from, review_from
from functions.shoppable.paths import (
    SHOWN_TOLERANCE,
    Path,
    agreement,
    blend,
    box_iou,
    covered_share,
    gap_ms,
    interpolate,
    is_alive,
    thin,
)
from functions.shoppable.sightings import FrameMatches, Sighting

MAX_GAP_MS = 700
"""Between two paths of one appearance: what walks past hides a product for so long."""
MAX_UNKNOWN_GAP_MS = 2_500
"""The same where one of them could not be followed."""
_AGREE = 0.35
_SAME_PLACE = 0.4
_HIDDEN = 0.3
_EDGE = 0.004
"""What is so near to an edge of the frame may reach beyond it."""
_SMALLER = 0.6
_SNAP_MS = 260
"""Paths have a box every 80 to 125 ms: one that begins so shortly after a cut began with the shot."""


class LinkedAppearance(Contract):
    """An appearance before it has an id and a verdict."""

    product_id: Identifier
    category: str
    start_ms: Milliseconds
    end_ms: Milliseconds
    boxes: tuple[TimedBox, ...]
    features: Features
    score: Fraction
    chance: Fraction
    """That it or one of its rivals is in the frame of its evidence, from that alone."""
    rivals: tuple[Identifier, ...]
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class _Seen:
    """A sighting and when it was."""

    ms: int
    what: Sighting

    @property
    def path(self) -> Path:
        return self.what.path


@dataclass(eq=False)
class _Strand:
    """Sightings of one thing, in order of time."""

    product_id: str
    seen: list[_Seen] = field(default_factory=list[_Seen])
    path: Path = ()
    odds: float = 0.0
    rival: float | None = None
    """Odds of the strongest other product in its place."""

    @property
    def sort_key(self) -> tuple[float, str, int]:
        return -self.odds, self.product_id, self.seen[0].ms

    def fit(self, sighting: _Seen) -> float | None:
        """How well a sighting belongs to it, 0 or more; None if it cannot."""
        if any(one.ms == sighting.ms for one in self.seen):
            return None
        together = [one for one in self.seen if gap_ms(one.path, sighting.path) <= 0]
        if together:
            nearest = min(together, key=lambda one: abs(one.ms - sighting.ms))
            shared = agreement(nearest.path, sighting.path)
            return 1 + shared if shared >= _AGREE else None
        nearest = min(self.seen, key=lambda one: gap_ms(one.path, sighting.path))
        was_followed = len(nearest.path) > 1 and len(sighting.path) > 1
        if gap_ms(nearest.path, sighting.path) > (MAX_GAP_MS if was_followed else MAX_UNKNOWN_GAP_MS):
            return None
        return agreement(nearest.path, sighting.path)

    def should_show(self, frame: FrameMatches) -> bool:
        """True if it is followed through the frame, inside it and not much smaller than where it was seen."""
        if not is_alive(self.path, frame.ms):
            return False
        x, y, wide, high = interpolate(self.path, frame.ms)
        inside = min(x, y, 1 - x - wide, 1 - y - high) > _EDGE
        largest = max(_area(interpolate(self.path, one.ms)) for one in self.seen)
        return inside and wide * high > _SMALLER * largest


def link(frames: Sequence[FrameMatches], shots: Sequence[Shot]) -> tuple[LinkedAppearance, ...]:
    """Appearances of a whole film, sorted by (start_ms, product_id).

    `frames`: every examined frame of every segment. `shots`: the film's, as merge_shots gives them.
    """
    starts = [shot.start_ms for shot in shots]
    of_shot: dict[int, list[FrameMatches]] = defaultdict(list)
    for frame in sorted(frames, key=lambda examined: examined.ms):
        of_shot[max(0, bisect_right(starts, frame.ms) - 1)].append(frame)
    return tuple(
        sorted(
            (
                found
                for number in sorted(of_shot)
                for found in link_shot(of_shot[number], shots[number].start_ms, shots[number].end_ms)
            ),
            key=_order,
        )
    )


def link_shot(frames: Sequence[FrameMatches], start_ms: int, end_ms: int) -> tuple[LinkedAppearance, ...]:
    """Appearances of one shot [start_ms, end_ms), of whose examined frames `frames` are, in any order."""
    ordered = sorted(frames, key=lambda examined: examined.ms)
    strands = _strands(ordered)
    for strand in strands:
        strand.path = blend([(one.ms, one.path) for one in strand.seen])
        strand.odds = _odds(strand, ordered)
    kept = _without_look_alikes(strands)
    return tuple(
        _appearance(strand, [other for other in kept if other is not strand], ordered, (start_ms, end_ms))
        for strand in kept
    )


def judge(
    linked: Sequence[LinkedAppearance],
    *,
    auto_approve_score: float | None = None,
    review_score: float | None = None,
) -> tuple[Appearance, ...]:
    """Appearances with ids, each approved or uncertain; those that score too little are dropped.

    The thresholds are those estimated (is_sure, is_worth_asking), unless they are given.
    """
    ordinals: dict[tuple[str, int], int] = defaultdict(int)
    judged: list[Appearance] = []
    for found in sorted(linked, key=_order):
        approved = is_sure(found) if auto_approve_score is None else found.score >= auto_approve_score
        asked = is_worth_asking(found) if review_score is None else found.score >= review_score
        if not (approved or asked):
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
                verdict="approved" if approved else "uncertain",
                rivals=found.rivals,
                evidence=found.evidence,
            )
        )
        ordinals[second] += 1
    return tuple(judged)


def is_sure(found: LinkedAppearance) -> bool:
    """True if it may be published without a person: its best frame would do among pictures of its category, and all of
    them among films.
    """
    return found.score >= confidence.APPROVE and found.evidence.score >= approve_from(found.category)


def is_worth_asking(found: LinkedAppearance) -> bool:
    """True if a person is asked about it: by all its frames, or by what its best one says of its place as a picture."""
    return found.score >= confidence.REVIEW or found.chance >= review_from(found.category)


def evidence_rank(sighting: Sighting) -> tuple[float, int]:
    """The highest is what a person is shown."""
    return sighting.score, sighting.inliers


def _order(found: LinkedAppearance) -> tuple[int, str, int, tuple[TimedBox, ...]]:
    return found.start_ms, found.product_id, found.end_ms, found.boxes


def _strands(frames: Sequence[FrameMatches]) -> list[_Strand]:
    of_product: dict[str, list[_Strand]] = defaultdict(list)
    for frame in frames:
        # A frame's best first: of two sightings of a product in one place, the second finds the strand taken.
        for sighting in sorted(frame.sightings, key=evidence_rank, reverse=True):
            seen = _Seen(frame.ms, sighting)
            strands = of_product[sighting.product_id]
            fits = [(fit, strand) for strand in strands if (fit := strand.fit(seen)) is not None]
            if fits:
                max(fits, key=lambda one: one[0])[1].seen.append(seen)
            else:
                strands.append(_Strand(sighting.product_id, [seen]))
    return [strand for product_id in sorted(of_product) for strand in of_product[product_id]]


def _odds(strand: _Strand, frames: Sequence[FrameMatches]) -> float:
    """For the contest with others in its place, where a frame without it speaks for them."""
    scores = [one.what.score for one in strand.seen]
    times = {one.ms for one in strand.seen}
    scores += [confidence.WEAKEST for frame in frames if frame.ms not in times and strand.should_show(frame)]
    return sum(map(confidence.logit, scores)) / len(scores) + 0.3 * math.log(len(strand.seen))


def _without_look_alikes(strands: Sequence[_Strand]) -> list[_Strand]:
    kept: list[_Strand] = []
    for strand in sorted(strands, key=lambda one: one.sort_key):
        winner = next((other for other in kept if _is_in_place_of(other, strand)), None)
        if winner is None:
            kept.append(strand)
        elif winner.product_id != strand.product_id and winner.rival is None:
            winner.rival = strand.odds
    return kept


def _is_in_place_of(winner: _Strand, strand: _Strand) -> bool:
    """True if the winner was, or between two sightings must have been, where most of the strand's sightings are."""
    covered = sum(
        is_alive(winner.path, one.ms, slack_ms=600)
        and box_iou(interpolate(winner.path, one.ms), interpolate(one.path, one.ms)) > _SAME_PLACE
        for one in strand.seen
    )
    return covered * 2 > len(strand.seen)


def _appearance(
    strand: _Strand, others: Sequence[_Strand], frames: Sequence[FrameMatches], shot: tuple[int, int]
) -> LinkedAppearance:
    features = _features(strand, others, frames)
    best = max(strand.seen, key=lambda one: (one.what.crops_key is not None, *evidence_rank(one.what), -one.ms))
    start, end = _span(strand, frames, shot)
    boxes = [box for box in strand.path if start <= box[0] <= end]
    inner = [box for box in boxes if start < box[0] < end]
    whole = ((start, *interpolate(strand.path, start)), *inner, (end, *interpolate(strand.path, end)))
    return LinkedAppearance(
        product_id=strand.product_id,
        category=best.what.category,
        start_ms=start,
        end_ms=end,
        boxes=thin(whole, SHOWN_TOLERANCE),
        features=features,
        score=confidence.probability(features),
        chance=best.what.chance,
        rivals=best.what.rivals,
        evidence=Evidence(
            image_sha256=best.what.image_sha256,
            inliers=best.what.inliers,
            frames=len(strand.seen),
            matcher="instance",
            score=best.what.score,
            ms=best.ms,
            crops_key=best.what.crops_key,
        ),
    )


def _features(strand: _Strand, others: Sequence[_Strand], frames: Sequence[FrameMatches]) -> Features:
    seen = strand.seen
    times = {one.ms for one in seen}
    missed = sum(
        frame.ms not in times and strand.should_show(frame) and not _is_hidden(strand, others, frame.ms)
        for frame in frames
    )
    shared = [
        agreement(before.path, after.path) for before, after in pairwise(seen) if gap_ms(before.path, after.path) <= 0
    ]
    return Features(
        best=confidence.best_of([one.what.score for one in seen]),
        sightings=math.log(len(seen)),
        missed=missed / (missed + len(seen)),
        unsteady=1 - sum(shared) / len(shared) if shared else 0.0,
        contest=0.0 if strand.rival is None else math.log1p(math.exp(min(strand.rival - strand.odds, 0.0))),
    )


def _is_hidden(strand: _Strand, others: Iterable[_Strand], ms: int) -> bool:
    """True if another product may stand before it."""
    box = interpolate(strand.path, ms)
    return any(
        is_alive(other.path, ms) and covered_share(box, interpolate(other.path, ms)) > _HIDDEN for other in others
    )


def _span(strand: _Strand, frames: Sequence[FrameMatches], shot: tuple[int, int]) -> tuple[int, int]:
    """From where its path begins to where it ends. Where it could not be followed, half way to the frames around."""
    shot_start, shot_end = shot
    first, last = strand.seen[0], strand.seen[-1]
    until = {frame.ms: frame.until_ms for frame in frames}
    start, end = strand.path[0][0], max(strand.path[-1][0], until[last.ms])
    if len(first.path) == 1:
        before = [frame.until_ms for frame in frames if frame.ms < first.ms]
        start = min(start, (max(before) + first.ms) // 2 if before else shot_start)
    if len(last.path) == 1:
        after = [frame.ms for frame in frames if frame.ms > last.ms]
        end = max(end, (until[last.ms] + min(after) + 1) // 2 if after else shot_end)
    start = shot_start if start - shot_start <= _SNAP_MS else start
    end = shot_end if shot_end - end <= _SNAP_MS else end
    return max(start, shot_start), min(max(end, start + 1), shot_end)


def _area(box: Box) -> float:
    return box[2] * box[3]
