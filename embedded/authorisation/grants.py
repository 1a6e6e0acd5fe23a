"""Grants of KMS keys.

https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html#grant-constraints
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedded.authorisation.principals import Principal
from embedded.authorisation.wildcards import Context

_CONTEXT = "kms:encryptioncontext:"


@dataclass(frozen=True, slots=True)
class Grant:
    """`operations` are without `kms:`. Constraints hold for operations with an encryption context only."""

    grantee: str
    """ARN of a user, a role or a session, or the name of a service."""
    operations: frozenset[str]
    subset: Mapping[str, str] = field(default_factory=dict[str, str])
    equals: Mapping[str, str] | None = None

    def allows(self, caller: Principal, action: str, context: Context) -> bool:
        """Whether the grant lets the caller do it."""
        service, _, operation = action.partition(":")
        if service.lower() != "kms" or operation not in self.operations:
            return False
        if self.grantee not in {name for name in (caller.arn, caller.role_arn, caller.service) if name}:
            return False
        if not self.subset and self.equals is None:
            return True
        given = {name.removeprefix(_CONTEXT): value[0] for name, value in context.items() if name.startswith(_CONTEXT)}
        wanted = self.subset if self.equals is None else self.equals
        expected = {name.lower(): value for name, value in wanted.items()}
        return expected.items() <= given.items() if self.equals is None else expected == given
