import math

import pytest

from functions.contracts import ids
from functions.contracts.analysis import Shot
from functions.shoppable import confidence, fitted_appearances
from functions.shoppable.appearances import judge, link
from functions.shoppable.matching import thresholds
from functions.shoppable.matching.thresholds import Band
from functions.shoppable.paths import interpolate
from functions.shoppable.sightings import FrameMatches, Sighting

SHOTS = (
    Shot(index=0, start_ms=0, end_ms=4000, start_frame=0, end_frame=100),
    Shot(index=1, start_ms=4000, end_ms=8000, start_frame=100, end_frame=200),
)
A, B = ids.product_id("shop", "a"), ids.product_id("shop", "b")
LEFT, RIGHT = (0.1, 0.2, 0.2, 0.4), (0.6, 0.2, 0.2, 0.4)


@pytest.fixture(autouse=True)
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that estimates do not move."""
    given = confidence.Features(best=1.0, sightings=0.3, missed=-1.5, unsteady=-1.0, contest=-1.0)
    monkeypatch.setattr(confidence, "CONSTANT", 0.0)
    monkeypatch.setattr(confidence, "WEIGHTS", given)
    monkeypatch.setattr(thresholds, "BANDS", {})
    monkeypatch.setattr(thresholds, "DEFAULT", Band(approve=0.6, review=0.1))


def any_sighting(product_id=A, box=LEFT, score=0.9, span=None, **given) -> Sighting:
    """`span`: when it was followed; without one it could not be (the frame's own time is filled in by `frames`)."""
    path = ((0, *box),) if span is None else ((span[0], *box), (span[1], *box))
    fields = {"category": "", "chance": score, "image_sha256": "0" * 64, "inliers": 50, "path": path}
    return Sighting(product_id=product_id, score=score, **fields | given)


def frames(*seen: tuple[int, list[Sighting]]) -> list[FrameMatches]:
    def at(ms: int, one: Sighting) -> Sighting:
        return one if len(one.path) > 1 else one.model_copy(update={"path": ((ms, *one.path[0][1:]),)})

    return [
        FrameMatches(ms=ms, until_ms=ms, frame=ms // 40, sightings=tuple(at(ms, one) for one in found))
        for ms, found in seen
    ]


def test_should_begin_and_end_with_the_path():
    seen = frames((0, []), (2000, [any_sighting(span=(1080, 2960))]), (3900, []))

    assert [(one.product_id, one.start_ms, one.end_ms) for one in link(seen, SHOTS)] == [(A, 1080, 2960)]


def test_should_begin_with_the_shot_when_the_path_does_but_for_a_step():
    (one,) = link(frames((2000, [any_sighting(span=(120, 3920))])), SHOTS)

    assert (one.start_ms, one.end_ms) == (0, 4000)
    assert (one.boxes[0][0], one.boxes[-1][0]) == (0, 4000)


def test_should_begin_and_end_half_way_to_frames_without_the_product_when_it_could_not_be_followed():
    linked = link(frames((0, []), (1000, [any_sighting()]), (2000, [any_sighting()]), (3000, [])), SHOTS)

    assert [(one.product_id, one.start_ms, one.end_ms) for one in linked] == [(A, 500, 2500)]


def test_should_make_one_appearance_of_sightings_whose_paths_agree():
    whole = (0, 3960)
    (one,) = link(frames((500, [any_sighting(span=whole)]), (3000, [any_sighting(span=whole)])), SHOTS)

    assert (one.start_ms, one.end_ms, one.evidence.frames) == (0, 4000, 2)


def test_should_make_two_appearances_of_one_product_that_is_there_twice():
    both = [any_sighting(box=LEFT, span=(0, 3960)), any_sighting(box=RIGHT, span=(0, 3960))]

    linked = link(frames((500, both), (3000, both[::-1])), SHOTS)

    assert [(one.product_id, one.evidence.frames) for one in linked] == [(A, 2), (A, 2)]
    assert {one.boxes[0][1:] for one in linked} == {LEFT, RIGHT}
    assert len({one.appearance_id for one in judge(linked, review_score=0)}) == 2


def test_should_not_take_a_second_match_in_the_same_place_for_a_second_thing():
    twice = [any_sighting(span=(0, 3960)), any_sighting(box=(0.12, 0.2, 0.2, 0.4), score=0.5, span=(0, 3960))]

    (one,) = link(frames((500, twice)), SHOTS)

    assert one.evidence.frames == 1


def test_should_join_across_the_border_of_two_segments():
    before = any_sighting(span=(80, 1960))
    after = any_sighting(span=(2040, 3960))

    (one,) = link(frames((900, [before]), (3000, [after])), SHOTS)

    assert (one.start_ms, one.end_ms) == (0, 4000)


def test_should_not_link_across_a_cut():
    linked = link(frames((3000, [any_sighting(span=(40, 3960))]), (5000, [any_sighting(span=(4040, 7960))])), SHOTS)

    assert [(one.start_ms, one.end_ms) for one in linked] == [(0, 4000), (4000, 8000)]


@pytest.mark.parametrize(("gap", "found"), [(600, 1), (1200, 2)])
def test_should_bridge_a_short_occlusion_and_split_at_a_long_one(gap, found):
    before, after = any_sighting(span=(0, 1000)), any_sighting(span=(1000 + gap, 3960))

    assert len(link(frames((500, [before]), (3000, [after])), SHOTS)) == found


def test_should_follow_the_blended_paths_with_few_boxes():
    path = tuple((ms, 0.1 + ms / 10_000, 0.2, 0.2, 0.4) for ms in range(0, 4000, 80))
    seen = frames((500, [any_sighting(path=path)]), (3000, [any_sighting(path=path)]))

    (one,) = link(seen, SHOTS)

    assert len(one.boxes) <= 4
    assert interpolate(one.boxes, 2000)[0] == pytest.approx(0.3, abs=0.002)


def test_should_drop_a_look_alike_that_flickers_in_the_same_place():
    whole = (0, 3960)
    seen = frames(
        (100, [any_sighting(A, span=whole)]),
        (500, [any_sighting(B, score=0.7, span=whole)]),
        (900, [any_sighting(A, span=whole)]),
    )

    assert [one.product_id for one in link(seen, SHOTS)] == [A]


def test_should_trust_a_winner_less_that_another_product_contests():
    whole = (0, 3960)
    alone = link(frames((500, [any_sighting(A, span=whole)])), SHOTS)[0]
    contested = link(frames((500, [any_sighting(A, span=whole), any_sighting(B, score=0.8, span=whole)])), SHOTS)

    assert [one.product_id for one in contested] == [A]
    assert contested[0].score < alone.score


def test_should_keep_two_products_side_by_side():
    seen = frames(*((ms, [any_sighting(A, LEFT), any_sighting(B, RIGHT)]) for ms in (100, 500, 900)))

    assert {one.product_id for one in link(seen, SHOTS)} == {A, B}


def test_should_hold_it_against_an_appearance_that_an_examined_frame_does_not_show_it():
    seen = any_sighting(span=(0, 3960))
    certain = link(frames((500, [seen])), SHOTS)[0]
    doubtful = link(frames((500, [seen]), (3000, [])), SHOTS)[0]

    assert (certain.features.missed, doubtful.features.missed) == (0, 0.5)
    assert doubtful.score < certain.score


def test_should_not_expect_a_product_that_leaves_the_frame_or_is_behind_another():
    leaving = any_sighting(path=((0, *LEFT), (2000, 0.0, 0.2, 0.2, 0.4), (3960, 0.0, 0.2, 0.1, 0.4)))
    hidden, before = any_sighting(A, span=(0, 3960)), any_sighting(B, (0.2, 0.1, 0.4, 0.6), span=(2000, 3960))

    (left,) = link(frames((500, [leaving]), (3000, [])), SHOTS)
    behind = {one.product_id: one for one in link(frames((500, [hidden]), (3000, [before])), SHOTS)}

    assert left.features.missed == 0
    assert behind[A].features.missed == 0


def test_should_hold_the_box_while_the_picture_stands_still():
    still = [FrameMatches(ms=100, until_ms=3000, frame=2, sightings=(any_sighting(path=((100, *LEFT),), score=0.95),))]

    (one,) = link(still, SHOTS[:1])

    assert (one.start_ms, one.end_ms) == (0, 4000)
    assert {box[1:] for box in one.boxes} == {LEFT}


def test_should_believe_several_frames_more_than_one():
    once = link(frames((100, [any_sighting(score=0.9)])), SHOTS)[0].score
    often = link(frames(*((ms, [any_sighting(score=0.9)]) for ms in (100, 500, 900))), SHOTS)[0].score

    assert often > once


def test_should_name_the_best_sighting_that_has_crops_as_evidence():
    seen = frames(
        (500, [any_sighting(score=0.8, span=(0, 3960), inliers=40, crops_key="v-1/a.jpg")]),
        (3000, [any_sighting(score=0.9, span=(0, 3960), inliers=60)]),
    )

    evidence = link(seen, SHOTS)[0].evidence

    assert (evidence.crops_key, evidence.ms, evidence.score, evidence.inliers) == ("v-1/a.jpg", 500, 0.8, 40)
    assert evidence.frames == 2


def test_should_give_the_same_answer_whatever_the_order_of_frames():
    whole = (0, 3960)
    seen = frames(
        (100, [any_sighting(A, span=whole), any_sighting(B, RIGHT, span=whole)]),
        (500, [any_sighting(B, score=0.7, span=whole)]),
        (900, [any_sighting(A, span=whole)]),
    )

    assert link(seen, SHOTS) == link(seen[::-1], SHOTS)


def test_should_judge_by_thresholds_and_number_equal_appearances():
    pair = [any_sighting(A, LEFT, 0.99), any_sighting(B, RIGHT, 0.6)]
    linked = link(frames((100, pair), (500, pair)), SHOTS[:1])

    judged = judge(linked, auto_approve_score=0.9, review_score=0.5)

    assert [(one.product_id, one.verdict) for one in judged] == sorted([(A, "approved"), (B, "uncertain")])
    assert judge(linked, auto_approve_score=1.0, review_score=0.999) == ()
    assert len({one.appearance_id for one in judge([*linked, *linked], auto_approve_score=0.9, review_score=0)}) == 4


def test_should_judge_by_what_was_estimated_unless_the_stack_sets_a_threshold(monkeypatch):
    linked = link(frames((100, [any_sighting()])), SHOTS[:1])
    score = linked[0].score
    monkeypatch.setattr(confidence, "APPROVE", score)
    monkeypatch.setattr(confidence, "REVIEW", score)

    assert [one.verdict for one in judge(linked)] == ["approved"]
    assert [one.verdict for one in judge(linked, auto_approve_score=score + 1e-4)] == ["uncertain"]
    monkeypatch.setattr(confidence, "APPROVE", 1.0)
    assert [one.verdict for one in judge(linked)] == ["uncertain"]
    assert [one.verdict for one in judge(linked, auto_approve_score=score)] == ["approved"]
    monkeypatch.setattr(confidence, "REVIEW", score + 1e-4)
    monkeypatch.setattr(thresholds, "DEFAULT", Band(approve=0.95, review=0.95))
    assert judge(linked) == ()
    assert [one.verdict for one in judge(linked, review_score=score)] == ["uncertain"]


def test_should_be_sure_only_of_what_has_a_frame_that_would_do_by_itself_in_its_category(monkeypatch):
    monkeypatch.setattr(thresholds, "BANDS", {"Toys & Games": Band(approve=0.7, review=0.2)})
    monkeypatch.setattr(thresholds, "DEFAULT", Band(approve=0.95, review=0.85))
    monkeypatch.setattr(confidence, "APPROVE", 0.5)
    pair = [any_sighting(A, LEFT, 0.8, category="Toys & Games"), any_sighting(B, RIGHT, 0.8)]
    linked = link(frames((100, pair)), SHOTS[:1])

    assert {one.product_id: one.verdict for one in judge(linked)} == {A: "approved", B: "uncertain"}
    assert {one.verdict for one in judge(linked, auto_approve_score=0.7)} == {"approved"}


def test_should_ask_about_a_place_that_shows_one_of_several_products_though_none_is_likely(monkeypatch):
    monkeypatch.setattr(confidence, "REVIEW", 0.5)
    either = any_sighting(A, LEFT, 0.06, chance=0.11, rivals=(B,))
    hardly = any_sighting(A, RIGHT, 0.06, chance=0.09, rivals=(B,))

    asked = judge(link(frames((100, [either, hardly])), SHOTS[:1]))

    assert [(one.verdict, one.rivals, one.boxes[0][1:]) for one in asked] == [("uncertain", (B,), LEFT)]
    assert judge(link(frames((100, [either])), SHOTS[:1]), review_score=0.5) == ()


def test_should_weigh_features():
    features = confidence.Features(best=2.0, sightings=0.7, missed=0.5, unsteady=0.1, contest=0.2)
    odds = 2.0 + 0.3 * 0.7 - 1.5 * 0.5 - 0.1 - 0.2

    assert confidence.probability(features) == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-4)


def test_should_be_surer_of_what_scores_more_and_ask_a_person_below_what_is_approved():
    estimated = confidence.Features(*fitted_appearances.WEIGHTS)

    assert estimated.best > 0 >= max(estimated.missed, estimated.unsteady, estimated.contest)
    assert 0 < confidence.REVIEW <= confidence.APPROVE <= 1
