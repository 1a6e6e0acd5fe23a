"""The form of what scores are weighed by; fitted.py has the numbers."""

from typing import NamedTuple


class Weights(NamedTuple):
    """See scores.py."""

    alone: tuple[float, ...]
    """A constant, then one weight per feature: is it that at all."""
    distinct: float
    """Of surface.distinct against the rival from which the candidate is told apart worst."""
    other_print: float
    """Of Candidate.other_print."""
    close: float
    """Of log(1 + exp(-margin)): what a close contest takes away."""
    against: tuple[float, ...]
    """One per feature's difference: which of two is it."""
    structure: float
    colour: float
    """Of surface.contest."""
    calibration: tuple[float, ...]
    """A constant, a slope, then how much steeper it is from each of fitted.BENDS on."""
