from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    imports_table: str = Field(alias="IMPORTS_TABLE")
    videos_table: str = Field(alias="VIDEOS_TABLE")

    @classmethod
    def from_process(cls) -> "Environment":
        """The process's variables. Raises pydantic.ValidationError."""
        return load(cls)
