"""Temporary credentials of roles, as a service obtains them by `sts:AssumeRole` before it acts for a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


def assume_role(role_arn: str, session_name: str, *, service: str) -> RoleCredentials:
    """Credentials of `role_arn` for `service` (e.g. `states.amazonaws.com`), cached until shortly before they expire."""
    raise NotImplementedError
