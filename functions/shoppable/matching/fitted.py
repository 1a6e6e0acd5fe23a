"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 761 generated scenes of seeds 100 to 109.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-9.695, 1.792, -0.193, 3.272, 6.665, -2.249, 0.041, 0.417, -0.928, 2.596),
        distinct=2.922,
        close=2.019,
        against=(0.07, -0.166, 1.263, 2.014, -2.444, 1.515, 0.389, 0.551, 0.077),
        structure=1.763,
        colour=2.759,
        calibration=(-1.34, 1.775, 0.836, -0.233),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-13.117, 2.993, 0.787, 3.172, 4.857, -2.591, -1.196, 0.463, 0.544, 2.729),
        distinct=3.339,
        close=3.263,
        against=(-2.35, -1.77, 1.979, 1.798, -5.946, 1.339, 0.402, 2.052, -0.349),
        structure=3.555,
        colour=3.06,
        calibration=(0.002, 1.1, 0.863, -0.019),
    ),
}
"""By top-level category; "": of every other."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {
    "": (0.864, 0.1),
    "Beauty": (0.592, 0.1),
    "Food": (0.864, 0.1),
    "Food, Beverages & Tobacco": (0.785, 0.1),
}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
