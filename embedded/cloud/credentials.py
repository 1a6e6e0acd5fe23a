"""Temporary credentials of roles, as a service obtains them by `sts:AssumeRole` before it acts for a customer."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from embedded.cloud import authority
from embedded.cloud.locks import lock_of

SESSION_SECONDS = 12 * 3600  # the longest a role session may be
_MARGIN = timedelta(minutes=30)  # longer than any function runs

_cache: dict[tuple[str, str, str, str], RoleCredentials] = {}
_cache_lock = threading.Lock()


class RoleNotAssumableError(Exception):
    """The role does not exist, or its trust policy does not name the service."""


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """One role session's credentials; `expires_at` is in UTC."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime

    def environment(self) -> dict[str, str]:
        """The variables under which an SDK looks for them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


def assume_role(role_arn: str, session_name: str, *, service: str, source: str = "") -> RoleCredentials:
    """Credentials of `role_arn` for `service` (e.g. `states.amazonaws.com`), cached until shortly before they expire.

    `source` is the ARN on whose behalf the service asks, where the service names one.
    Raises `RoleNotAssumableError`. Characters that a session name may not have become `-`; it is cut at 64.
    """
    session = re.sub(r"[^\w+=,.@-]", "-", session_name)[:64]
    key = (role_arn, session, service, source)
    with _cache_lock:
        cached = _cache.get(key)
        if cached and cached.expires_at - datetime.now(UTC) > _MARGIN:
            return cached
        _check_trust(role_arn, service, source)
        with lock_of("sts"):
            account_id = role_arn.split(":")[4]
            backend: Any = sts_backends[account_id]["aws"]
            role = backend.assume_role("us-east-1", session, role_arn, None, SESSION_SECONDS, None)
        fresh = RoleCredentials(
            role.access_key_id, role.secret_access_key, role.session_token, role.expiration.replace(tzinfo=UTC)
        )
        _cache[key] = fresh
        return fresh


def _check_trust(role_arn: str, service: str, source: str) -> None:
    with lock_of("iam"):
        backend: Any = iam_backends[role_arn.split(":")[4]]["aws"]
        if all(role.arn != role_arn for role in backend.roles.values()):
            raise RoleNotAssumableError(f"The role {role_arn} does not exist")
    if not authority.trusts(role_arn, service, source):
        raise RoleNotAssumableError(f"The trust policy of {role_arn} does not allow {service} to assume it")
