"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 325 appearances.
"""

CONSTANT = -6.748
WEIGHTS = (1.576, 0.298, -1.525, -1.03, -1.014)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.629, 0.1
"""Approved from; a person is asked from."""
