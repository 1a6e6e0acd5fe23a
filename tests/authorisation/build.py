"""Short ways to write policies and checks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from embedded.authorisation.decisions import Allowed, Check, Policies, Resource, decide
from embedded.authorisation.documents import Attached, Policy, read_policy
from embedded.authorisation.grants import Grant
from embedded.authorisation.principals import Principal, session, user

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = session(ROLE, "one")
USER = user(f"arn:aws:iam::{ACCOUNT}:user/carlos")
OBJECT = "arn:aws:s3:::films/videos/a.mp4"

Document = Mapping[str, Any]


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Document:
    """An Allow statement; `more` adds elements (`Condition`, `Principal`)."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Document:
    """A Deny statement."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def identity(*statements: Document, version: str = "2012-10-17") -> Policy:
    return _read(statements, Attached.IDENTITY, version)


def resource(*statements: Document) -> Policy:
    return _read(statements, Attached.RESOURCE)


def trust(*statements: Document) -> Policy:
    return _read(statements, Attached.TRUST)


def _read(statements: Sequence[Document], attached: Attached, version: str = "2012-10-17") -> Policy:
    return read_policy(json.dumps({"Version": version, "Statement": list(statements)}), attached)


def context(**keys: Any) -> dict[str, tuple[str, ...]]:
    """`aws__SourceIp="…"` → `aws:sourceip`; a tuple is a set of values."""
    return {
        name.replace("__", ":").lower(): value if isinstance(value, tuple) else (str(value),)
        for name, value in keys.items()
    }


def allowed(
    *policies: Policy,
    caller: Principal = SESSION,
    action: str = "s3:GetObject",
    on: str = OBJECT,
    owner: str = ACCOUNT,
    given: Mapping[str, tuple[str, ...]] | None = None,
    resource_policy: Policy | None = None,
    boundary: Policy | None = None,
    session_policies: Sequence[Policy] | None = None,
    decides: bool = False,
    grants: Sequence[Grant] = (),
) -> bool:
    """Whether the caller, with these identity policies, may."""
    check = Check(action, on, given or {})
    all_of_them = Policies(
        identity=policies,
        boundary=boundary,
        session=session_policies,
        resource=resource_policy,
        resource_account=owner,
        resource_kind=Resource.DECIDES if decides else Resource.USUAL,
        grants=grants,
    )
    return isinstance(decide(caller, check, all_of_them), Allowed)
