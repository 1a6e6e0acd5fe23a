"""The decision on one action on one resource: every policy that has a say, in the order that AWS documents.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
Policies of organisations (SCPs, RCPs) are not judged: no environment here brings any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from embedded.authorisation.documents import Policy, Statement
from embedded.authorisation.grants import Grant
from embedded.authorisation.principals import Named, Principal
from embedded.authorisation.wildcards import Context


@dataclass(frozen=True, slots=True)
class Check:
    """What must be allowed. `resource` is an ARN, or `*` for an action that knows none."""

    action: str
    resource: str
    context: Context = field(default_factory=dict[str, tuple[str, ...]])


class Resource(Enum):
    """Whether a resource's own policy must have allowed in any case."""

    USUAL = "usual"
    DECIDES = "decides"
    """KMS keys and roles: without their policy no one gets in, not even within the account."""


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that have a say in one check. `session` and `boundary` are None where there is none."""

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    resource: Policy | None = None
    resource_account: str = ""
    """Empty where the action knows no resource: the caller's own."""
    resource_kind: Resource = Resource.USUAL
    grants: Sequence[Grant] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """`by`: the statements that allowed it, as (policy, Sid or index)."""

    by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """`policy` is the kind of policy that denied, or that did not allow."""

    caller: Principal
    check: Check
    policy: str
    explicit: bool = False

    @property
    def message(self) -> str:
        """As AWS words it.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        """
        article = "an" if self.policy[0] in "aeiou" else "a"
        reason = (
            f"with an explicit deny in {article} {self.policy}"
            if self.explicit
            else f"because no {self.policy} allows the {self.check.action} action"
        )
        return (
            f"User: {self.caller.name} is not authorized to perform: {self.check.action} "
            f"on resource: {self.check.resource} {reason}"
        )


Decision = Allowed | Denied

IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
BOUNDARY, SESSION = "permissions boundary", "session policy"


def decide(caller: Principal, check: Check, policies: Policies) -> Decision:
    """May the caller? By default no one may anything."""
    denied = _explicit(caller, check, policies)
    if denied:
        return Denied(caller, check, denied, explicit=True)
    named, from_resource = _from_resource(caller, check, policies.resource)
    if caller.service or not caller.arn:
        # Neither a service nor a stranger has policies of its own.
        return Allowed(from_resource) if named else Denied(caller, check, RESOURCE)
    if any(grant.allows(caller, check.action, check.context) for grant in policies.grants):
        return Allowed((("grant", check.action),))
    lacking, from_identity = _from_identity(caller, check, policies)
    if policies.resource_account not in ("", caller.account):
        if lacking or not named:
            return Denied(caller, check, lacking or RESOURCE)
        return Allowed(from_resource + from_identity)
    if named is Named.SESSION:
        return Allowed(from_resource)
    limited = _limited(caller, check, policies)
    if named is Named.ENTITY and not (caller.role_arn and limited):
        return Allowed(from_resource)
    if policies.resource_kind is Resource.DECIDES and not named:
        return Denied(caller, check, RESOURCE)
    return Denied(caller, check, lacking) if lacking else Allowed(from_identity + from_resource)


def _explicit(caller: Principal, check: Check, policies: Policies) -> str:
    """The kind of policy that denies, or nothing."""
    kinds: tuple[tuple[str, Iterable[Policy]], ...] = (
        (IDENTITY, policies.identity),
        (RESOURCE, (policies.resource,) if policies.resource else ()),
        (BOUNDARY, (policies.boundary,) if policies.boundary else ()),
        (SESSION, policies.session or ()),
    )
    for kind, documents in kinds:
        for policy in documents:
            for statement in policy.statements:
                if not statement.allows and statement.names(caller) and _meets(statement, check):
                    return kind
    return ""


def _from_resource(caller: Principal, check: Check, policy: Policy | None) -> tuple[Named, tuple[tuple[str, str], ...]]:
    """The most precise name under which the resource's policy allows, and the statements that do."""
    best, by = Named.NOT, list[tuple[str, str]]()
    for at, statement in enumerate(policy.statements if policy else ()):
        named = statement.names(caller) if statement.allows else Named.NOT
        if named and _meets(statement, check):
            best = max(best, named)
            by.append((policy.name if policy else "", statement.sid or str(at)))
    return best, tuple(by)


def _from_identity(caller: Principal, check: Check, policies: Policies) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What the caller's own policies lack (a kind, or nothing), and the statements that allow."""
    by = _allowing(policies.identity, check)
    if not by and not caller.is_root:
        return IDENTITY, ()
    return _limited(caller, check, policies), by


def _limited(caller: Principal, check: Check, policies: Policies) -> str:
    """The kind of policy that does not let through what others allow, or nothing."""
    if policies.boundary and not caller.is_root and not _allowing((policies.boundary,), check):
        return BOUNDARY
    if policies.session is not None and not _allowing(policies.session, check):
        return SESSION
    return ""


def _allowing(documents: Iterable[Policy], check: Check) -> tuple[tuple[str, str], ...]:
    return tuple(
        (policy.name, statement.sid or str(at))
        for policy in documents
        for at, statement in enumerate(policy.statements)
        if statement.allows and _meets(statement, check)
    )


def _meets(statement: Statement, check: Check) -> bool:
    return statement.applies(check.action, check.resource, check.context)
