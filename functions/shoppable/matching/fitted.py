"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1514 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.886, 2.705, -0.849, 3.211, 7.433, -2.288, -0.441, -0.519, 1.151, 2.374, 1.561),
        distinct=2.801,
        close=2.65,
        against=(0.141, -0.219, 1.237, 2.237, -2.327, 1.388, 0.742, -0.095, 0.511, 0.761),
        structure=1.82,
        colour=2.62,
        calibration=(-0.832, 1.449, 0.601, -0.063),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-14.35, 3.041, 0.577, 3.19, 4.78, -2.508, -1.474, 1.016, 1.914, 0.348, 1.035),
        distinct=3.251,
        close=4.029,
        against=(-2.507, -1.713, 1.324, 1.886, -5.98, 1.067, 2.011, -0.944, 0.416, 2.005),
        structure=3.228,
        colour=3.147,
        calibration=(-0.014, 0.994, 0.875, -0.003),
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
    "Food, Beverages & Tobacco": (0.729, 0.1),
    "Home": (0.9, 0.1),
    "Shoes": (0.9, 0.1),
}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
