from dataclasses import replace

import numpy as np
import pytest

from bench.matching.calibration import Said, bins, diagram, expected_error, share_of_worlds
from bench.matching.fit import logistic, sigmoid
from bench.matching.fitting import approve_from, seeds_of
from bench.matching.grid import OURS, Answer, Row, best_threshold, confusion, tally

BOX = (0.1, 0.1, 0.3, 0.5)


def answer(product: str, score: float, box: tuple[float, float, float, float] = BOX) -> Answer:
    return Answer(product=product, category="", score=score, box=box)


def row(*answers: Answer, product: str = "TEA-01", known: bool = True, cell: str = "ordinary", seed: int = 1) -> Row:
    return Row(
        seed=seed, cell=cell, number=0, product=product, category="", known=known, textured=True, box=BOX,
        answers={OURS: answers}, seconds={OURS: 0.1},
    )  # fmt: skip


def from_half(_: str) -> float:
    return 0.5


@pytest.mark.parametrize(
    ("right", "count", "low", "high"), [(997, 1000, 0.99126, 0.99938), (50, 50, 0.92887, 1.0), (0, 10, 0.0, 0.30850)]
)
def test_should_give_the_interval_of_clopper_and_pearson(right, count, low, high):
    assert Said(count=count, right=right).interval == pytest.approx((low, high), abs=2e-5)


def test_should_find_no_error_in_scores_that_come_true_and_all_of_it_in_others():
    scores = np.full(100, 0.8)
    right = np.arange(100) < 80

    assert expected_error(bins(scores, right, equal_mass=False)) == pytest.approx(0)
    assert expected_error(bins(scores, ~right, equal_mass=False)) == pytest.approx(0.6)


def test_should_put_every_answer_into_one_bin():
    scores = np.random.default_rng(1).uniform(0, 1, 1001)

    for equal_mass in (False, True):
        found = bins(scores, scores > 0.5, equal_mass=equal_mass)
        assert sum(one.count for one in found) == 1001
        assert diagram(found, "any").count("<circle") == len(found)


def test_should_count_an_answer_right_only_where_the_product_is_and_only_once():
    rows = [
        row(answer("TEA-01", 0.9), answer("TEA-01", 0.8)),
        row(answer("TEA-01", 0.9, (0.6, 0.1, 0.3, 0.5))),
        row(answer("TEA-01", 0.4)),
        row(answer("TEA-01", 0.9), known=False),
    ]

    found = tally(rows, OURS, from_half)

    assert (found.shown, found.said, found.right) == (3, 4, 1)
    assert found.f1 == pytest.approx(2 / 7)


def test_should_be_less_certain_where_mistakes_are_those_of_one_world():
    right, wrong = row(answer("TEA-01", 0.9)), row(answer("TEA-02", 0.9))
    together = [replace(wrong if seed == 1 else right, seed=seed) for seed in range(10) for _ in range(10)]
    apart = [replace(wrong if number == 1 else right, seed=seed) for seed in range(10) for number in range(10)]

    low, high = share_of_worlds(together, from_half)

    assert low < 0.8 < 0.95 < high
    assert share_of_worlds(apart, from_half) == pytest.approx((0.9, 0.9))


def test_should_count_as_confused_only_what_names_another_flavour_of_what_is_shown():
    rows = [row(answer("TEA-02", 0.9), answer("BOX-01", 0.9)), row(answer("TEA-01", 0.9)), row(answer("TEA-02", 0.1))]

    assert confusion(rows, OURS, from_half) == (1, 2)


def test_should_choose_the_score_with_the_best_f1():
    rows = [row(answer("TEA-01", 0.9)), row(answer("TEA-01", 0.6)), row(answer("TEA-02", 0.3))]

    assert best_threshold(rows, OURS) == pytest.approx(0.6)


def test_should_choose_between_the_best_scores_of_worlds_that_do_not_agree():
    strict = [row(answer("TEA-01", 0.9)), row(answer("TEA-02", 0.3))]
    lax = [row(answer("TEA-01", 0.9), seed=2), row(answer("TEA-01", 0.3), seed=2)]

    assert best_threshold(strict, OURS) == pytest.approx(0.9)
    assert best_threshold(lax, OURS) == pytest.approx(0.3)
    assert best_threshold([*strict, *lax], OURS) == pytest.approx(0.45, abs=0.03)


def test_should_approve_from_where_mistakes_are_no_more_than_chance_brings_about():
    answers = [(0.5 + k / 1000, True, 1.0) for k in range(250)]
    few, many = ([(0.62 - k / 1000, False, 1.0) for k in range(count)] for count in (2, 9))

    assert approve_from(answers, least=0.3) == 0.3
    assert approve_from([*answers, *few], least=0.3) == 0.3
    assert 0.61 < approve_from([*answers, *many], least=0.3) < 0.63
    assert approve_from([*answers, *((score, False, 0.1) for score, _, _ in many)], least=0.3) == 0.3
    assert approve_from([*answers, *many], least=0.7) == 0.7
    assert approve_from([(0.99, False, 1.0)]) > 1


def test_should_find_the_weights_that_made_the_labels():
    rng = np.random.default_rng(1)
    rows = np.column_stack([np.ones(20_000), rng.normal(size=(20_000, 2))])
    weights = np.array([-0.5, 2.0, -1.0])
    labels = (rng.uniform(size=20_000) < sigmoid(rows @ weights)).astype(np.float64)

    found = logistic(rows, labels, np.ones(20_000), constant=True)

    assert found == pytest.approx(weights, abs=0.1)


def test_should_read_ranges_of_seeds():
    assert seeds_of("1,3,100-102") == (1, 3, 100, 101, 102)
