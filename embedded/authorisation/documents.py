"""Policy documents, read strictly: what AWS would refuse, or what is not known here, raises PolicyError.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from embedded.authorisation.conditions import Condition, read_conditions
from embedded.authorisation.errors import PolicyError
from embedded.authorisation.keys import key_of
from embedded.authorisation.principals import Named, Principal, Principals, read_principals
from embedded.authorisation.wildcards import (
    Context,
    UnresolvedError,
    check_variables,
    has_variables,
    matches_action,
    matches_resource,
    variables_of,
)

_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", re.IGNORECASE)
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:*?]+:[^:]*:[^:]*:.+", re.DOTALL)
_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_VERSIONS = ("2012-10-17", "2008-10-17")


class Attached(Enum):
    """What a policy is attached to."""

    IDENTITY = "identity"
    """Also permissions boundaries and session policies."""
    RESOURCE = "resource"
    REPOSITORY = "repository"
    """Of ECR: the resource may be left out. https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"""
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Of each pair with `Not`, `inverted_…` tells which was written."""

    sid: str
    allows: bool
    principals: Principals | None
    inverted_principals: bool
    actions: tuple[str, ...]
    inverted_actions: bool
    resources: tuple[str, ...]
    inverted_resources: bool
    conditions: tuple[Condition, ...]
    variables: bool

    def names(self, caller: Principal) -> Named:
        """How precisely it names the caller; identity policies name whom they are attached to."""
        if self.principals is None:
            return Named.ENTITY
        if self.inverted_principals:
            return Named.NOT if self.principals.spares(caller) else Named.ENTITY
        return self.principals.named(caller)

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether action, resource and conditions are met; whom it names is not asked."""
        if any(matches_action(pattern, action) for pattern in self.actions) == self.inverted_actions:
            return False
        given = context if self.variables else None
        try:
            found = any(matches_resource(pattern, resource, given) for pattern in self.resources)
        except UnresolvedError:
            return False
        if self.resources and found == self.inverted_resources:
            return False
        return all(condition.holds(context) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document; `name` says which in a message."""

    name: str
    statements: tuple[Statement, ...]
    unserved: str = ""
    """The first condition key that it asks for and that requests here do not carry."""


@lru_cache(maxsize=2048)
def read_policy(text: str, attached: Attached, name: str = "") -> Policy:
    """A policy document from its JSON. Errors: PolicyError and its kinds."""
    try:
        document: Any = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        message = f"the policy {name} is no JSON: {error}"
        raise PolicyError(message) from error
    if not isinstance(document, Mapping):
        message = f"the policy {name} is no JSON object"
        raise PolicyError(message)
    body = cast("Mapping[str, Any]", document)
    unknown = set(body) - {"Version", "Id", "Statement"}
    if unknown:
        message = f"the policy {name} has unknown elements: {', '.join(sorted(unknown))}"
        raise PolicyError(message)
    version = body.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        message = f"the policy {name} has the unknown version {version!r}"
        raise PolicyError(message)
    given: Any = body.get("Statement")
    statements = cast("list[Any]", given if isinstance(given, list) else [given])
    # Variables are plain text in the older version.
    made = tuple(_statement(each, attached, variables=version == _VERSIONS[0]) for each in statements)
    sids = [statement.sid for statement in made if statement.sid]
    if len(set(sids)) != len(sids):
        message = f"the policy {name} uses a Sid twice"
        raise PolicyError(message)
    return Policy(name, made, _unserved(made))


def _unserved(statements: tuple[Statement, ...]) -> str:
    asked: list[str] = []
    for statement in statements:
        if statement.variables:
            asked += (key for resource in statement.resources for key in variables_of(resource))
        for condition in statement.conditions:
            asked.append(condition.key)
            if condition.variables:
                asked += (key for value in condition.values for key in variables_of(value))
    return next((key for key in asked if not key_of(key).served), "")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        message = f"an object names a key twice: {[name for name, _ in pairs]}"
        raise PolicyError(message)
    return made


def _statement(given: object, attached: Attached, *, variables: bool) -> Statement:
    if not isinstance(given, Mapping):
        message = f"{given!r} is no statement"
        raise PolicyError(message)
    body = cast("Mapping[str, Any]", given)
    unknown = set(body) - _ELEMENTS
    if unknown:
        message = f"a statement has unknown elements: {', '.join(sorted(unknown))}"
        raise PolicyError(message)
    effect = body.get("Effect")
    if effect not in ("Allow", "Deny"):
        message = f"Effect is {effect!r}; it must be Allow or Deny"
        raise PolicyError(message)
    principals, inverted = _principals(body, attached, allows=effect == "Allow")
    actions, inverted_actions = _either(body, "Action")
    resources, inverted_resources = _resources(body, attached)
    for action in actions:
        if not _ACTION.fullmatch(action):
            message = f"{action!r} is no action"
            raise PolicyError(message)
    replaced = variables and any(has_variables(resource) for resource in resources)
    for resource in resources:
        if variables:
            check_variables(resource)
        if not _RESOURCE.fullmatch(resource):
            message = f"{resource!r} is no resource: an ARN whose service is written out, or * alone"
            raise PolicyError(message)
    conditions = read_conditions(body.get("Condition", {}), variables=variables)
    return Statement(
        sid=str(body.get("Sid", "")),
        allows=effect == "Allow",
        principals=principals,
        inverted_principals=inverted,
        actions=actions,
        inverted_actions=inverted_actions,
        resources=resources,
        inverted_resources=inverted_resources,
        conditions=conditions,
        variables=replaced,
    )


def _principals(body: Mapping[str, Any], attached: Attached, *, allows: bool) -> tuple[Principals | None, bool]:
    written = [name for name in ("Principal", "NotPrincipal") if name in body]
    if attached is Attached.IDENTITY:
        if written:
            message = f"{written[0]} has no place in an identity-based policy"
            raise PolicyError(message)
        return None, False
    if len(written) != 1:
        message = "a resource-based policy's statement has one of Principal and NotPrincipal"
        raise PolicyError(message)
    inverted = written == ["NotPrincipal"]
    if inverted and allows:
        # "You must use the NotPrincipal element with "Effect":"Deny"."
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        message = "NotPrincipal is for Deny only"
        raise PolicyError(message)
    return read_principals(body[written[0]]), inverted


def _resources(body: Mapping[str, Any], attached: Attached) -> tuple[tuple[str, ...], bool]:
    named = "Resource" in body or "NotResource" in body
    if attached is Attached.REPOSITORY and not named:
        return (), False
    if attached is not Attached.TRUST:
        return _either(body, "Resource")
    if named:
        message = "a trust policy has no resource but its role"
        raise PolicyError(message)
    return (), False


def _either(body: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], bool]:
    written = [each for each in (name, f"Not{name}") if each in body]
    if len(written) != 1:
        message = f"a statement has one of {name} and Not{name}"
        raise PolicyError(message)
    given: Any = body[written[0]]
    values = cast("list[Any]", given if isinstance(given, list) else [given])
    if not values or not all(isinstance(value, str) for value in values):
        message = f"{written[0]} is {given!r}; it must be one string or more"
        raise PolicyError(message)
    return tuple(values), written[0] != name
