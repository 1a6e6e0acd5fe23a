"""Environment of BuildTimeline."""

from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    """Names and tuning that infra gives the function."""

    analysis_bucket: str = Field(alias="ANALYSIS_BUCKET")
    auto_approve_score: float | None = Field(default=None, alias="AUTO_APPROVE_SCORE", ge=0, le=1)
    """An appearance is approved from this score on; if absent, from what was estimated."""
    review_score: float | None = Field(default=None, alias="REVIEW_SCORE", ge=0, le=1)
    """An appearance is kept as uncertain from this score on, and below it dropped; likewise."""
    code_digest: str = Field(alias="CODE_DIGEST")

    @classmethod
    def from_process(cls) -> "Environment":
        """The running process's environment; cached."""
        return load(cls)
