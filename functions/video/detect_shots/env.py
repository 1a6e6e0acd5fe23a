"""Environment of DetectShots."""

from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    """Names and tuning that infra gives the function."""

    analysis_bucket: str = Field(alias="ANALYSIS_BUCKET")

    @classmethod
    def from_process(cls) -> "Environment":
        """The running process's environment; cached."""
        return load(cls)
