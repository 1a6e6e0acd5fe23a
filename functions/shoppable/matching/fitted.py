"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1528 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.766, 1.941, -0.922, 3.324, 7.709, -2.143, -0.348, -0.355, 1.586, 2.287, 1.656),
        distinct=2.969,
        close=2.163,
        against=(0.074, -0.187, 1.221, 2.282, -2.418, 1.427, 0.662, -0.069, 0.667, 0.565),
        structure=1.586,
        colour=2.658,
        calibration=(-1.513, 1.141, 1.444, 0.183),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-14.124, 2.773, 0.66, 3.197, 4.92, -2.382, -1.39, 0.902, 1.953, 0.303, 1.026),
        distinct=3.188,
        close=3.989,
        against=(-2.506, -1.714, 1.329, 1.903, -5.988, 1.07, 2.003, -0.949, 0.431, 1.988),
        structure=3.193,
        colour=3.151,
        calibration=(0.001, 0.978, 0.922, -0.001),
    ),
}
"""By top-level category; "": of every other."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {
    "": (0.9, 0.1),
    "Beauty": (0.9, 0.1),
    "Books": (0.9, 0.1),
    "Clothing": (0.9, 0.1),
    "Food": (0.9, 0.1),
    "Food, Beverages & Tobacco": (0.8, 0.1),
    "Home": (0.9, 0.1),
    "Shoes": (0.9, 0.1),
}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
