"""What bench/matching/fitting.py writes is what scores and thresholds read."""

import pytest

from functions.shoppable.matching import fitted, thresholds
from functions.shoppable.matching.thresholds import approve_from, review_from


def test_should_have_a_weight_for_every_feature_and_bend():
    assert "" in fitted.WEIGHTS
    for weights in fitted.WEIGHTS.values():
        assert len(weights.alone) == len(weights.against) + 1
        assert len(weights.calibration) == len(fitted.BENDS) + 2


@pytest.mark.parametrize("category", sorted(fitted.BANDS))
def test_should_ask_a_person_below_what_is_approved(category):
    assert 0 < review_from(category) <= approve_from(category) <= 1


def test_should_be_strictest_with_a_category_that_it_does_not_know():
    assert approve_from("no such category") == max(approve for approve, _ in fitted.BANDS.values())
    assert thresholds.Band(*fitted.BANDS[""]) == thresholds.DEFAULT
