from dataclasses import dataclass

import pytest

from functions.contracts import ids
from functions.shoppable import confidence, looks
from functions.shoppable.matching import thresholds
from functions.shoppable.matching.port import Found, FrameMatch, Views
from functions.shoppable.matching.thresholds import Band
from functions.shoppable.points import Tracker
from functions.shoppable.shots import Cut, SegmentShots

A, B = ids.product_id("shop", "a"), ids.product_id("shop", "b")
BOX = (0.1, 0.2, 0.2, 0.4)
SHOTS = SegmentShots(start_ms=0, end_ms=8000, frames=200, cuts=(Cut(ms=4000, frame=100),), motion=())
NO_TRACKS = Tracker().tracks([], 1280, 720)


@dataclass(frozen=True)
class Sampled:
    ms: int
    spare: bool = False

    @property
    def until_ms(self) -> int:
        return self.ms

    @property
    def frame(self) -> int:
        return self.ms // 40

    @property
    def shot(self) -> int:
        return self.ms // 4000


def any_found(score=0.9, product_id=A, crops=b"crops", category="", chance=None) -> Found:
    x, y, wide, high = BOX
    outline = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
    match = FrameMatch(
        product_id=product_id,
        image_sha256="0" * 64,
        box=BOX,
        score=score,
        chance=score if chance is None else chance,
        inliers=50,
        outline=outline,
        category=category,
    )
    return Found(match=match, crops=lambda: crops)


@pytest.fixture(autouse=True)
def band(monkeypatch: pytest.MonkeyPatch) -> None:
    """An appearance is as probable as its best sightings are, whatever the estimated weights."""
    monkeypatch.setattr(confidence, "CONSTANT", 0.0)
    weights = dict.fromkeys(confidence.Features._fields, 0.0) | {"best": 1.0}
    monkeypatch.setattr(confidence, "WEIGHTS", confidence.Features(**weights))
    monkeypatch.setattr(confidence, "APPROVE", 0.9)
    monkeypatch.setattr(thresholds, "BANDS", {"Toys & Games": Band(approve=0.5, review=0.3)})
    monkeypatch.setattr(thresholds, "DEFAULT", Band(approve=0.9, review=0.4))


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Every region stands still through the whole span that it is followed in; gives (at, start, end) of each."""
    asked: list[tuple[int, int, int]] = []

    def follow(tracks, outline, at_ms, start_ms, end_ms):
        asked.append((at_ms, start_ms, end_ms))
        return tuple((ms, *BOX) for ms in sorted({start_ms, at_ms, end_ms - 40}))

    monkeypatch.setattr(looks, "follow", follow)
    return asked


def examine(frames: list[Sampled], seen: dict[int, list[Found]]) -> tuple[list[int], list[looks.ShotLooks]]:
    """The times that were looked at, in order, those of stretched views as negative; what came of it."""
    looked: list[int] = []

    def look(frame: Sampled, views: Views) -> list[Found]:
        assert views == ("all" if frame.spare else "upright") or (views == "slanted" and not frame.spare)
        at = -frame.ms if views == "slanted" else frame.ms
        looked.append(at)
        return seen.get(at, [])

    return looked, list(looks.examine(frames, SHOTS, NO_TRACKS, look, lambda ms, product: f"{ms}-{product}"))


FRAMES = [Sampled(1000), Sampled(2000, spare=True), Sampled(3000, spare=True), Sampled(5000), Sampled(6000, spare=True)]


@pytest.mark.parametrize("score", [0.97, 0.05], ids=["clearly there", "clearly not there"])
def test_should_not_look_twice_where_there_is_no_doubt(score):
    looked, shots = examine(FRAMES, {1000: [any_found(score)], 5000: [any_found(0.97)]})

    assert [ms for ms in looked if ms > 0] == [1000, 5000]
    assert [[frame.ms for frame in shot.frames] for shot in shots] == [[1000], [5000]]


def test_should_look_at_spare_frames_of_the_shot_in_doubt_only_and_until_there_is_none():
    looked, shots = examine(FRAMES, {1000: [any_found(0.6)], 2000: [any_found(0.999)], 5000: [any_found(0.97)]})

    assert looked == [1000, 2000, 5000]
    assert [frame.ms for frame in shots[0].frames] == [1000, 2000]


def test_should_look_at_all_spare_frames_while_doubt_remains():
    doubtful = [any_found(0.6)]

    looked, _ = examine(FRAMES, {1000: doubtful, 2000: doubtful, 3000: doubtful, 5000: [any_found(0.97)]})

    assert looked == [1000, 2000, 3000, 5000]


def test_should_not_doubt_what_would_be_approved(monkeypatch):
    monkeypatch.setattr(confidence, "APPROVE", 0.5)

    looked, _ = examine(FRAMES, {1000: [any_found(0.6, category="Toys & Games")], 5000: [any_found(0.97)]})

    assert looked == [1000, 5000]


def test_should_view_one_frame_of_a_shot_that_shows_nothing_for_what_stands_at_a_slant():
    frames = [Sampled(1000), Sampled(2000), Sampled(3000), Sampled(5000)]

    looked, (first, second) = examine(frames, {-2000: [any_found(0.97)], 5000: [any_found(0.97)]})

    assert looked == [1000, 2000, 3000, -2000, 5000]
    assert [(frame.ms, len(frame.sightings)) for frame in first.frames] == [(1000, 0), (2000, 1), (3000, 0)]
    assert [frame.ms for frame in second.frames] == [5000]


def test_should_not_view_stretched_what_shows_something_in_another_frame():
    looked, _ = examine([Sampled(1000), Sampled(2000)], {2000: [any_found(0.3)]})

    assert looked == [1000, 2000]


def test_should_follow_within_the_shot_and_segment_that_the_frame_is_of(followed):
    examine(FRAMES, {1000: [any_found()], 5000: [any_found()]})

    assert followed == [(1000, 0, 4000), (5000, 4000, 8000)]


def test_should_follow_what_may_be_any_of_several_though_it_is_hardly_the_one(followed):
    _, shots = examine(FRAMES, {1000: [any_found(0.06, chance=0.15)], 5000: [any_found(0.06, chance=0.06)]})

    assert followed == [(1000, 0, 4000)]
    assert [[len(frame.sightings) for frame in shot.frames] for shot in shots] == [[1], [0]]


def test_should_neither_follow_nor_keep_what_is_nothing(followed):
    _, shots = examine(FRAMES, {1000: [any_found(0.05)]})

    assert followed == []
    assert shots[0].frames[0].sightings == ()


def test_should_keep_crops_of_the_best_sighting_of_each_product_in_a_shot():
    seen = {
        1000: [any_found(0.6, crops=b"worse"), any_found(0.3, B, crops=b"other")],
        2000: [any_found(0.999, crops=b"better")],
        5000: [any_found(0.97, crops=b"next shot")],
    }

    _, (first, second) = examine(FRAMES, seen)

    assert {key: crops() for key, crops in first.crops.items()} == {f"2000-{A}": b"better", f"1000-{B}": b"other"}
    assert list(second.crops) == [f"5000-{A}"]
    named = [[(one.product_id, one.crops_key) for one in frame.sightings] for frame in first.frames]
    assert named == [[(A, None), (B, f"1000-{B}")], [(A, f"2000-{A}")]]


def test_should_keep_the_box_that_was_recognised_where_following_gives_none(monkeypatch):
    monkeypatch.setattr(looks, "follow", lambda *_: ())

    _, shots = examine(FRAMES, {1000: [any_found(0.97)]})

    assert shots[0].frames[0].sightings[0].path == ((1000, *BOX),)
