"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1528 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.658, 1.473, -0.577, 3.789, 7.69, -2.057, -0.317, -0.141, 1.43, 2.232, 1.457),
        distinct=2.941,
        close=2.277,
        against=(0.073, -0.183, 1.174, 2.271, -2.427, 1.428, 0.665, -0.077, 0.673, 0.568),
        structure=1.591,
        colour=2.675,
        calibration=(-1.76, 1.102, 1.585, 0.221),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-14.15, 2.69, 0.736, 2.93, 4.927, -2.372, -1.363, 1.053, 1.982, 0.305, 1.107),
        distinct=3.199,
        close=3.927,
        against=(-2.514, -1.765, 1.485, 1.891, -6.018, 1.058, 1.974, -0.965, 0.426, 1.929),
        structure=3.131,
        colour=3.17,
        calibration=(-0.022, 0.943, 0.95, 0.008),
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
