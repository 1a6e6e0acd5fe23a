"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From 124 photographs and generated scenes of calibration seeds, before the last three features, which weigh nothing yet.
"""

ALONE = (-3.87, 2.46, -0.27, 1.91, 2.09, 3.09, -1.06, 0.0, 0.0)
"""A constant, then one weight per feature."""
DISTINCT = 0.0
"""Weight of surface.distinct against the rival from which the candidate is told apart worst."""
CLOSE = 0.97
"""Weight of log(1 + exp(-margin)): what a close contest takes away."""
AGAINST = (1.08, 0.07, 1.11, 1.48, 1.06, -1.99, 0.0, 0.0)
"""One weight per feature's difference."""
STRUCTURE, COLOUR = 2.0, 2.6
"""Of surface.contest."""
BANDS = {"": (0.93, 0.4)}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
