"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 4.7 minutes of film of seeds 100 to 104, 268 appearances.
"""

CONSTANT = -4.521
WEIGHTS = (1.183, 0.0, -1.248, -1.047, -0.858)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.786, 0.1
"""Approved from; a person is asked from."""
