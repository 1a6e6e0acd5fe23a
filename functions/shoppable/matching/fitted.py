"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1519 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.027, 1.603, -0.706, 3.815, 7.669, -2.042, -0.328, 0.056, 1.107, 2.113, 1.136),
        distinct=3.033,
        close=1.943,
        against=(0.028, -0.055, 1.079, 2.217, -2.495, 1.102, 0.614, 0.232, 0.671, 0.973),
        structure=1.505,
        colour=2.669,
        calibration=(-1.808, 0.997, 1.493, 0.343),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-12.494, 2.294, 1.162, 3.579, 4.939, -2.52, -1.363, 1.691, 1.494, 0.092, -0.5),
        distinct=3.529,
        close=3.365,
        against=(-2.589, -1.695, 1.34, 2.02, -5.722, 0.876, 1.887, -0.202, 0.047, 1.829),
        structure=2.77,
        colour=3.355,
        calibration=(0.189, 0.975, 0.812, 0.028),
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
