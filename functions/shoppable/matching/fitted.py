"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1519 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-14.053, 1.468, 0.038, 2.302, 7.353, -2.134, -0.453, 0.071, 0.711, 1.544, 0.837),
        distinct=2.526,
        other_print=-0.897,
        close=1.229,
        against=(0.008, -0.083, 1.123, 2.315, -2.717, 1.033, 0.602, 0.157, 0.578, 0.987),
        structure=1.479,
        colour=2.535,
        calibration=(-2.365, 0.813, 1.897, 0.273),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-11.123, 1.788, 1.218, 2.901, 5.111, -1.731, -0.996, 1.011, 1.532, -0.133, -0.31),
        distinct=2.87,
        other_print=0.0,
        close=2.498,
        against=(-2.265, -1.621, 1.075, 2.276, -6.464, 0.718, 2.015, -0.301, -0.072, 2.282),
        structure=2.681,
        colour=2.848,
        calibration=(-0.203, 0.534, 1.357, 0.048),
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
