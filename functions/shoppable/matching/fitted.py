"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 1519 generated scenes of seeds 100 to 139.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {
    "": Weights(
        alone=(-14.418, 1.656, 0.166, 2.262, 7.255, -1.959, -0.446, -0.226, 0.849, 1.566, 0.789),
        distinct=2.664,
        other_print=-0.99,
        close=1.51,
        against=(0.023, -0.064, 1.074, 2.199, -2.488, 1.109, 0.605, 0.292, 0.728, 0.963),
        structure=1.471,
        colour=2.664,
        calibration=(-2.084, 0.871, 1.641, 0.471),
    ),
    "Food, Beverages & Tobacco": Weights(
        alone=(-12.201, 2.222, 1.288, 3.452, 4.665, -2.659, -1.254, 1.512, 2.08, 0.027, -0.463),
        distinct=3.339,
        other_print=0.0,
        close=3.983,
        against=(-2.613, -1.752, 1.238, 2.026, -5.776, 0.89, 1.895, -0.044, 0.162, 1.866),
        structure=2.578,
        colour=3.359,
        calibration=(0.071, 0.885, 0.945, 0.028),
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
