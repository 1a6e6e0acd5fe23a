"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 275 appearances.
"""

CONSTANT = -3.456
WEIGHTS = (1.447, 0.29, -1.453, -0.967, -0.967)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.8, 0.1
"""Approved from; a person is asked from."""
