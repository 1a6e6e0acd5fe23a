"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 2.3 minutes of film of seeds 100 to 104, 186 appearances.
"""

CONSTANT = -4.344
WEIGHTS = (1.108, 0.0, -1.235, -0.993, -0.823)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.88, 0.1
"""Approved from; a person is asked from."""
