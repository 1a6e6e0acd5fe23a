"""Who is behind an access key: a user of the account, or a session of one of its roles."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Caller


class UnknownCallerError(Exception):
    """The access key belongs to nobody, or its session is over."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Identities:
    """Access keys of one account. Keys once seen are remembered; sessions are checked for expiry each time."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._users: dict[str, Caller] = {}
        self._sessions: dict[str, tuple[Caller, datetime]] = {}
        self._read_sessions = 0
        self._lock = threading.Lock()

    def caller(self, access_key_id: str) -> Caller:
        """The principal behind a key; raises `UnknownCallerError`."""
        found = self._sessions.get(access_key_id)
        if not found and access_key_id.startswith("ASIA"):
            self._learn_sessions()
            found = self._sessions.get(access_key_id)
        if found:
            caller, expires = found
            if datetime.now(UTC) >= expires:
                raise UnknownCallerError("ExpiredToken", "The security token included in the request is expired")
            return caller
        caller = self._users.get(access_key_id) or self._find_user(access_key_id)
        if caller is None:
            raise UnknownCallerError(
                "InvalidClientTokenId", f"The access key id {access_key_id!r} does not exist in the embedded AWS."
            )
        return caller

    def _learn_sessions(self) -> None:
        with self._lock, lock_of("sts"):
            backend: Any = sts_backends[self._account_id]["aws"]
            for role in backend.assumed_roles[self._read_sessions :]:
                caller = Caller(role.arn, role.account_id, role.access_key_id, role.role_arn)
                self._sessions[role.access_key_id] = (caller, role.expiration.replace(tzinfo=UTC))
            self._read_sessions = len(backend.assumed_roles)

    def _find_user(self, access_key_id: str) -> Caller | None:
        with lock_of("iam"):
            backend: Any = iam_backends[self._account_id]["aws"]
            for user in backend.users.values():
                if any(key.access_key_id == access_key_id for key in user.access_keys):
                    caller = Caller(user.arn, self._account_id, access_key_id)
                    self._users[access_key_id] = caller
                    return caller
        return None


def create_operator(account_id: str, name: str = "operator") -> tuple[str, str]:
    """An administrator's access key id and secret: what deploys into and looks at the embedded AWS."""
    with lock_of("iam"):
        backend: Any = iam_backends[account_id]["aws"]
        backend.create_user(region_name="us-east-1", user_name=name, path="/", tags=None)
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
        backend.put_user_policy(name, "administrator", policy)
        key = backend.create_access_key(name)
        return key.access_key_id, key.secret_access_key
