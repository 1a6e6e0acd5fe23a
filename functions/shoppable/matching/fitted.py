"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1519 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-14.148, 1.546, 0.061, 2.045, 7.435, -2.084, -0.436, -0.053, 0.795, 1.546, 0.813),
        distinct=2.573,
        other_print=-0.961,
        close=1.184,
        against=(-0.004, -0.099, 0.934, 2.318, -2.572, 1.079, 0.57, 0.246, 0.644, 0.948),
        structure=1.361,
        colour=2.701,
        calibration=(-2.354, 0.79, 1.857, 0.334),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-11.192, 1.658, 1.492, 3.204, 4.76, -3.059, -1.101, 1.193, 1.956, -0.224, -0.114),
        distinct=2.688,
        other_print=0.0,
        close=2.96,
        against=(-2.605, -1.731, 1.106, 1.912, -5.864, 0.895, 1.84, -0.065, 0.068, 1.874),
        structure=2.413,
        colour=3.312,
        calibration=(0.079, 0.891, 0.939, 0.019),
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
