"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 276 appearances.
"""

CONSTANT = -13.357
WEIGHTS = (2.267, 0.426, -1.795, -1.197, -1.197)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.8, 0.1
"""Approved from; a person is asked from."""
