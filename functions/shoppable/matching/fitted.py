"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 761 generated scenes of seeds 100 to 109.
"""

ALONE = (-8.328, 3.079, -0.139, 3.17, 6.186, -1.687, -1.031, 1.937, -2.26)
"""A constant, then one weight per feature."""
DISTINCT = 1.726
"""Weight of surface.distinct against the rival from which the candidate is told apart worst."""
CLOSE = 2.14
"""Weight of log(1 + exp(-margin)): what a close contest takes away."""
AGAINST = (-2.529, -1.776, 1.848, 1.217, -6.877, 1.009, 1.398, -2.657)
"""One weight per feature's difference."""
STRUCTURE, COLOUR = 3.822, 3.401
"""Of surface.contest."""
CALIBRATION = (-1.467, 0.949, 1.249, -0.222)
"""A constant, a slope, then how much steeper it is from each of BENDS on."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {"": (0.888, 0.1), "Beauty": (0.674, 0.1), "Food": (0.888, 0.1), "Food, Beverages & Tobacco": (0.536, 0.1)}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
