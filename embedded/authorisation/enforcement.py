"""Every request is judged before it reaches its service, and so is what services do for one another.

A denial is worded and shaped as the service would: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from embedded.authorisation.account import Account
from embedded.authorisation.calls import Call, UnreadableError, read_call
from embedded.authorisation.decisions import Check, Decision, Denied, Policies, decide
from embedded.authorisation.errors import PolicyError
from embedded.authorisation.principals import Principal
from embedded.authorisation.requests import UnmappedError, needs_of
from embedded.authorisation.requests.rows import Need
from embedded.cloud.messages import Request

logger = logging.getLogger(__name__)

Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One need and what became of it; `operation` is the call that it belongs to."""

    operation: str
    caller: Principal
    check: Check
    policies: Policies
    decision: Decision


class Listener(Protocol):
    """Hears of everything that is judged."""

    def __call__(self, judged: Judged) -> None: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not go on. `code` and `status` are those of the service's own answer."""

    code: str
    message: str
    status: int


# The JSON protocols say 400, the others 403.
_CODES: dict[str, tuple[str, int]] = {
    **dict.fromkeys(
        ("dynamodb", "kms", "events", "stepfunctions", "logs", "ecr", "wafv2", "budgets", "ce", "ssm"),
        ("AccessDeniedException", 400),
    ),
    **dict.fromkeys(("lambda", "mediaconvert", "apigatewayv2", "xray"), ("AccessDeniedException", 403)),
    "sns": ("AuthorizationError", 403),
}
# Where the call is allowed and the key is not.
_KEY_CODES: dict[str, tuple[str, int]] = {
    "sqs": ("KMS.AccessDeniedException", 400),
    "sns": ("KMSAccessDenied", 400),
    "stepfunctions": ("KmsAccessDeniedException", 400),
}


class Enforcement:
    """Judges the calls of one account. `listeners` hear of each need.

    Where it is `audited`, the account's users may make calls that are in no row: an auditor reads all that there is.
    Roles and services may not.
    """

    def __init__(self, account: Account, *, audited: bool = False) -> None:
        self._account = account
        self._audited = audited
        self.listeners: list[Listener] = []

    def request(self, request: Request) -> Refusal | None:
        """None if a signed request may go on."""
        caller = request.caller
        if caller is None:
            return Refusal("AccessDenied", "Access Denied", 403)
        try:
            call = read_call(request)
        except UnreadableError as error:
            return None if self._may_audit(caller.arn) else Refusal("AccessDenied", f"unmapped: {error}", 403)
        return self.call(Principal(caller.arn, caller.account_id, caller.role_arn or ""), call)

    def call(self, caller: Principal, call: Call, source: Source | None = None) -> Refusal | None:
        """None if `caller` may do what the call does."""
        try:
            needs = needs_of(call, self._account)
        except UnmappedError as error:
            if self._may_audit(caller.arn):
                return None
            logger.error("%s: %s", caller.name, error)
            return self._refusal(call, str(error))
        return self.needs(caller, call, needs, source)

    def _may_audit(self, caller: str) -> bool:
        return self._audited and ":user/" in caller

    def needs(
        self, caller: Principal, call: Call, needs: Iterable[Need], source: Source | None = None
    ) -> Refusal | None:
        """None if `caller` may do all of it; the first that is denied decides the answer."""
        base = _context(caller, call, source)
        for need in needs:
            check = Check(need.action, need.resource, {**_complete(base, need, self._account.id), **self._tags(need)})
            try:
                policies = self._account.policies(caller, need.action, need.resource)
                _must_be_served(policies, check)
                decision = decide(caller, check, policies)
            except PolicyError as error:
                logger.error("%s, %s on %s cannot be judged: %s", caller.name, need.action, need.resource, error)
                return self._refusal(call, f"{need.action} on {need.resource} cannot be judged: {error}")
            self.tell(Judged(f"{call.service}:{call.operation}", caller, check, policies, decision))
            if isinstance(decision, Denied):
                logger.warning("denied: %s", decision.message)
                return self._refusal(call, decision.message, key=bool(need.via))
        return None

    def _tags(self, need: Need) -> dict[str, tuple[str, ...]]:
        held = self._account.tags(need.resource) or {}
        return {f"aws:resourcetag/{name.lower()}": (value,) for name, value in held.items()}

    def tell(self, judged: Judged) -> None:
        """Let the listeners hear of it."""
        for listener in self.listeners:
            listener(judged)

    @staticmethod
    def _refusal(call: Call, message: str, *, key: bool = False) -> Refusal:
        code, status = (_KEY_CODES if key and call.service in _KEY_CODES else _CODES).get(
            call.service, ("AccessDenied", 403)
        )
        return Refusal(code, message, status)


@dataclass(frozen=True, slots=True)
class Source:
    """On whose behalf a service acts: `aws:SourceArn` and `aws:SourceAccount`."""

    arn: str
    account: str


def _context(caller: Principal, call: Call, source: Source | None) -> dict[str, tuple[str, ...]]:
    """Keys of request and caller.

    Requests here come over plain HTTP from this machine; the endpoint stands for AWS's, which has TLS.
    """
    moment = datetime.now(UTC)
    keys = {
        "aws:currenttime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "aws:epochtime": str(int(time.time())),
        "aws:requestedregion": call.region,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true" if caller.service else "false",
        "aws:viaawsservice": "false",
    }
    if caller.service:
        keys["aws:principalservicename"] = caller.service
    else:
        keys |= {
            "aws:principalarn": caller.role_arn or caller.arn,
            "aws:principalaccount": caller.account,
            "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
        }
        if ":user/" in caller.arn:
            keys["aws:username"] = caller.arn.rpartition("/")[2]
    if call.source_ip:
        keys["aws:sourceip"] = call.source_ip
    if "user-agent" in call.headers:
        keys["aws:useragent"] = call.headers["user-agent"]
    if source is not None:
        keys |= {"aws:sourcearn": source.arn, "aws:sourceaccount": source.account}
    if call.service == "sns":
        # What a topic's own first policy asks for: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
        keys["aws:sourceowner"] = source.account if source else caller.account
    made = {name: (value,) for name, value in keys.items()}
    return made | {f"aws:requesttag/{name.lower()}": (value,) for name, value in _request_tags(call).items()}


def _request_tags(call: Call) -> dict[str, str]:
    """Tags that a call brings, whatever its service calls their parts."""
    given: Any = call.params.get("Tags") or call.params.get("tags") or {}
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in cast("Mapping[str, Any]", given).items()}
    found: dict[str, str] = {}
    for tag in cast("list[Mapping[str, Any]]", given if isinstance(given, list) else []):
        lower = {part.lower().removeprefix("tag"): str(value) for part, value in tag.items()}
        found[lower.get("key", "")] = lower.get("value", "")
    return found


def _complete(base: Mapping[str, tuple[str, ...]], need: Need, account: str) -> dict[str, tuple[str, ...]]:
    keys = {**base, **need.keys}
    if need.resource.startswith("arn:"):
        keys["aws:resourceaccount"] = (need.resource.split(":")[4] or account,)
    if need.via:
        # A service that asks in the caller's name has no address of the caller's.
        keys.pop("aws:sourceip", None)
        keys["aws:viaawsservice"] = ("true",)
    return keys


def _must_be_served(policies: Policies, check: Check) -> None:
    """Raises PolicyError where a policy asks for a key that is understood but that nothing here fills in."""
    documents = [*policies.identity, *(each for each in (policies.boundary, policies.resource) if each)]
    for policy in documents:
        if policy.unserved:
            message = f"the policy {policy.name} asks for {policy.unserved}, which the embedded AWS does not fill in"
            raise PolicyError(message)
        if not check.resource.startswith("arn:aws:kms:") and any(
            statement.covers(check.action, check.resource, check.context)
            and any(condition.key.lower().startswith("aws:resourcetag/") for condition in statement.conditions)
            for statement in policy.statements
        ):
            message = f"the policy {policy.name} asks for tags of {check.resource}, which nobody fills in"
            raise PolicyError(message)
