"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 284 appearances.
"""

CONSTANT = -2.347
WEIGHTS = (0.867, 0.0, -1.004, -0.682, -0.668)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.607, 0.1
"""Approved from; a person is asked from."""
