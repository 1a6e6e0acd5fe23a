import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shoppable.paths import agreement, blend, box_iou, covered_share, gap_ms, interpolate, thin

HERE = (0.1, 0.2, 0.2, 0.4)


def moving(start: int, end: int, *, speed: float = 0.1, offset: float = 0.0, step: int = 100):
    """To the right, `speed` frames per second; at time 0 at x = 0.1 + offset."""
    return tuple((ms, 0.1 + offset + speed * ms / 1000, 0.2, 0.2, 0.4) for ms in range(start, end + 1, step))


fractions = st.floats(0, 0.5)
boxes = st.tuples(fractions, fractions, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
paths = st.lists(boxes, min_size=1, max_size=30).map(
    lambda found: tuple((80 * number, *box) for number, box in enumerate(found))
)


@given(boxes, boxes)
def test_should_measure_overlap_alike_from_both_sides(first, second):
    assert box_iou(first, second) == pytest.approx(box_iou(second, first))
    assert 0 <= box_iou(first, second) <= 1 + 1e-9
    assert box_iou(first, first) == pytest.approx(1)


def test_should_say_how_much_of_a_box_is_covered():
    assert covered_share((0.1, 0.1, 0.2, 0.2), (0.0, 0.0, 0.2, 1.0)) == pytest.approx(0.5)
    assert covered_share((0.1, 0.1, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2)) == 0


@given(boxes, boxes, st.integers(0, 1000))
def test_should_interpolate_between_boxes(first, second, ms):
    between = interpolate([(0, *first), (1000, *second)], ms)

    assert between == pytest.approx([a + (b - a) * ms / 1000 for a, b in zip(first, second, strict=True)])


def test_should_compare_paths_where_both_know_and_ends_where_they_do_not_meet():
    assert agreement(moving(0, 1000), moving(500, 2000)) == pytest.approx(1)
    assert agreement(moving(0, 1000), moving(500, 2000, offset=0.4)) == 0
    assert agreement(moving(0, 1000, speed=0), moving(1500, 2000, speed=0)) == pytest.approx(1)
    assert (gap_ms(moving(0, 1000), moving(1500, 2000)), gap_ms(moving(0, 1000), moving(500, 2000))) == (500, -500)


def test_should_thin_a_straight_path_to_its_ends():
    assert [box[0] for box in thin(moving(0, 3000), 0.003)] == [0, 3000]


def test_should_keep_where_a_path_turns():
    there = moving(0, 1000)
    back = tuple((2000 - ms, *box) for ms, *box in reversed(there[:-1]))

    assert [box[0] for box in thin((*there, *back), 0.003)] == [0, 1000, 2000]


@given(paths)
def test_should_stay_within_the_tolerance_when_thinned(path):
    thinned = thin(path, 0.01)

    for ms, *box in path:
        x, y, wide, high = interpolate(thinned, ms)
        assert (x, y, x + wide, y + high) == pytest.approx(
            (box[0], box[1], box[0] + box[2], box[1] + box[3]), abs=0.0103
        )


def test_should_fade_from_one_path_into_the_other_between_their_anchors():
    whole = blend([(0, moving(0, 1000)), (1000, moving(0, 1000, offset=0.1))])

    assert interpolate(whole, 0)[0] == pytest.approx(0.1)
    assert interpolate(whole, 500)[0] == pytest.approx(0.15 + 0.05)
    assert interpolate(whole, 1000)[0] == pytest.approx(0.3)


def test_should_bend_the_only_path_between_two_anchors_to_meet_both():
    lost = moving(0, 0)
    whole = blend([(0, lost), (1000, moving(0, 1000, offset=0.1))])

    assert interpolate(whole, 0)[0] == pytest.approx(0.1)
    assert interpolate(whole, 500)[0] == pytest.approx(0.25 - 0.05)
    assert interpolate(whole, 1000)[0] == pytest.approx(0.3)


def test_should_go_straight_where_no_path_leads():
    whole = blend([(0, moving(0, 300, speed=0)), (1000, moving(700, 1000, speed=0, offset=0.4))])

    assert interpolate(whole, 300)[0] == pytest.approx(0.1)
    assert interpolate(whole, 500)[0] == pytest.approx(0.3)
    assert interpolate(whole, 700)[0] == pytest.approx(0.5)


def test_should_go_on_with_the_path_that_reaches_farther():
    whole = blend([(1000, moving(800, 1200)), (2000, moving(0, 4000, offset=0.01))])

    assert (whole[0][0], whole[-1][0]) == (0, 4000)
    assert interpolate(whole, 0)[0] == pytest.approx(0.11)
    assert interpolate(whole, 800)[0] == pytest.approx(0.18)


@given(st.lists(st.tuples(paths, st.floats(0, 1)), min_size=1, max_size=4))
def test_should_pass_through_every_anchor_and_stay_inside_the_frame(given_paths):
    anchored = {
        number * 500 + path[round(share * (len(path) - 1))][0]: tuple((number * 500 + ms, *box) for ms, *box in path)
        for number, (path, share) in enumerate(given_paths)
    }

    whole = blend(list(anchored.items()))

    assert [box[0] for box in whole] == sorted({box[0] for box in whole})
    for anchor, path in anchored.items():
        assert interpolate(whole, anchor) == pytest.approx(interpolate(path, anchor), abs=2e-4)
    assert all(min(box[1:]) >= 0 and box[1] + box[3] <= 1.0001 and box[2] + box[4] <= 1.0001 for box in whole)
