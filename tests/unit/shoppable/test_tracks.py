from collections.abc import Callable

import cv2
import numpy as np
import pytest

from functions.shoppable.decode import Image
from functions.shoppable.points import Tracker
from functions.shoppable.tracks import STEP_MS, Tracks, follow
from tests.unit.shoppable.clips import scene, texture

WIDE, HIGH = 480, 270
STEP = 80
BACKGROUND = cv2.cvtColor(scene([], 1200, 540, seed=3), cv2.COLOR_BGR2GRAY)
PRODUCT = cv2.cvtColor(texture(8), cv2.COLOR_BGR2GRAY)
PASSER = cv2.GaussianBlur(cv2.cvtColor(texture(30), cv2.COLOR_BGR2GRAY), (0, 0), 2)
Corners = list[tuple[float, float]]


def square(x: float, y: float, wide: float = 90, high: float = 120, turn: float = 0.0) -> Corners:
    """Corners in pixels, clockwise from the top left, turned about their middle by degrees."""
    angle = np.deg2rad(turn)
    across = np.array([np.cos(angle), np.sin(angle)]) * wide / 2
    down = np.array([-np.sin(angle), np.cos(angle)]) * high / 2
    middle = np.array([x + wide / 2, y + high / 2])
    return [tuple(middle + a * across + d * down) for a, d in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def paste(frame: Image, picture: Image, corners: Corners) -> None:
    high, wide = picture.shape
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    seen = cv2.warpPerspective(picture, matrix, (WIDE, HIGH), flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full_like(picture, 255), matrix, (WIDE, HIGH)) > 127
    frame[cover] = seen[cover]


def film(steps: int, *things: tuple[Image, Callable[[int], Corners]], pan: float = 0.0) -> Tracks:
    """Tracks of things (later ones in front) before a background that moves by `pan` pixels a step."""
    tracker = Tracker()
    rng = np.random.default_rng(1)
    for number in range(steps):
        shift = np.array([[1, 0, -100 + pan * number], [0, 1, -100]], np.float32)
        frame = cv2.warpAffine(BACKGROUND, shift, (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT)
        for picture, corners in things:
            paste(frame, picture, corners(number))
        noisy = frame.astype(np.int16) + rng.normal(0, 2, frame.shape).astype(np.int16)
        tracker.add(number * STEP, np.clip(noisy, 0, 255).astype(np.uint8))
    return tracker.tracks([], WIDE, HIGH)


def fractions(corners: Corners) -> np.ndarray:
    return np.array(corners) / (WIDE, HIGH)


def box_of(corners: Corners) -> np.ndarray:
    inside = np.clip(fractions(corners), 0, 1)
    return np.array([*inside.min(axis=0), *(inside.max(axis=0) - inside.min(axis=0))])


def farthest(path, corners: Callable[[int], Corners]) -> float:
    """The largest error of any side of any box, as a fraction of the frame."""
    return max(float(np.abs(np.array(box) - box_of(corners(ms // STEP))).max()) for ms, *box in path)


def test_points_go_where_the_picture_goes():
    tracks = film(8, pan=5.0)

    (_, before), (_, after) = tracks.steps[2], tracks.steps[3]
    names = [set(step[0].tolist()) for step in tracks.steps]
    common = sorted(names[2] & names[3])
    assert len(common) > 100
    moved = [
        after[list(tracks.steps[3][0]).index(name)] - before[list(tracks.steps[2][0]).index(name)] for name in common
    ]
    assert np.allclose(np.median(moved, axis=0), (5 / HIGH, 0), atol=0.001)


def test_points_are_as_fast_as_what_they_are_on():
    tracks = film(8, (PRODUCT, lambda step: square(100 + 6 * min(step, 4), 60)))

    for step, fast in ((2, 6 / HIGH / STEP * 1000), (6, 0.0)):
        _, points = tracks.steps[step]
        left = 100 + 6 * min(step, 4)
        inside = (np.abs(points - np.array([left + 45, 120]) / HIGH) < np.array([30, 45]) / HIGH).all(axis=1)
        assert inside.sum() > 10
        assert np.median(tracks.speeds[step][inside]) == pytest.approx(fast, abs=0.03)
        assert np.median(tracks.speeds[step][points[:, 0] > 300 / HIGH]) < 0.03


def test_pictures_that_follow_too_soon_are_passed_over():
    tracker = Tracker()

    taken = [tracker.add(ms, BACKGROUND[:HIGH, :WIDE]) for ms in (0, STEP_MS - 1, STEP_MS, STEP_MS + 1, 2 * STEP_MS)]

    assert taken == [True, False, True, False, True]


def test_no_track_goes_across_a_cut_even_if_the_picture_stays():
    tracker = Tracker()
    for number in range(10):
        tracker.add(number * STEP, BACKGROUND[:HIGH, :WIDE])
    tracks = tracker.tracks([5 * STEP], WIDE, HIGH)

    last = tracks.first + tracks.length
    assert len(tracks.first) > 100
    assert not ((tracks.first < 5) & (last > 5)).any()
    assert (tracks.first == 5).any()


def test_tracks_survive_their_bytes_and_the_same_film_gives_the_same_bytes():
    body = film(6, pan=3.0).to_bytes()

    assert film(6, pan=3.0).to_bytes() == body
    assert Tracks.from_bytes(body).to_bytes() == body
    assert len(Tracks.from_bytes(body).first) > 100


def test_a_segment_without_pictures_has_no_tracks():
    empty = Tracks.from_bytes(Tracker().tracks([], WIDE, HIGH).to_bytes())

    assert len(empty.first) == len(empty.times_ms) == 0
    assert [entry[0] for entry in follow(empty, fractions(square(10, 10)), 40, 0, 1000)] == [40]


@pytest.mark.parametrize("position", [0, 5, 25, 60, -1])
def test_damaged_tracks_are_a_value_error(position):
    body = bytearray(film(5).to_bytes())
    body[position] ^= 0x40

    with pytest.raises(ValueError, match=r"tracks|checksum"):
        Tracks.from_bytes(bytes(body))
    with pytest.raises(ValueError, match="checksum"):
        Tracks.from_bytes(bytes(body[: len(body) // 2]))


def test_a_region_is_followed_to_both_ends_while_the_camera_pans_and_it_turns():
    def corners(step: int) -> Corners:
        return square(60 + 5 * step, 60, turn=1.5 * step)

    tracks = film(30, (PRODUCT, corners), pan=5.0)

    path = follow(tracks, fractions(corners(12)), 12 * STEP, 0, 30 * STEP)

    assert [entry[0] for entry in path] == [STEP * step for step in range(30)]
    assert farthest(path, corners) < 0.015


def test_a_region_is_followed_no_further_than_asked():
    tracks = film(30, (PRODUCT, lambda _: square(60, 60)))

    path = follow(tracks, fractions(square(60, 60)), 12 * STEP, 5 * STEP, 20 * STEP)

    assert (path[0][0], path[-1][0]) == (5 * STEP, 19 * STEP)


def test_a_product_in_a_hand_moves_and_what_is_behind_it_does_not():
    def corners(step: int) -> Corners:
        return square(60 + 9 * step, 80 + 20 * np.sin(step / 4), turn=6 * np.sin(step / 5))

    tracks = film(30, (PRODUCT, corners))

    path = follow(tracks, fractions(corners(4)), 4 * STEP, 0, 30 * STEP)

    assert len(path) == 30
    assert farthest(path, corners) < 0.02


def test_a_product_that_comes_nearer_grows():
    def corners(step: int) -> Corners:
        return square(150 - 2 * step, 100 - 2 * step, 60 + 4 * step, 80 + 4 * step)

    tracks = film(25, (PRODUCT, corners))

    path = follow(tracks, fractions(corners(0)), 0, 0, 25 * STEP)

    assert len(path) == 25
    assert farthest(path, corners) < 0.02


def test_somebody_who_passes_does_not_take_the_region_along():
    def passing(step: int) -> Corners:
        return square(-150 + 22 * step, 0, 140, 270)

    tracks = film(36, (PRODUCT, lambda _: square(180, 70)), (PASSER, passing))

    path = follow(tracks, fractions(square(180, 70)), 2 * STEP, 0, 36 * STEP)

    assert path[-1][0] == 35 * STEP
    assert farthest(path, lambda _: square(180, 70)) < 0.015


def test_a_region_ends_where_it_leaves_the_frame():
    def corners(step: int) -> Corners:
        return square(300 + 12 * step, 70)

    tracks = film(30, (PRODUCT, corners))

    path = follow(tracks, fractions(corners(0)), 0, 0, 30 * STEP)

    # 90 pixels wide: from step 7.5 on it leaves, at step 12.75 three tenths of it are left.
    assert 9 * STEP <= path[-1][0] <= 13 * STEP
    assert farthest(path, corners) < 0.03


def test_a_region_ends_where_it_is_taken_away_for_good():
    def corners(step: int) -> Corners:
        return square(180, 70) if step < 12 else square(-400, 70)

    tracks = film(40, (PRODUCT, corners))

    path = follow(tracks, fractions(corners(0)), 0, 0, 40 * STEP)

    assert path[-1][0] == 11 * STEP
