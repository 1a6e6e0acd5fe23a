from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.shoppable.matching.features import describe_frame
from functions.shoppable.matching.grid import PointGrid

WIDE, HIGH = 640, 360
EMPTY = describe_frame(np.zeros((HIGH, WIDE, 3), np.uint8))


def grid_of(points) -> PointGrid:
    table = np.array(points, np.float32).reshape(-1, 4)
    return PointGrid(replace(EMPTY, width=WIDE, height=HIGH, points=table), np.zeros((len(table), 8), np.float32))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), reach=st.floats(2.5, 60.0), count=st.integers(0, 300))
def test_should_find_the_same_as_looking_at_every_point(seed, reach, count):
    rng = np.random.default_rng(seed)
    points = rng.uniform((0, 0, 2, 0), (WIDE, HIGH, 40, 360), (count, 4)).astype(np.float32)
    places = rng.uniform((-20, -20), (WIDE + 20, HIGH + 20), (50, 2)).astype(np.float32)
    sizes = rng.uniform(2, 40, 50).astype(np.float32)
    turns = rng.uniform(-4, 8, 50).astype(np.float32)

    near, at = grid_of(points).near(places, sizes, turns, reach=reach, octaves=0.8, turn=0.6)

    apart = np.linalg.norm(points[:, None, :2] - places[None], axis=2)
    turned = np.abs((np.deg2rad(points[:, None, 3]) - turns + np.pi) % (2 * np.pi) - np.pi)
    octaves = np.abs(np.log2(points[:, None, 2] / sizes))
    within = (apart < reach) & (octaves < 0.8) & (turned < 0.6)
    # Numbers on the very edge may fall on either side.
    unsure = (np.abs(apart - reach) < 1e-3) | (np.abs(octaves - 0.8) < 1e-4) | (np.abs(turned - 0.6) < 1e-3)
    found = np.zeros((count, 50), bool)
    found[near, at] = True
    assert len(near) == found.sum()
    assert (found == within)[~unsure].all()


@pytest.mark.parametrize("turn", [0.0, 1.0, np.pi / 2])
def test_should_not_take_the_opposite_direction_for_the_same(turn):
    grid = grid_of([(100, 100, 10, 180)])
    place = np.array([[100, 100]], np.float32)

    near, _ = grid.near(place, np.array([10], np.float32), np.array([0.0], np.float32), reach=9, octaves=1, turn=turn)

    assert len(near) == 0
