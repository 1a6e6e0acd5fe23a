"""What a row of the map from operations to permissions is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Facts

Keys = Mapping[str, tuple[str, ...]]
"""Context keys in lower case."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be allowed. `account` owns the resource; empty for the caller's own.

    `via` is the service that asks in the caller's name, as in `s3`; empty where the caller asks itself.
    """

    action: str
    resource: str = "*"
    keys: Keys = field(default_factory=dict[str, tuple[str, ...]])
    via: str = ""


Resource = Callable[[Call, Facts], str]
"""The ARN that a call is about."""
Implied = Callable[[Call, Facts], Iterable[Need]]
"""What a call needs beyond its own action."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one operation needs. `source` is the page of AWS that says so."""

    source: str
    action: str = ""
    """Empty where only `implied` says what is needed."""
    resource: Resource | None = None
    """None for actions that know no resource."""
    keys: Callable[[Call], Keys] | None = None
    implied: tuple[Implied, ...] = ()

    def needs(self, call: Call, facts: Facts) -> list[Need]:
        """Everything that must be allowed, the operation's own action first."""
        made: list[Need] = []
        if self.action:
            resource = self.resource(call, facts) if self.resource else "*"
            made.append(Need(self.action, resource, self.keys(call) if self.keys else {}))
        for implied in self.implied:
            made += implied(call, facts)
        return made


Table = dict[str, Row]
"""Operation → row, of one service."""


def same(prefix: str, source: str, resource: Resource | None, operations: str) -> Table:
    """Rows of operations (separated by blanks) whose action is called like them."""
    return {name: Row(source, f"{prefix}:{name}", resource) for name in operations.split()}


def parameter(name: str) -> Resource:
    """The ARN that a parameter is."""
    return lambda call, _facts: call.text(name) or "*"


def arn(template: str) -> Resource:
    """`arn:aws:sqs:{region}:{account}:{QueueName}`: braces hold parameters, or the call's region and account."""

    def made(call: Call, _facts: Facts) -> str:
        values = {name: value for name, value in call.params.items() if isinstance(value, str)}
        return template.format_map(_Missing(values, region=call.region, account=call.account))

    return made


class _Missing(dict[str, str]):
    """What is not given matches a `*` only."""

    def __missing__(self, key: str) -> str:
        return "*"


def via_kms(
    call: Call, service: str, key_arn: str, operations: Iterable[str], context: Mapping[str, str]
) -> list[Need]:
    """Use of a key by a service in the caller's name.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    if not key_arn:
        return []
    region = key_arn.split(":")[3]
    keys: dict[str, tuple[str, ...]] = {
        "kms:viaservice": (f"{service}.{region}.amazonaws.com",),
        "kms:calleraccount": (call.account,),
        "kms:encryptioncontextkeys": tuple(context),
        **{f"kms:encryptioncontext:{name.lower()}": (value,) for name, value in context.items()},
    }
    return [Need(f"kms:{operation}", key_arn, keys, via=service) for operation in operations]
