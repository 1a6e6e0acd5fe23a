"""What every contract shares: frozen models that refuse unknown fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""An identifier of ours: lower-case ASCII, at most 64 characters, safe in a key, a URL and an ARN."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Milliseconds = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Contract(BaseModel):
    """A message or a document: immutable, and an unknown field is an error."""

    # A handler imports many contracts and uses a few: only those are built.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Reason(Contract):
    """Why something was refused, held or failed, for a person and for a program.

    `code` is UpperCamelCase and stable; `message` says what is wrong and what to do.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9.]{0,79}$")]
    message: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
