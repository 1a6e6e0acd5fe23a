import numpy as np

from bench.matching.samples import Sample
from functions.shoppable.matching.instance import Place, compared
from functions.shoppable.matching.scores import Candidate
from functions.shoppable.matching.surface import Likeness
from functions.shoppable.matching.verify import Evidence

ALIKE = Likeness(
    structure=0.9, core=0.9, core_structure=0.9, core_worst=0.9, agreeing=0.3, colour=0.9, off_colour=1.0,
    other_print=0.01,
)  # fmt: skip


def any_candidate(firm: int) -> Candidate:
    """As many pairs of equal descriptors."""
    evidence = Evidence(
        image=0,
        homography=np.eye(3),
        outline=np.zeros((4, 2), np.float32),
        matched=np.arange(firm),
        errors=np.zeros(firm, np.float32),
        expected=firm,
        core=np.zeros((0, 2), np.float32),
    )
    return Candidate(evidence=evidence, likeness=ALIKE)


def any_sample(**firm: int) -> Sample:
    """By product, the firmest first; the first is right."""
    count = range(len(firm))
    place = Place(
        category="Food",
        candidates=tuple(map(any_candidate, firm.values())),
        contests={(low, high): (0.0, 0.0) for high in count for low in range(high)},
        distinct={(one, other): 0.5 for one in count for other in count if one != other},
    )
    right = tuple(number == 0 for number in count)
    return Sample(
        source="ordinary", fold="1", picture="1", place=place, products=tuple(firm), categories=("Food",) * len(firm),
        right=right,
    )  # fmt: skip


def test_should_compare_what_is_not_hopeless_beside_the_best_and_no_more_than_five():
    assert compared([100.0, 48.0, 46.0, 26.0]) == [0, 1]
    assert compared([4.0, 1.1, 0.9]) == [0, 1]
    assert compared([50.0] * 7) == [0, 1, 2, 3, 4]
    assert compared([1.4, 1.2]) == []


def test_should_compare_among_what_is_left_when_a_product_is_not_sold():
    sample = any_sample(tea=100, mint=40, lime=18, mug=9)

    assert [(one.products, one.right, one.is_missing) for one in sample.both("tea")] == [
        (("tea",), (True,), False),
        (("mint", "lime"), (False, False), True),
    ]
    assert [one.products for one in sample.both("")] == [("tea",)]
    assert [one.products for one in any_sample(tea=100).both("tea")] == [("tea",)]
