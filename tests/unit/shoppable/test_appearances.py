import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts import ids
from functions.contracts.analysis import Shot
from functions.shoppable.appearances import FrameMatches, box_iou, interpolate, judge, link
from functions.shoppable.matching.port import FrameMatch

SHOTS = (
    Shot(index=0, start_ms=0, end_ms=4000, start_frame=0, end_frame=100),
    Shot(index=1, start_ms=4000, end_ms=8000, start_frame=100, end_frame=200),
)
A, B = ids.product_id("shop", "a"), ids.product_id("shop", "b")
LEFT, RIGHT = (0.1, 0.2, 0.2, 0.4), (0.6, 0.2, 0.2, 0.4)


def any_match(product_id=A, box=LEFT, score=0.9, inliers=50):
    x, y, wide, high = box
    outline = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
    return FrameMatch(
        product_id=product_id, image_sha256="0" * 64, box=box, score=score, inliers=inliers, outline=outline
    )


def frames(*seen: tuple[int, list[FrameMatch]]) -> list[FrameMatches]:
    return [FrameMatches(ms=ms, until_ms=ms, frame=ms // 40, matches=tuple(matches)) for ms, matches in seen]


def test_should_begin_and_end_half_way_to_frames_without_the_product():
    linked = link(frames((0, []), (500, [any_match()]), (1000, [any_match()]), (1500, [])), SHOTS)

    assert [(one.product_id, one.start_ms, one.end_ms) for one in linked] == [(A, 250, 1250)]


def test_should_reach_to_the_borders_of_the_shot():
    (one,) = link(frames((100, [any_match()]), (2000, [any_match()]), (3900, [any_match()])), SHOTS[:1])

    assert (one.start_ms, one.end_ms) == (0, 4000)


def test_should_not_link_across_a_cut():
    linked = link(
        frames((3000, [any_match()]), (3500, [any_match()]), (4100, [any_match()]), (4600, [any_match()])), SHOTS
    )

    assert [(one.start_ms, one.end_ms) for one in linked] == [(0, 4000), (4000, 8000)]


def test_should_bridge_a_short_occlusion_and_split_at_a_long_one():
    times = range(100, 4000, 300)
    gone = {1000, 1300}
    short = frames(*((ms, [] if ms in gone else [any_match()]) for ms in times))
    long = frames(*((ms, [] if 700 <= ms <= 2800 else [any_match()]) for ms in times))

    assert len(link(short, SHOTS)) == 1
    assert len(link(long, SHOTS)) == 2


def test_should_drop_a_single_weak_sighting_and_keep_a_strong_one():
    around = [(100, []), (900, []), (1300, [])]

    assert link(frames(*around, (500, [any_match(score=0.6)])), SHOTS) == ()
    assert len(link(frames(*around, (500, [any_match(score=0.97)])), SHOTS)) == 1


def test_should_drop_a_look_alike_that_flickers_in_the_same_place():
    seen = frames(
        (100, [any_match(A)]), (500, [any_match(B, score=0.7)]), (900, [any_match(A)]), (1300, [any_match(A)]),
        (1700, [any_match(B, score=0.7)]), (2100, [any_match(A)]),
    )  # fmt: skip

    assert [one.product_id for one in link(seen, SHOTS)] == [A]


def test_should_keep_two_products_side_by_side():
    seen = frames(*((ms, [any_match(A, LEFT), any_match(B, RIGHT)]) for ms in (100, 500, 900)))

    assert {one.product_id for one in link(seen, SHOTS)} == {A, B}


def test_should_leave_out_a_box_that_jumps_away():
    seen = frames((100, [any_match()]), (500, [any_match(box=(0.5, 0.5, 0.4, 0.4))]), (900, [any_match()]))

    (one,) = link(seen, SHOTS)

    assert {box[1:] for box in one.boxes} == {LEFT}


def test_should_hold_the_box_while_the_picture_stands_still():
    still = [FrameMatches(ms=100, until_ms=3000, frame=2, matches=(any_match(score=0.95),))]

    (one,) = link(still, SHOTS[:1])

    assert [box[0] for box in one.boxes] == [0, 100, 3000, 4000]


def test_should_believe_several_frames_more_than_one():
    once = link(frames((100, [any_match(score=0.9)])), SHOTS)[0].score
    often = link(frames(*((ms, [any_match(score=0.9)]) for ms in (100, 500, 900))), SHOTS)[0].score

    assert once == pytest.approx(0.9)
    assert often > once


def test_should_judge_by_thresholds_and_number_equal_appearances():
    linked = link(
        frames(
            (100, [any_match(A, LEFT, 0.99), any_match(B, RIGHT, 0.6)]), (500, [any_match(A), any_match(B, RIGHT, 0.6)])
        ),
        SHOTS[:1],
    )

    judged = judge(linked, auto_approve_score=0.9, review_score=0.5)

    assert [(one.product_id, one.verdict) for one in judged] == sorted([(A, "approved"), (B, "uncertain")])
    assert judge(linked, auto_approve_score=1.0, review_score=0.99) == ()
    assert len({one.appearance_id for one in judge([*linked, *linked], auto_approve_score=0.9, review_score=0)}) == 4


fractions = st.floats(0, 0.5)
boxes = st.tuples(fractions, fractions, st.floats(0.01, 0.5), st.floats(0.01, 0.5))


@given(boxes, boxes)
def test_should_measure_overlap_alike_from_both_sides(first, second):
    assert box_iou(first, second) == pytest.approx(box_iou(second, first))
    assert 0 <= box_iou(first, second) <= 1 + 1e-9
    assert box_iou(first, first) == pytest.approx(1)


@given(boxes, boxes, st.integers(0, 1000))
def test_should_interpolate_between_boxes(first, second, ms):
    between = interpolate([(0, *first), (1000, *second)], ms)

    assert between == pytest.approx([a + (b - a) * ms / 1000 for a, b in zip(first, second, strict=True)])
