"""The policies that a stack's program writes: of roles, of who may assume them, of what lets services in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, cast

from embedded.authorisation.documents import Attached, Policy, read_policy
from permissions.names import Names
from tests.support.captured import ACCOUNT, Captured, Stack, captured

Body = Mapping[str, Any]
"""A statement, its actions, resources and condition values as lists."""

_RESOURCE_POLICIES: Mapping[str, str] = {
    "kms/key:Key": "key",
    "kms/keyPolicy:KeyPolicy": "key",
    "s3/bucketPolicy:BucketPolicy": "bucket",
    "sns/topicPolicy:TopicPolicy": "topic",
    "sqs/queuePolicy:QueuePolicy": "queue",
}


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Something with a policy. `label` is a logical name, and what it is if that is no role: `role:publish`,
    `trust of role:publish`, `bucket:delivery`.
    """

    label: str
    kind: str
    """`role`, `trust`, or the kind of resource."""
    subject: str
    """Logical name of the role or resource."""
    statements: tuple[Body, ...]
    region: str = ""

    @property
    def attached(self) -> Attached:
        return {"role": Attached.IDENTITY, "trust": Attached.TRUST}.get(self.kind, Attached.RESOURCE)

    @cached_property
    def policy(self) -> Policy:
        """What the evaluator reads."""
        return policy_of(self.statements, self.attached, self.label)

    @property
    def text(self) -> str:
        """The document."""
        return json.dumps({"Version": "2012-10-17", "Statement": list(self.statements)})

    def changed(self, index: int, body: Body | None) -> Policy:
        """With another statement in place of one, or without it."""
        bodies = [*self.statements[:index], *([body] if body else []), *self.statements[index + 1 :]]
        return policy_of(bodies, self.attached, self.label)


def policy_of(statements: Sequence[Body], attached: Attached, name: str) -> Policy:
    """The policy of statements; of none, one that says nothing."""
    if not statements:
        return Policy(name, ())
    parts = tuple(_read(json.dumps(body, sort_keys=True), attached) for body in statements)
    return Policy(
        name, tuple(policy.statements[0] for policy in parts), next((p.unserved for p in parts if p.unserved), "")
    )


@cache
def _read(text: str, attached: Attached) -> Policy:
    return read_policy(json.dumps({"Version": "2012-10-17", "Statement": [json.loads(text)]}), attached)


@dataclass(frozen=True)
class Environment:
    """One stack: its names and everything in it that has a policy, by label."""

    stack: str
    names: Names
    holders: Mapping[str, Holder]

    @property
    def roles(self) -> list[Holder]:
        """Those of roles, sorted."""
        return sorted((one for one in self.holders.values() if one.kind == "role"), key=lambda one: one.label)


def load(stack: str) -> Environment:
    """Run the program under a stack's settings and read what it writes."""
    return read(captured(stack))


def read(stack: Stack) -> Environment:
    """The policies of a captured run."""
    region = next(one.region for one in stack.of("s3/bucket:Bucket"))
    names = Names.of(stack.resources, ACCOUNT, region)
    holders = {holder.label: holder for holder in _holders(stack, names)}
    return Environment(stack.name, names, holders)


def _holders(stack: Stack, names: Names) -> Iterator[Holder]:
    permissions: dict[str, list[Any]] = {}
    # A key's own first policy gives way to the one that is set later.
    for one in sorted(stack.resources, key=lambda one: one.type.endswith("KeyPolicy")):
        short = one.type.partition(":")[2]
        match short:
            case "iam/rolePolicy:RolePolicy":
                role = names.logical(one.inputs["role"])[2:-1]
                yield Holder(label=role, kind="role", subject=role, statements=_merged(_bodies(one.inputs["policy"])))
            case "iam/role:Role":
                trust = _bodies(one.inputs["assumeRolePolicy"])
                subject = f"role:{one.name}"
                yield Holder(label=f"trust of {subject}", kind="trust", subject=subject, statements=tuple(trust))
            case "lambda/permission:Permission":
                function = names.logical(one.inputs["function"])[2:-1]
                permissions.setdefault(function, []).append(_permission(one, names))
            case _ if short in _RESOURCE_POLICIES and one.inputs.get("policy"):
                subject = _subject(_RESOURCE_POLICIES[short], one, names)
                bodies = tuple(_bodies(one.inputs["policy"]))
                yield Holder(
                    label=subject, kind=_RESOURCE_POLICIES[short], subject=subject, statements=bodies, region=one.region
                )
            case _:
                pass
    for function, statements in permissions.items():
        yield Holder(label=function, kind="function", subject=function, statements=tuple(statements))


def _subject(kind: str, one: Captured, names: Names) -> str:
    """The resource that a policy is set on."""
    given = str(
        one.inputs.get("keyId")
        or one.inputs.get("bucket")
        or one.inputs.get("arn")
        or one.inputs.get("queueUrl")
        or one.id
    )
    logical = names.logical(given)
    return logical[logical.index(f"${{{kind}:") + 2 : -1]


def _permission(one: Captured, names: Names) -> Body:
    """A statement as Lambda makes it: https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html"""
    given = one.inputs
    arn = f"arn:aws:lambda:{one.region}:{names.account}:function:{given['function']}"
    conditions: dict[str, Any] = {}
    if given.get("sourceArn"):
        conditions["ArnLike"] = {"aws:SourceArn": [given["sourceArn"]]}
    if given.get("sourceAccount"):
        conditions["StringEquals"] = {"aws:SourceAccount": [given["sourceAccount"]]}
    return {
        "Sid": "".join(letter for letter in one.name.title() if letter.isalnum()),
        "Effect": "Allow",
        "Principal": {"Service": given["principal"]},
        "Action": [given["action"]],
        "Resource": [f"{arn}:{given['qualifier']}" if given.get("qualifier") else arn],
        "Condition": conditions,
    }


def _bodies(text: str) -> list[Body]:
    given: Any = json.loads(text)["Statement"]
    return [_whole(body) for body in (cast("list[Any]", given) if isinstance(given, list) else [given])]


def _whole(body: dict[str, Any]) -> Body:
    made = dict(body)
    for element in ("Action", "Resource"):
        if element in made:
            made[element] = _list(made[element])
    if "Condition" in made:
        conditions: dict[str, dict[str, Any]] = made["Condition"]
        made["Condition"] = {
            operator: {key: _list(value) for key, value in keys.items()} for operator, keys in conditions.items()
        }
    return made


def _list(value: Any) -> list[str]:  # noqa: ANN401 - a document's value
    return list(cast("list[str]", value)) if isinstance(value, list) else [str(value)]


def _merged(bodies: Sequence[Body]) -> tuple[Body, ...]:
    """Statements about the same resources under the same conditions are one: what is granted twice is one grant."""
    made: dict[str, dict[str, Any]] = {}
    for body in bodies:
        same = json.dumps([body["Effect"], body["Resource"], body.get("Condition", {})], sort_keys=True)
        known = made.setdefault(same, {**body, "Action": []})
        known["Action"] = [*known["Action"], *(action for action in body["Action"] if action not in known["Action"])]
    return tuple(made.values())


def with_conditions(body: Body, conditions: Mapping[str, Mapping[str, Any]]) -> Body:
    """A statement under other conditions; empty operators go."""
    left = {operator: dict(keys) for operator, keys in conditions.items() if keys}
    return {
        **{name: value for name, value in body.items() if name != "Condition"},
        **({"Condition": left} if left else {}),
    }


def with_policies(holder: Holder, statements: Sequence[Body]) -> Holder:
    """A holder with another policy."""
    return replace(holder, statements=tuple(statements))
