from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shoppable.matching import scores
from functions.shoppable.matching.fitted import WEIGHTS
from functions.shoppable.matching.scores import CERTAIN, Candidate, weights_of
from functions.shoppable.matching.surface import Likeness
from functions.shoppable.matching.verify import Evidence

LIKE = Likeness(
    structure=0.8, core=0.7, core_structure=0.85, core_worst=0.6, agreeing=0.4, colour=0.85, off_colour=4.0,
    other_print=0.02,
)  # fmt: skip
CHANCE = Likeness(
    structure=0.15, core=0.2, core_structure=0.3, core_worst=-0.2, agreeing=0.02, colour=0.1, off_colour=18.0,
    other_print=0.6,
)  # fmt: skip
WEIGHED = WEIGHTS[""]
margin, probability = partial(scores.margin, WEIGHED), partial(scores.probability, WEIGHED)


def candidate(inliers: int = 60, error: float = 0.15, likeness: Likeness = LIKE) -> Candidate:
    evidence = Evidence(
        image=0, homography=np.eye(3), outline=np.zeros((4, 2), np.float32), matched=np.arange(inliers),
        errors=np.full(inliers, error, np.float32), expected=300,
        core=np.zeros((0, 2), np.float32),
    )  # fmt: skip
    return Candidate(evidence=evidence, likeness=likeness)


candidates = st.builds(
    lambda inliers, error, *values: candidate(
        inliers,
        error,
        Likeness(
            structure=values[0],
            colour=values[1],
            off_colour=values[2],
            core=values[3],
            core_structure=values[0],
            core_worst=values[1],
            agreeing=values[3],
            other_print=values[4],
        ),
    ),
    st.integers(8, 600),
    st.floats(0, 0.55),
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.floats(0, 40),
    st.floats(0, 1),
    st.floats(0.001, 0.96),
)
contests = st.tuples(st.floats(-1, 1), st.floats(-1, 1))


def test_should_weigh_every_feature():
    for weights in WEIGHTS.values():
        assert len(candidate().features()) == len(weights.against) == len(weights.alone) - 1


def test_should_weigh_what_has_no_weights_of_its_own_as_all_others():
    own = next(category for category in WEIGHTS if category)

    assert weights_of("no such category") is WEIGHED
    assert weights_of(own) is WEIGHTS[own]


@given(one=candidates, closest=st.floats(-18, 18))
def test_should_always_be_a_probability(one, closest):
    assert 0 < probability(one, closest) < 1


@given(one=candidates, other=candidates, contest=contests)
def test_should_change_the_sign_of_a_margin_when_the_two_change_places(one, other, contest):
    forth = margin(one, other, contest)

    assert forth == pytest.approx(-margin(other, one, (-contest[0], -contest[1])), abs=1e-9)


@given(one=candidates, low=st.floats(-18, 18), more=st.floats(0, 18))
def test_should_be_surer_the_further_rivals_are_behind(one, low, more):
    assert probability(one, low) <= probability(one, low + more)


@given(one=candidates)
def test_should_take_what_is_beyond_certain_for_certain(one):
    assert probability(one, CERTAIN) == probability(one, 3 * CERTAIN)


@pytest.mark.parametrize(
    "better",
    [{"structure": 0.9}, {"colour": 0.95}, {"off_colour": 1.0}],
    ids=lambda better: next(iter(better)),
)
def test_should_be_surer_the_more_alike_the_pictures_are(better):
    more = candidate(likeness=replace(LIKE, **better))

    assert probability(more, CERTAIN) > probability(candidate(), CERTAIN)


def test_should_be_surer_the_more_of_it_is_found():
    less, more = (candidate(inliers=60 * k, likeness=replace(LIKE, agreeing=0.2 * k)) for k in (1, 2))

    assert probability(more, CERTAIN) > probability(less, CERTAIN)


def test_should_be_surer_the_more_alike_the_points_are():
    assert probability(candidate(error=0.05), CERTAIN) > probability(candidate(error=0.2), CERTAIN)


def test_should_take_many_points_that_hardly_look_alike_for_chance():
    assert probability(candidate(inliers=60, error=0.45, likeness=CHANCE), CERTAIN) < 0.05


def test_should_not_believe_points_alone_where_the_pictures_differ():
    assert probability(candidate(inliers=60, likeness=CHANCE), CERTAIN) < 0.2
    assert probability(candidate(inliers=60), CERTAIN) > 0.9


def test_should_give_two_equal_candidates_no_margin_and_neither_certainty():
    tie = margin(candidate(), candidate(), (0.0, 0.0))

    assert tie == 0
    assert probability(candidate(), tie) < probability(candidate(), CERTAIN)


def test_should_side_with_the_one_that_the_contest_favours():
    assert margin(candidate(), candidate(), (0.5, 0.0)) > 0
    assert margin(candidate(), candidate(), (0.0, -0.5)) < 0
