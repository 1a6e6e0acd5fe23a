from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    catalogue_bucket: str = Field(alias="CATALOGUE_BUCKET")
    code_digest: str = Field(alias="CODE_DIGEST")

    @classmethod
    def from_process(cls) -> "Environment":
        """The process's variables. Raises pydantic.ValidationError."""
        return load(cls)
