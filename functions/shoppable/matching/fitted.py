"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 120 photographs and 455 generated scenes of seeds 100 to 105.
"""

ALONE = (-4.227, 2.275, 0.649, 0.798, 5.423, -1.122)
"""A constant, then one weight per feature."""
DISTINCT = 0.704
"""Weight of surface.distinct against the rival from which the candidate is told apart worst."""
CLOSE = 3.438
"""Weight of log(1 + exp(-margin)): what a close contest takes away."""
AGAINST = (1.424, -1.565, 2.082, 0.733, -3.79)
"""One weight per feature's difference."""
STRUCTURE, COLOUR = 4.704, 2.654
"""Of surface.contest."""
CALIBRATION = (-1.289, 0.877, 0.937, 0.25)
"""A constant, a slope, then how much steeper it is from each of BENDS on."""
BENDS = (0.0, 2.0)
"""Log odds."""
BANDS = {"": (0.979, 0.1), "Food": (0.885, 0.1), "Food, Beverages & Tobacco": (0.885, 0.1)}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
