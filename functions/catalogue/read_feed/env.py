from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    catalogue_bucket: str = Field(alias="CATALOGUE_BUCKET")
    imports_table: str = Field(alias="IMPORTS_TABLE")
    max_drop_share: float = Field(alias="MAX_DROP_SHARE", ge=0.0, le=1.0)
    """A feed that would drop a larger share of the live products is held for a person."""
    code_digest: str = Field(alias="CODE_DIGEST")

    @classmethod
    def from_process(cls) -> "Environment":
        """The process's variables. Raises pydantic.ValidationError."""
        return load(cls)
