from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.score import Score, box_at, box_iou, score, temporal_iou


def any_appearance(product: str = "A", start: int = 1000, end: int = 3000, **changes: Any) -> dict[str, Any]:
    return {
        "product_id": product,
        "start_ms": start,
        "end_ms": end,
        "boxes": [[start, 0.1, 0.1, 0.2, 0.2], [end, 0.3, 0.1, 0.2, 0.2]],
        **changes,
    }


def judged(expected: list[Any], published: list[Any], **truth: Any) -> Score:
    return score({"appearances": expected, "decoys": [], "glimpses": [], **truth}, {"appearances": published}, {})


def test_a_perfect_timeline_scores_one() -> None:
    everything = [any_appearance("A"), any_appearance("B", 2000, 5000)]
    result = judged(everything, everything)
    assert result.summary() == "demo: 2 appearances, precision 1.00, recall 1.00, box IoU 1.00, decoys 0"


def test_an_appearance_of_another_product_is_wrong_and_leaves_one_missed() -> None:
    result = judged([any_appearance("A")], [any_appearance("B")])
    assert (result.precision, result.recall) == (0, 0)


def test_one_published_appearance_matches_one_of_the_truth_only() -> None:
    twice = [any_appearance("A", 1000, 3000), any_appearance("A", 1100, 3100)]
    assert (judged(twice, twice[:1]).recall, judged(twice[:1], twice).precision) == (0.5, 0.5)


@pytest.mark.parametrize(("end", "found"), [(2000, 1), (1990, 0)])
def test_half_of_the_time_must_be_shared(end: int, found: int) -> None:
    assert judged([any_appearance("A", 1000, 3000)], [any_appearance("A", 1000, end)]).matched == found


def test_boxes_are_compared_where_both_interpolations_are() -> None:
    shifted = any_appearance(boxes=[[1000, 0.2, 0.1, 0.2, 0.2], [3000, 0.4, 0.1, 0.2, 0.2]])
    result = judged([any_appearance()], [shifted])
    assert result.box_iou == pytest.approx(1 / 3)
    assert result.boxes_half == 0


def test_a_false_appearance_on_a_decoy_is_counted_as_decoy() -> None:
    decoy = {"name": "unknown", **any_appearance()}
    elsewhere = any_appearance("B", boxes=[[1000, 0.7, 0.7, 0.2, 0.2]])
    result = judged([], [any_appearance("A"), elsewhere], decoys=[decoy])
    assert (result.appearances, result.decoys) == (2, 1)


def test_a_product_seen_too_little_to_count_is_neither_right_nor_wrong() -> None:
    glimpse = {"product_id": "B", "start_ms": 4000, "end_ms": 5000}
    result = judged([any_appearance("A")], [any_appearance("A"), any_appearance("B", 4000, 5000)], glimpses=[glimpse])
    assert (result.precision, result.recall, result.ignored) == (1, 1, 1)


def test_nothing_published_is_no_precision() -> None:
    assert (
        judged([any_appearance()], []).summary()
        == "demo: 0 appearances, precision 0.00, recall 0.00, box IoU 0.00, decoys 0"
    )


def test_a_box_is_interpolated_and_held_at_the_ends() -> None:
    boxes = [[1000, 0.0, 0.0, 0.2, 0.2], [2000, 0.4, 0.2, 0.2, 0.4]]
    assert box_at(boxes, 1500) == pytest.approx((0.2, 0.1, 0.2, 0.3))
    assert box_at(boxes, 0) == pytest.approx((0, 0, 0.2, 0.2))
    assert box_at(boxes, 9000) == pytest.approx((0.4, 0.2, 0.2, 0.4))


_span = st.tuples(st.integers(0, 5000), st.integers(1, 5000)).map(lambda v: (v[0], v[0] + v[1]))
_box = st.tuples(*[st.floats(0.01, 1)] * 4)


@given(_span, _span)
def test_temporal_iou_is_symmetric_and_bounded(first: tuple[int, int], second: tuple[int, int]) -> None:
    assert temporal_iou(first, second) == temporal_iou(second, first)
    assert 0 <= temporal_iou(first, second) <= 1
    assert temporal_iou(first, first) == 1


@given(_box, _box)
def test_box_iou_is_symmetric_and_bounded(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    assert box_iou(first, second) == pytest.approx(box_iou(second, first))
    assert 0 <= box_iou(first, second) <= 1 + 1e-9
    assert box_iou(first, first) == pytest.approx(1)
