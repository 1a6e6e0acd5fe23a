"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of appearances.

From 7.7 minutes of film of seeds 100 to 104, 280 appearances.
"""

CONSTANT = -8.738
WEIGHTS = (1.731, 0.22, -1.369, -0.915, -0.912)
"""One per field of confidence.Features."""
APPROVE, REVIEW = 0.831, 0.1
"""Approved from; a person is asked from."""
