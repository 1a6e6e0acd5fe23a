"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 281 appearances.
"""

CONSTANT = -3.252
WEIGHTS = (1.017, 0.224, -1.074, -0.716, -0.716)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.8, 0.1
"""Approved from; a person is asked from."""
