"""May they? Asked for every request at the front door, and by services for what they do for one another.

A service that acts for a customer does so as itself, for a source that the other side's policy names, or under the role
that it was given; either way the policies decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from embedded.authorisation import recording
from embedded.authorisation.account import Account
from embedded.authorisation.calls import Call
from embedded.authorisation.decisions import Allowed, Check, decide
from embedded.authorisation.enforcement import Enforcement, Judged, Refusal, Source
from embedded.authorisation.principals import Principal, service, session
from embedded.authorisation.requests.compute import execution_needs
from embedded.authorisation.requests.rows import Need
from embedded.cloud.context import Cloud
from embedded.cloud.messages import Request
from embedded.cloud.router import Allow, Decision, Denied

_enforcement: Enforcement | None = None
_account: Account | None = None


class NotPermittedError(Exception):
    """A service may not do what it was about to do. `code` is the API's error code."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.code = refusal.code
        self.message = refusal.message


AUDITED = "EMBEDDED_AUDITED"
"""Variable of the daemon: with `1` its operator may also call what no row maps."""


def install(cloud: Cloud) -> None:
    """Judge from here on."""
    global _enforcement, _account  # noqa: PLW0603 - one cloud per process: moto's own state is global too
    _account = Account(cloud.account_id, cloud.region)
    _enforcement = Enforcement(_account, audited=os.environ.get(AUDITED) == "1")
    recorder = recording.of_environment()
    if recorder:
        _enforcement.listeners.append(recorder)


def authorise(request: Request) -> Decision:
    """The router's authoriser."""
    refusal = _enforcement.request(request) if _enforcement else None
    return Allow() if refusal is None else Denied(refusal.message, refusal.code, refusal.status)


def as_role(role_arn: str, session_name: str, *, region: str, api: str, params: Mapping[str, Any]) -> None:
    """Raises NotPermittedError unless the role may call `api` (`sqs:ReceiveMessage`, by botocore's names)."""
    _check(session(role_arn, session_name), api, params, region, role_arn.split(":")[4], None)


def as_service(name: str, *, region: str, api: str, params: Mapping[str, Any], source: str) -> None:
    """Raises NotPermittedError unless the service (`events.amazonaws.com`) may, on behalf of the ARN `source`."""
    account = source.split(":")[4]
    _check(service(name), api, params, region, account, Source(source, account))


def execution(machine_arn: str, role_arn: str) -> None:
    """Raises NotPermittedError unless a machine's role may keep an execution's data under the machine's key."""
    if _account is not None:
        region, account = machine_arn.split(":")[3:5]
        needs = execution_needs(machine_arn, account, _account)
        needs_as_role(role_arn, SESSION_OF_MACHINES, needs, call="stepfunctions:execution", region=region)


SESSION_OF_MACHINES = "StepFunctions"


def needs_as_service(name: str, needs: Iterable[Need], *, region: str, source: str) -> None:
    """As `as_service`, for what is no API call."""
    if _enforcement is not None:
        account = source.split(":")[4]
        call = Call(name.partition(".")[0], "", {}, region, account)
        refusal = _enforcement.needs(service(name), call, needs, Source(source, account))
        if refusal is not None:
            raise NotPermittedError(refusal)


def key_as_service(
    name: str, key: str, operations: Iterable[str], *, source: str, context: Mapping[str, str], sourceless: bool = False
) -> None:
    """Raises NotPermittedError unless a service may use a KMS key (id, ARN or alias) of `source`'s account and region.

    `context` is the encryption context. `sourceless`: the service does not say for whom it asks.
    """
    if _enforcement is None or _account is None:
        return
    region, account = source.split(":")[3:5]
    keys: dict[str, tuple[str, ...]] = {
        "kms:calleraccount": (account,),
        "kms:encryptioncontextkeys": tuple(context),
        **{f"kms:encryptioncontext:{part.lower()}": (value,) for part, value in context.items()},
    }
    arn = _account.key_arn(key, region)
    needs = [Need(f"kms:{operation}", arn, keys) for operation in operations]
    call = Call(name.partition(".")[0], "", {}, region, account)
    refusal = _enforcement.needs(service(name), call, needs, None if sourceless else Source(source, account))
    if refusal is not None:
        raise NotPermittedError(refusal)


def needs_as_role(role_arn: str, session_name: str, needs: Iterable[Need], *, call: str, region: str) -> None:
    """As `as_role`, for what is no API call; `call` (`stepfunctions:execution`) says in the record what it was."""
    if _enforcement is not None:
        api, _, operation = call.partition(":")
        made = Call(api, operation, {}, region, role_arn.split(":")[4])
        refusal = _enforcement.needs(session(role_arn, session_name), made, needs)
        if refusal is not None:
            raise NotPermittedError(refusal)


def trusts(role_arn: str, name: str, source: str) -> bool:
    """Whether the role's trust policy lets the service in, on behalf of the ARN `source` if one is given."""
    keys: dict[str, tuple[str, ...]] = {}
    if source:
        keys = {"aws:sourcearn": (source,), "aws:sourceaccount": (source.split(":")[4],)}
    return lets_in(role_arn, service(name), "sts:AssumeRole", keys)


def lets_in(role_arn: str, caller: Principal, action: str, keys: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the role exists and its trust policy allows a caller without policies of its own to take it on."""
    account = Account(role_arn.split(":")[4] if role_arn.count(":") == 5 else "", "")
    check = Check(action, role_arn, keys)
    policies = account.policies(caller, check.action, role_arn)
    decision = decide(caller, check, policies)
    if _enforcement is not None:
        _enforcement.tell(Judged(action, caller, check, policies, decision))
    return isinstance(decision, Allowed)


def _check(caller: Any, api: str, params: Mapping[str, Any], region: str, account: str, source: Source | None) -> None:  # noqa: ANN401
    if _enforcement is None:
        return
    name, _, operation = api.partition(":")
    refusal = _enforcement.call(caller, Call(name, operation, params, region, account), source)
    if refusal is not None:
        raise NotPermittedError(refusal)
