import numpy as np
import pytest

from bench.matching.sampling_films import TAKE_SECONDS, _visits
from demo.script import Casting


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_should_never_show_a_product_twice_at_a_time_in_a_long_take(seed):
    casting, rng = Casting(seed), np.random.default_rng(seed)
    visits = []
    for _ in range(6):
        visits += _visits(casting, rng, visits)

    assert len(visits) > 12
    assert max(one.end for one in visits) > TAKE_SECONDS - 5
    for number, one in enumerate(visits):
        for other in visits[:number]:
            if one.who[0] == other.who[0]:
                assert one.start >= other.end + 0.6 or other.start >= one.end + 0.6
