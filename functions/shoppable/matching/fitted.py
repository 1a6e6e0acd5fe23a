"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1519 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-13.02, 1.639, -0.69, 3.796, 7.652, -1.97, -0.326, 0.034, 1.086, 2.142, 1.171),
        distinct=2.844,
        close=1.862,
        against=(0.028, -0.055, 1.079, 2.217, -2.495, 1.102, 0.614, 0.232, 0.671, 0.973),
        structure=1.505,
        colour=2.669,
        calibration=(-1.833, 0.991, 1.496, 0.356),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-12.183, 2.296, 1.126, 3.443, 4.787, -2.489, -1.368, 1.854, 1.413, 0.257, -0.423),
        distinct=2.93,
        close=3.103,
        against=(-2.589, -1.695, 1.34, 2.02, -5.722, 0.876, 1.887, -0.202, 0.047, 1.829),
        structure=2.77,
        colour=3.355,
        calibration=(0.174, 0.98, 0.766, 0.045),
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
