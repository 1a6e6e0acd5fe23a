"""What the evaluator refuses. Nothing that it does not know is ever an Allow."""

from __future__ import annotations


class PolicyError(ValueError):
    """A policy document that AWS would not take, or that the evaluator cannot judge."""


class UnknownOperatorError(PolicyError):
    """A condition operator that the evaluator does not know."""


class UnknownKeyError(PolicyError):
    """A condition key, or a policy variable, that the evaluator does not know."""
