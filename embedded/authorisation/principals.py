"""Who asks, and whom a policy means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

from embedded.authorisation.errors import PolicyError

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(r"arn:[a-z-]+:(iam|sts)::\d{12}:(root|user/.+|role/.+|assumed-role/[^/]+/.+|federated-user/.+)")
_KINDS = ("AWS", "Service", "Federated")


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. `arn` is a user's, a role session's or an account's root; a service has its name and nothing else."""

    arn: str = ""
    account: str = ""
    role_arn: str = ""
    service: str = ""

    @property
    def is_root(self) -> bool:
        """The account's root user, who needs no policy."""
        return self.arn.endswith(":root")

    @property
    def name(self) -> str:
        """As a message of denial calls it."""
        return self.arn or self.service or "anonymous"


ANONYMOUS = Principal()


def user(arn: str) -> Principal:
    """An IAM user, or an account's root user."""
    return Principal(arn, arn.split(":")[4])


def session(role_arn: str, session_name: str) -> Principal:
    """A session of a role."""
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    name = role_arn.rpartition("/")[2]
    return Principal(f"arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}", account, role_arn)


def service(name: str) -> Principal:
    """An AWS service that acts for itself, as in `events.amazonaws.com`."""
    return Principal(service=name)


class Named(IntEnum):
    """How precisely a policy names a caller; the more precise, the more its Allow is worth."""

    NOT = 0
    ACCOUNT = 1
    """Only its account: that account's own policies decide."""
    ENTITY = 2
    """The user, the role, or everyone."""
    SESSION = 3
    """This very session of a role, or this service."""


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or NotPrincipal element."""

    everyone: bool = False
    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()

    def named(self, caller: Principal) -> Named:
        """How precisely the element names the caller."""
        if caller.service and caller.service in self.services:
            return Named.SESSION
        if caller.arn and caller.arn in self.aws:
            return Named.SESSION if caller.role_arn else Named.ENTITY
        if self.everyone or (caller.role_arn and caller.role_arn in self.aws):
            return Named.ENTITY
        return Named.ACCOUNT if self._names_account(caller) else Named.NOT

    def spares(self, caller: Principal) -> bool:
        """As NotPrincipal of a Deny: whether the caller is excepted. All that it is must be listed: also its account.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        if caller.service:
            return self.everyone or caller.service in self.services
        if self.everyone:
            return True
        own = {arn for arn in (caller.arn, caller.role_arn) if arn}
        return bool(own) and own <= self.aws and self._names_account(caller)

    def _names_account(self, caller: Principal) -> bool:
        return any(
            (_ACCOUNT.fullmatch(name) and name == caller.account)
            or (name.endswith(":root") and name.split(":")[4] == caller.account)
            for name in self.aws
        )


def read_principals(value: object) -> Principals:
    """A Principal or NotPrincipal element. Errors: PolicyError."""
    if value == "*":
        return Principals(everyone=True)
    if not isinstance(value, Mapping) or not value:
        message = f"{value!r} is no principal"
        raise PolicyError(message)
    named: dict[str, frozenset[str]] = {}
    for kind, given in cast("Mapping[str, Any]", value).items():
        if kind not in _KINDS:
            message = f"principals of kind {kind} are not known"
            raise PolicyError(message)
        names = cast("list[Any]", given) if isinstance(given, list) else [given]
        if not names or not all(isinstance(name, str) for name in names):
            message = f"{kind} principals must be strings, not {given!r}"
            raise PolicyError(message)
        named[kind] = frozenset(names)
    for name in named.get("AWS", ()):
        if name != "*" and not _ACCOUNT.fullmatch(name) and (not _ARN.fullmatch(name) or {"*", "?"} & set(name)):
            message = f"{name!r} is no principal: an account, an ARN without wildcards, or * alone"
            raise PolicyError(message)
    aws = named.get("AWS", frozenset())
    return Principals("*" in aws, aws - {"*"}, named.get("Service", frozenset()), named.get("Federated", frozenset()))
