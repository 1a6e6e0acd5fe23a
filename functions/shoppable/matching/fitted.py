"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 118 photographs and 531 generated scenes of seeds 100 to 107.
"""

ALONE = (-3.94, 1.678, 0.0, 0.774, 5.349, -1.593)
"""A constant, then one weight per feature."""
DISTINCT = 1.608
"""Weight of surface.distinct against the rival from which the candidate is told apart worst."""
CLOSE = 2.605
"""Weight of log(1 + exp(-margin)): what a close contest takes away."""
AGAINST = (2.7, 0.0, 2.316, 1.473, -3.05)
"""One weight per feature's difference."""
STRUCTURE, COLOUR = 1.724, 3.254
"""Of surface.contest."""
CALIBRATION = (-0.273, 0.965, 1.136, 0.127)
"""A constant, a slope, then how much steeper it is from each of BENDS on."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {"": (0.971, 0.1), "Food": (0.84, 0.1), "Food, Beverages & Tobacco": (0.84, 0.1)}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
