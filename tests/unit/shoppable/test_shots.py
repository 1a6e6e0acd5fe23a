import cv2
import numpy as np
import pytest

from functions.contracts.video import Rational
from functions.shoppable.decode import open_video
from functions.shoppable.shots import Cut, SegmentShots, detect_cuts, detect_shots, merge_shots
from tests.unit.shoppable.clips import scene, texture, write_clip


def view(seed: int, x: float = 0.0, y: float = 0.0):
    """A window of a large scene that can be moved."""
    whole = scene([(texture(seed), (0.1, 0.2, 0.2, 0.6)), (texture(seed + 1), (0.6, 0.1, 0.25, 0.5))], seed=seed)
    shift = np.array([[1, 0, -200 - x], [0, 1, -120 - y]], dtype=np.float32)
    return cv2.warpAffine(whole, shift, (320, 180), borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Still, pan, hand-held with two flashes, then (by a dissolve from 150 to 166) still: cuts at 40 and 80."""

    def picture(number: int):
        if number < 40:
            return view(1)
        if number < 80:
            return view(20, x=(number - 40) * 3)
        shaken = view(40, x=8 * np.sin(number / 4), y=6 * np.cos(number / 5))
        if number in {100, 101, 120}:
            return np.clip(shaken.astype(int) + 140, 0, 255).astype(np.uint8)
        if number < 150:
            return shaken
        share = min(1.0, (number - 149) / 17)
        return cv2.addWeighted(shaken, 1 - share, view(60), share, 0)

    return write_clip(tmp_path_factory.mktemp("film") / "film.mp4", picture, frames=210)


def test_should_find_cuts_and_dissolves_but_no_flashes_and_no_motion(film):
    with open_video(film) as video:
        found = [cut.frame for cut in detect_shots(video, 0, video.duration_ms).cuts]

    assert found[:2] == [40, 80]
    assert len(found) == 3
    assert 150 <= found[2] <= 166


def test_should_find_the_same_cuts_however_the_film_is_divided(film):
    with open_video(film) as video:
        whole = detect_shots(video, 0, video.duration_ms).cuts
        parts = [detect_shots(video, start, start + 1600) for start in range(0, video.duration_ms, 1600)]

    assert [cut for part in parts for cut in part.cuts] == list(whole)


def test_should_find_cuts_however_a_thrifty_film_is_divided(film):
    with open_video(film, thrifty=True) as video:
        whole = detect_cuts(video, 0, video.duration_ms)
        parts = [detect_cuts(video, start, start + 1600) for start in range(0, video.duration_ms, 1600)]

    assert [cut.frame for cut in whole][:2] == [40, 80]
    assert [cut for part in parts for cut in part] == list(whole)


def test_should_take_nobody_who_hurries_past_for_a_cut(tmp_path):
    wall = scene([(texture(1 + i), (0.05 + 0.24 * i, 0.2, 0.18, 0.5)) for i in range(4)], wide=560, high=180, seed=1)
    coat = np.array([40, 30, 30])

    def picture(number: int):
        left = 320 - 30 * (number - 24)
        cover = np.zeros((180, 320), np.float32)
        cover[20:, max(0, left) : max(0, left + 120)] = 1
        cover = cv2.blur(cover, (9, 9))[..., None]
        return (wall[:, 2 * number : 2 * number + 320] * (1 - cover) + coat * cover).astype(np.uint8)

    path = write_clip(tmp_path / "passer.mp4", picture, frames=50)

    with open_video(path, thrifty=True) as video:
        assert detect_cuts(video, 0, video.duration_ms) == ()


def test_should_measure_the_speed_of_a_pan(film):
    with open_video(film) as video:
        motion = detect_shots(video, 1720, 3100).motion

    assert np.median([entry.speed for entry in motion]) == pytest.approx(3 * 25 / 320, rel=0.1)


def test_should_merge_cuts_into_gapless_shots():
    segments = [
        SegmentShots(start_ms=0, end_ms=2000, frames=50, cuts=(Cut(ms=1000, frame=25),), motion=()),
        SegmentShots(start_ms=2000, end_ms=4000, frames=50, cuts=(Cut(ms=2000, frame=50),), motion=()),
    ]

    shots = merge_shots(segments, duration_ms=4000, frame_rate=Rational(numerator=25, denominator=1))

    assert [(shot.index, shot.start_ms, shot.end_ms) for shot in shots] == [
        (0, 0, 1000),
        (1, 1000, 2000),
        (2, 2000, 4000),
    ]
    assert [(shot.start_frame, shot.end_frame) for shot in shots] == [(0, 25), (25, 50), (50, 100)]


def test_should_give_a_film_without_cuts_one_shot():
    (shot,) = merge_shots([], duration_ms=1234, frame_rate=Rational(numerator=25, denominator=1))

    assert (shot.start_ms, shot.end_ms, shot.start_frame, shot.end_frame) == (0, 1234, 0, 31)
