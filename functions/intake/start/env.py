from typing import Literal

from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    state_machine_arn: str = Field(alias="STATE_MACHINE_ARN")
    pipeline: Literal["catalogue", "video"] = Field(alias="PIPELINE")
    analysis_revision: str = Field(alias="ANALYSIS_REVISION")
    """Part of the execution's name: a new one lets an old upload be analysed again."""

    @classmethod
    def from_process(cls) -> "Environment":
        """The process's variables. Raises pydantic.ValidationError."""
        return load(cls)
