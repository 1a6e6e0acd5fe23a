import cv2
import numpy as np
import pytest

from functions.shoppable.decode import open_video
from functions.shoppable.frames import choose, sample_frames
from functions.shoppable.points import Tracker
from functions.shoppable.shots import Motion, SegmentShots, detect_shots
from functions.shoppable.tracks import Tracks
from tests.unit.shoppable.clips import scene, texture, write_clip

WIDE, HIGH = 480, 270
PLACES = [scene([], 1500, 540, seed=seed) for seed in (3, 5)]
PRODUCTS = [texture(seed) for seed in (8, 9)]


def picture(place: int, x: float = 0.0):
    shift = np.array([[1, 0, -x], [0, 1, -100]], dtype=np.float32)
    return cv2.warpAffine(PLACES[place], shift, (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT)


def put(frame, product: int, left: int):
    """A product 100 pixels wide whose left side is at `left`, also if that is outside."""
    small = cv2.resize(PRODUCTS[product], (100, 130), interpolation=cv2.INTER_AREA)
    first, after = max(0, left), min(WIDE, left + 100)
    if after > first:
        frame[70:200, first:after] = small[:, first - left : after - left]
    return frame


def chosen(path):
    """The choices, their shots' borders and the detected shots of a clip."""
    with open_video(path) as video:
        tracker = Tracker()
        shots = detect_shots(video, 0, video.duration_ms, tracker)
        return choose(shots, tracker.tracks([cut.ms for cut in shots.cuts], video.width, video.height))


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("still") / "still.mp4", lambda _: put(picture(0), 0, 150), frames=100)


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """A still camera; one product from frame 20 to 60, another from 110 to 150: never both."""

    def at(number: int):
        frame = picture(0)
        for product, begins in ((0, 20), (1, 110)):
            away = max(0.0, (begins + 10 - number) / 10, (number - begins - 30) / 10)
            put(frame, product, 190 - round(400 * away))
        return frame

    return write_clip(tmp_path_factory.mktemp("visited") / "visited.mp4", at, frames=170)


def test_one_frame_of_a_shot_in_which_nothing_moves_is_examined_and_it_is_settled(still):
    choices = chosen(still)

    (examined,) = [choice for choice in choices if not choice.spare]
    assert 80 <= examined.ms <= 3920
    assert len(choices) <= 3


def test_products_that_come_and_go_in_one_shot_are_each_in_an_examined_frame(visited):
    examined = [choice.ms // 40 for choice in chosen(visited) if not choice.spare]

    assert any(30 <= number <= 50 for number in examined)
    assert any(120 <= number <= 140 for number in examined)
    assert len(examined) <= 4


def test_what_a_pan_shows_for_more_than_a_second_and_a_half_is_in_an_examined_frame(tmp_path):
    path = write_clip(tmp_path / "pan.mp4", lambda number: picture(0, number * 7), frames=140)

    lefts = [choice.ms / 40 * 7 for choice in chosen(path) if not choice.spare]

    seen = np.zeros(980 + WIDE, bool)
    for left in lefts:
        seen[round(left) : round(left) + WIDE] = True
    assert seen[40 * 7 : -40 * 7].mean() > 0.97
    assert len(lefts) <= 5


def test_every_shot_has_a_frame_that_is_not_spare(tmp_path):
    path = write_clip(tmp_path / "cuts.mp4", lambda number: picture(number // 25 % 2, 40 * (number // 50)), frames=150)

    choices = chosen(path)

    assert {choice.shot for choice in choices if not choice.spare} == set(range(6))


def test_a_sharp_frame_is_preferred(tmp_path):
    def focused(number: int):
        frame = put(picture(0), 0, 150)
        blur = max(0.0, abs(number - 70) - 15) * 0.15
        return cv2.GaussianBlur(frame, (0, 0), blur) if blur else frame

    choices = chosen(write_clip(tmp_path / "focus.mp4", focused, frames=100))

    (examined,) = [choice.ms // 40 for choice in choices if not choice.spare]
    assert 55 <= examined <= 85


def examined_of(sharpness, *things) -> list[int]:
    """Positions of the frames that are examined of a shot, a step each 80 ms. `things`: (the step at which it is first
    there, where it is from 0 to 1 in each step from then on).
    """
    steps, count = len(sharpness), 30
    times = np.arange(steps) * 80
    motion = tuple(
        Motion(ms=int(ms), speed=0.0, change=0.0, sharpness=float(sharp))
        for ms, sharp in zip(times, sharpness, strict=True)
    )
    shots = SegmentShots(start_ms=0, end_ms=steps * 80, frames=steps, cuts=(), motion=motion)
    places = [np.stack([np.tile(x, count), np.repeat(np.linspace(0.2, 0.8, count), len(x))], axis=1) for _, x in things]
    tracks = Tracks(
        width=1280, height=720, times_ms=times.astype(np.int32),
        first=np.repeat([first for first, _ in things], count).astype(np.int32),
        length=np.repeat([len(x) for _, x in things], count).astype(np.int32),
        surface=np.arange(count * len(things), dtype=np.int32),
        points=np.rint(np.concatenate(places) * 65535).astype(np.uint16),
    )  # fmt: skip
    return [choice.ms // 80 for choice in choose(shots, tracks) if not choice.spare]


def test_what_comes_in_at_an_edge_is_examined_when_it_is_inside_though_it_was_sharper_before():
    outside = np.arange(40) < 20

    (examined,) = examined_of(np.where(outside, 10.0, 8.0), (0, np.where(outside, 0.95, 0.5)))

    assert examined >= 20


def test_what_is_carried_in_is_examined_where_it_rests_though_the_picture_was_sharper_before():
    moves = np.arange(40) < 20

    (examined,) = examined_of(np.where(moves, 10.0, 8.0), (0, np.where(moves, 0.15 + 0.03 * np.arange(40), 0.75)))

    assert examined >= 20


def test_second_looks_are_few_and_apart_from_the_first(visited):
    choices = chosen(visited)

    spare, examined = ([one.ms for one in choices if one.spare is kind] for kind in (True, False))
    assert 1 <= len(spare) <= 2 * len(examined)
    for ms in spare:
        assert min(abs(ms - other) for other in [*examined, *(one for one in spare if one != ms)]) >= 400


def test_sampled_frames_are_the_chosen_ones(visited):
    with open_video(visited) as video:
        tracker = Tracker()
        shots = detect_shots(video, 0, video.duration_ms, tracker)
        tracks = tracker.tracks([], video.width, video.height)
        sampled = list(sample_frames(video, shots, tracks, side=160))

    assert [(one.ms, one.shot, one.spare) for one in sampled] == [
        (one.ms, one.shot, one.spare) for one in choose(shots, tracks)
    ]
    assert {one.image.shape for one in sampled} == {(90, 160, 3)}
    assert all(one.frame == one.ms // 40 for one in sampled)


def test_a_frame_that_showed_two_things_moving_gives_way_to_frames_in_which_each_rests():
    moving = 0.012 * np.arange(25)
    leaves = 0.2 + np.r_[np.zeros(15), moving]
    arrives = 0.5 + np.r_[moving, np.full(15, moving[-1])]

    first, second = examined_of(np.full(60, 10.0), (0, leaves), (20, arrives))

    assert first <= 15
    assert second >= 45
