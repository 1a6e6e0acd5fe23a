"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 124 photographs and 465 generated scenes of seeds 100 to 105.
"""

ALONE = (-4.964, 1.757, 1.382, 5.22, -1.014)
"""A constant, then one weight per feature."""
DISTINCT = 1.986
"""Weight of surface.distinct against the rival from which the candidate is told apart worst."""
CLOSE = 1.066
"""Weight of log(1 + exp(-margin)): what a close contest takes away."""
AGAINST = (2.676, 2.953, 1.589, -2.764)
"""One weight per feature's difference."""
STRUCTURE, COLOUR = 2.469, 2.575
"""Of surface.contest."""
CALIBRATION = (0.015, 1.081, 0.999, 0.045)
"""A constant, a slope, then how much steeper it is from each of BENDS on."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {"": (0.965, 0.1), "Food": (0.914, 0.1), "Food, Beverages & Tobacco": (0.914, 0.1)}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
