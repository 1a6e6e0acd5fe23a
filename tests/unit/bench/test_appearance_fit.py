from types import SimpleNamespace

import numpy as np
import pytest

from bench.matching import appearance_fit
from bench.matching.appearance_fit import (
    Told,
    Watched,
    fit,
    fit_calibrated,
    labelled,
    measured,
    threshold,
    unseen_scores,
)
from bench.matching.fit import sigmoid
from bench.matching.fitting import LEAST
from functions.shoppable import fitted_appearances
from functions.shoppable.confidence import Features

BOX = (0.1, 0.1, 0.3, 0.5)


def told(right=True, source="shown", seed=100, best=5.0, doubtful=False) -> Told:
    features = Features(**dict.fromkeys(Features._fields, 0.0) | {"best": best})
    return Told(seed=seed, source=source, features=features, right=right, doubtful=doubtful)


def spread(count: int, seeds: tuple[int, ...]) -> list[Told]:
    """Right with log odds of `best` - 4."""
    rng = np.random.default_rng(1)
    best = rng.uniform(0, 8, count)
    right = rng.uniform(size=count) < sigmoid(best - 4)
    return [
        told(bool(r), seed=seeds[k % len(seeds)], best=float(b))
        for k, (r, b) in enumerate(zip(right, best, strict=True))
    ]


def seen(product="TEA-01", start_ms=0, end_ms=4000, box=BOX) -> SimpleNamespace:
    return SimpleNamespace(
        product_id=product, start_ms=start_ms, end_ms=end_ms, boxes=((start_ms, *box), (end_ms, *box))
    )


@pytest.mark.parametrize(
    ("found", "label"),
    [
        (seen(), True),
        (seen(start_ms=1500), True),
        (seen(start_ms=3000), None),
        (seen("TEA-02"), False),
        (seen(box=(0.6, 0.1, 0.3, 0.5)), False),
        (seen(start_ms=5000, end_ms=6000), False),
        (seen("MUG-01", start_ms=5000, end_ms=6000), None),
    ],
    ids=["there", "most of the time", "part of it", "look-alike", "elsewhere", "at another time", "glimpsed"],
)
def test_should_count_as_right_what_is_there_then_and_as_neither_what_is_part_of_it_or_glimpsed(found, label):
    truth = {
        "appearances": [{"product_id": "TEA-01", "start_ms": 0, "end_ms": 4000, "boxes": [[0, *BOX], [4000, *BOX]]}],
        "glimpses": [{"product_id": "MUG-01", "start_ms": 5500, "end_ms": 6500}],
    }

    assert list(labelled(SimpleNamespace(truth=truth), [found], str)) == [label]


def test_should_estimate_probabilities_that_come_true_and_keep_what_was_assumed_where_films_say_nothing():
    weights = fit_calibrated(spread(6000, (100, 101, 102)))

    assert weights[0] == pytest.approx(-4, abs=0.3)
    assert weights[1] == pytest.approx(1, abs=0.1)
    assert weights[2:] == pytest.approx(appearance_fit.PRIOR[1:], rel=0.1)


def test_should_not_count_second_looks_against_what_was_looked_at_because_of_doubt():
    sure = [told(best=6.0, seed=seed) for seed in (100, 101, 102) for _ in range(60)]
    doubtful = [one._replace(sightings=1.1) for one in (told(best=3.0).features, told(best=4.0).features)]
    looked_at = [
        Told(seed=seed, source="shown", features=features, right=k % 3 == 0, doubtful=False)
        for seed in (100, 101, 102)
        for k, features in enumerate(10 * doubtful)
    ]

    weights = fit([*sure, *looked_at])

    assert weights[1] > 0
    assert weights[2] == 0


def test_should_judge_each_seed_by_weights_that_it_has_not_taught():
    liar = [told(right=best < 4, seed=103, best=best) for best in np.linspace(0, 8, 2000).tolist()]
    scores = {one.features.best: score for one, score in unseen_scores([*spread(600, (100, 101, 102)), *liar])}

    assert scores[8.0] > 0.9 > 0.1 > scores[0.0]


def test_should_count_a_stranger_like_a_mistake_and_what_half_a_shop_lacks_by_how_often_that_is():
    right = [(told(), 0.999)] * 150 + [(told(), 0.995)] * 150
    stranger, missing = told(right=False, source="strangers"), told(right=False, source="missing")

    assert threshold(right) == LEAST
    assert threshold([*right, *[(stranger, 0.995)] * 3]) == LEAST
    assert threshold([*right, *[(stranger, 0.995)] * 9]) == 0.999
    assert threshold([*right, *[(missing, 0.995)] * 9]) == LEAST


def test_should_say_what_a_threshold_lets_through():
    judged = [(told(), 0.9), (told(), 0.4), (told(right=False), 0.8)]
    judged += [(told(right=False, source=source), 0.7) for source in ("missing", "strangers", "strangers")]
    film = Watched(told=(), seconds=90.0, expected=3)

    found = measured(judged, [film, film], 0.5)

    assert (found.right, found.expected, found.wrong, found.missing, found.alarms) == (1, 6, 1, 1, 2)
    assert found.minutes == pytest.approx(3)


def test_should_count_what_is_asked_about_by_all_frames_or_by_the_best_one():
    judged = [
        (told(), 0.9),
        (told(), 0.3),
        (told(doubtful=True), 0.0),
        (told(right=False, doubtful=True), 0.0),
        (told(right=False, source="strangers"), 0.0),
        (told(right=False, source="strangers"), 0.2),
    ]

    found = measured(judged, [], 0.5)

    assert found.asked == {"shown": (3, 2), "missing": (0, 0), "strangers": (1, 0)}


def test_should_take_a_half_of_the_shop_away_always_the_same():
    half = appearance_fit.half_of(1)

    assert half == appearance_fit.half_of(1)
    assert len(half) * 2 in (len(appearance_fit.World(1).articles), len(appearance_fit.World(1).articles) + 1)


def test_should_write_what_is_read():
    text = appearance_fit.write(np.array([-1.0, *range(1, len(Features._fields) + 1)]), 0.95, "any films")
    written: dict[str, object] = {}
    exec(text, written)

    assert written["WEIGHTS"] == tuple(float(k) for k in range(1, len(Features._fields) + 1))
    assert (written["CONSTANT"], written["APPROVE"], written["REVIEW"]) == (-1.0, 0.95, 0.1)
    assert len(fitted_appearances.WEIGHTS) == len(Features._fields)
