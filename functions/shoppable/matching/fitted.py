"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1522 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.454, 2.104, -0.964, 3.401, 7.753, -1.961, -0.216, -0.589, 1.619, 2.084, 1.547),
        distinct=2.985,
        close=2.131,
        against=(0.113, -0.209, 1.206, 2.275, -2.371, 1.474, 0.656, -0.1, 0.62, 0.564),
        structure=1.596,
        colour=2.649,
        calibration=(-1.508, 1.185, 1.5, 0.229),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-13.834, 2.754, 0.693, 3.253, 4.941, -2.32, -1.321, 0.777, 1.958, 0.187, 0.882),
        distinct=3.255,
        close=3.975,
        against=(-2.506, -1.717, 1.33, 1.902, -5.988, 1.071, 2.001, -0.949, 0.43, 1.986),
        structure=3.192,
        colour=3.152,
        calibration=(0.006, 0.979, 0.939, -0.013),
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
