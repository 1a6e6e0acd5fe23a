"""May a recorded call be made? Asked of an environment's policies, or of one changed policy among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embedded.authorisation.decisions import Allowed, Check, Policies, Resource, decide
from embedded.authorisation.documents import Attached, Policy, read_policy
from embedded.authorisation.principals import Principal, service, session, user
from embedded.authorisation.recording import PASSING
from permissions.calls import Call
from permissions.names import Names
from permissions.policies import Environment, Holder, policy_of

ADMINISTRATOR = "administrator"
"""Someone of the account whose own policies allow everything: what stops them is a resource's policy."""
STRANGER = "stranger"
"""The same of another account."""
OTHER_ACCOUNT = "999999999999"

_SOME_KEY = "some key"
"""None of the environments'; its policy leaves all to those of IAM, as KMS's own first one does."""
_EVERYTHING = read_policy(
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    Attached.IDENTITY,
    "everything",
)
_FILLED_IN = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceowner",
        "aws:viaawsservice",
    }
)
NOT_REPLAYED = PASSING - _FILLED_IN
"""Condition keys of which a recording says nothing: a policy that asks for one cannot be judged by it."""


@dataclass(frozen=True)
class Asked:
    """A call with physical names, as the evaluator takes it. `holders`: labels of the policies that have a say."""

    caller: Principal
    check: Check
    holders: tuple[str, ...]
    administers: bool = False


class Judge:
    """Of one environment, and of resources of `others` (another stack in the same account)."""

    def __init__(self, environment: Environment, *others: Environment) -> None:
        self.environment = environment
        self._names = environment.names
        self._policies: dict[str, Policy] = {}
        self._by_arn: dict[str, str] = {}
        for each in (*reversed(others), environment):
            for holder in each.holders.values():
                label = holder.label if each is environment else f"{each.stack}'s {holder.label}"
                self._policies[label] = holder.policy
                if holder.kind == "role":
                    continue
                for arn in _arns(holder, each.names):
                    self._by_arn[f"trust {arn}" if holder.kind == "trust" else arn] = label
        root = {"AWS": f"arn:aws:iam::{self._names.account}:root"}
        body = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        self._policies[_SOME_KEY] = policy_of([body], Attached.RESOURCE, _SOME_KEY)

    def ask(self, call: Call) -> Asked:
        """The call in this environment's names. Raises UnknownNameError."""
        caller, own, administers = self._caller(call.caller)
        resource = self._names.concrete(call.resource)
        keys = {name: tuple(map(self._names.concrete, held)) for name, held in call.keys}
        about = self._about(call.action, resource)
        context = {**_context(caller, call.action, resource, self._names), **keys}
        return Asked(
            caller, Check(call.action, resource, context), tuple(one for one in (own, about) if one), administers
        )

    def allows(self, asked: Asked, label: str = "", policy: Policy | None = None) -> bool:
        """Whether it may be done; with a label, under that policy instead of the holder's own."""

        def of(name: str) -> Policy:
            return policy if policy is not None and name == label else self._policies[name]

        about = self._about(asked.check.action, asked.check.resource)
        own = next((name for name in asked.holders if name.startswith("role:") and name != about), "")
        resource = asked.check.resource
        owner = resource.split(":")[4] if resource.count(":") >= 5 else ""
        decides = asked.check.action == "sts:AssumeRole" or resource.startswith("arn:aws:kms:")
        policies = Policies(
            identity=(_EVERYTHING,) if asked.administers else (of(own),) if own else (),
            resource=of(about) if about else None,
            resource_account=owner or (self._names.account if resource.startswith("arn:") else ""),
            resource_kind=Resource.DECIDES if decides else Resource.USUAL,
        )
        return isinstance(decide(asked.caller, asked.check, policies), Allowed)

    def _caller(self, name: str) -> tuple[Principal, str, bool]:
        if name == ADMINISTRATOR:
            return user(f"arn:aws:iam::{self._names.account}:user/{name}"), "", True
        if name == STRANGER:
            return user(f"arn:aws:iam::{OTHER_ACCOUNT}:user/{name}"), "", True
        if name.startswith("${role:"):
            role = f"arn:aws:iam::{self._names.account}:role/{self._names.concrete(name)}"
            return session(role, "session"), name[2:-1], False
        return service(self._names.concrete(name)), "", False

    def _about(self, action: str, resource: str) -> str:
        """Label of the policy of the resource itself."""
        if action == "sts:AssumeRole":
            return self._by_arn.get(f"trust {resource}", "")
        found = self._by_arn.get(resource.partition("/")[0] if resource.startswith("arn:aws:s3:") else resource)
        if found is None and resource.startswith("arn:aws:lambda:"):
            found = self._by_arn.get(":".join(resource.split(":")[:7]))
        if found is None and resource.startswith("arn:aws:kms:"):
            return _SOME_KEY
        return found or ""


def _arns(holder: Holder, names: Names) -> Iterable[str]:
    kind = holder.subject.partition(":")[0]
    name = names.physical[holder.subject]
    here = f"{holder.region or names.region}:{names.account}"
    match kind:
        case "bucket":
            yield f"arn:aws:s3:::{name}"
        case "key":
            yield f"arn:aws:kms:{here}:key/{name}"
        case "queue":
            yield f"arn:aws:sqs:{here}:{name}"
        case "topic":
            yield f"arn:aws:sns:{here}:{name}"
        case "function":
            yield f"arn:aws:lambda:{here}:function:{name}"
        case _:
            yield f"arn:aws:iam::{names.account}:role/{name}"


def _context(caller: Principal, action: str, resource: str, names: Names) -> Mapping[str, tuple[str, ...]]:
    """The keys that follow from caller and resource."""
    parts = resource.split(":")
    keys = {
        "aws:requestedregion": (parts[3] if len(parts) > 5 else "") or names.region,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "aws:principalisawsservice": "true" if caller.service else "false",
    }
    if caller.service:
        keys["aws:principalservicename"] = caller.service
    else:
        keys |= {
            "aws:principalarn": caller.role_arn or caller.arn,
            "aws:principalaccount": caller.account,
            "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
        }
    if len(parts) > 5:
        keys["aws:resourceaccount"] = parts[4] or names.account
    if action.startswith("sns:"):
        keys["aws:sourceowner"] = caller.account or names.account
    return {name: (value,) for name, value in keys.items()}
