"""Requests that must be denied, made from those that were made: each is another's with one thing changed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from permissions.calls import Call
from permissions.judge import ADMINISTRATOR, OTHER_ACCOUNT, STRANGER
from permissions.names import Names
from permissions.policies import Environment

OTHER_REGION = "eu-north-1"
_ELSEWHERE = "elsewhere"

DANGEROUS: Mapping[str, str] = {
    "cloudfront": "UpdateDistribution",
    "dynamodb": "DeleteTable",
    "events": "DeleteRule",
    "iam": "PutRolePolicy",
    "kms": "PutKeyPolicy",
    "lambda": "UpdateFunctionCode20150331v2",
    "logs": "DeleteLogGroup",
    "mediaconvert": "DeleteQueue",
    "s3": "DeleteObjectVersion",
    "sns": "DeleteTopic",
    "sqs": "PurgeQueue",
    "states": "DeleteStateMachine",
    "sts": "TagSession",
    "xray": "PutEncryptionConfig",
}
"""Of each service an action that nothing here may take."""


@dataclass(frozen=True)
class Change:
    """What is changed: `part` is `resource`, `caller`, `action`, or a context key; `old` → `new` as in a policy.

    `old` is empty where the whole is replaced, `new` is None where a key is left out.
    """

    part: str
    old: str
    new: str | None
    kind: str


@dataclass(frozen=True)
class Probe:
    """A request that must be denied, and the call that it was made from."""

    call: Call
    change: Change
    origin: Call

    def text(self) -> str:
        """For a person."""
        return f"{self.change.kind}: {self.call.text()}"


class Prober:
    """Makes probes in the names of one environment and of the one beside it (`${prod/bucket:catalogue}`)."""

    def __init__(self, environment: Environment, beside: Environment) -> None:
        self._beside = beside.stack
        self.names = Names(
            {
                **environment.names.physical,
                **{f"{beside.stack}/{name}": held for name, held in beside.names.physical.items()},
            },
            environment.names.account,
            environment.names.region,
        )
        self._own, self._names_beside = environment.names, beside.names
        self._prefixes = _prefixes(environment)

    def of(self, call: Call, asked_for: Collection[str]) -> Iterator[Probe]:
        """Every probe that a call gives rise to; `asked_for`: the context keys that a policy of it asks for."""
        if call.caller == ADMINISTRATOR:
            return
        for change in self._resources(call):
            yield Probe(replace(call, resource=_changed(call.resource, change)), change, call)
        for name, held in call.keys:
            if name not in asked_for:
                continue
            for change in self._values(name, held[0]):
                value = None if change.new is None else _changed(held[0], change)
                yield Probe(call.with_key(name, value), change, call)
        service = call.action.partition(":")[0]
        other = f"{service}:{DANGEROUS[service]}"
        yield Probe(replace(call, action=other), Change("action", call.action, other, "another action"), call)
        if not call.caller.startswith("$"):
            for who in (STRANGER, "ec2.amazonaws.com"):
                yield Probe(replace(call, caller=who), Change("caller", call.caller, who, "another caller"), call)

    def _resources(self, call: Call) -> Iterator[Change]:
        resource = call.resource
        # Whom a role trusts is not what trust is about.
        if resource == "*" or call.action == "sts:AssumeRole":
            return
        yield from self._siblings("resource", resource)
        if resource.startswith("arn:aws:s3:::"):
            bucket, slash, key = resource.partition("/")
            if slash:
                first = key.partition("/")[0]
                for prefix in [*self._prefixes.get(bucket, []), f"{_ELSEWHERE}/*"]:
                    other = prefix.partition("/")[0].replace("*", "0")
                    if other != first and not (first.startswith("v-") and other == "v-0"):
                        yield Change("resource", f"{bucket}/{key}", f"{bucket}/{prefix}", "another prefix")
        if resource.startswith("arn:aws:lambda:") and resource.count(":") > 6:
            yield Change("resource", resource, ":".join(resource.split(":")[:7]), "unqualified function")
        yield from _elsewhere("resource", resource)

    def _values(self, name: str, value: str) -> Iterator[Change]:
        yield Change(name, value, None, f"without {name}")
        found = [*self._siblings(name, value), *_elsewhere(name, value)]
        yield from found
        if "${account}" in value:
            yield Change(name, "${account}", OTHER_ACCOUNT, f"another account in {name}")
        if not found or not value.startswith("arn:"):
            yield Change(
                name, value, f"other-{value}" if not value.startswith("arn:") else f"{value}-other", f"another {name}"
            )

    def _siblings(self, part: str, text: str) -> Iterator[Change]:
        beside = self._names_beside
        start = text.find("${")
        while start >= 0:
            end = text.index("}", start)
            name = text[start + 2 : end]
            start = text.find("${", end)
            if name == "prefix":
                yield Change(part, "${prefix}", beside.prefix, f"{self._beside}'s name")
            if name in ("account", "region") or name not in self._own.physical:
                continue
            kind = name.partition(":")[0]
            if f"{self._beside}/{name}" in self.names.physical:
                yield Change(part, f"${{{name}}}", f"${{{self._beside}/{name}}}", f"{self._beside}'s {kind}")
            others = [other for other in self._own.kind(kind) if other != name]
            for other in others or [f"{name}-other"]:
                new = f"${{{other}}}" if others else f"another-{kind}"
                yield Change(part, f"${{{name}}}", new, f"another {kind}")


def _elsewhere(part: str, text: str) -> Iterator[Change]:
    for region in ("${region}", "us-east-1"):
        if region in text:
            yield Change(part, region, OTHER_REGION, "another region")


def _changed(text: str, change: Change) -> str:
    assert change.new is not None  # noqa: S101 - callers know
    new = change.new
    if change.kind == "another prefix":
        new = f"{new.rpartition('/')[0] if new.endswith('/*') else new.replace('*', '0')}/x"
    return text.replace(change.old, new)


def _prefixes(environment: Environment) -> dict[str, list[str]]:
    """Key patterns that roles have, by bucket's logical ARN."""
    found: dict[str, set[str]] = {}
    for role in environment.roles:
        for body in role.statements:
            for resource in map(environment.names.logical, body["Resource"]):
                bucket, slash, pattern = resource.partition("/")
                if slash and bucket.startswith("arn:aws:s3:::"):
                    found.setdefault(bucket, set()).add(pattern)
    return {bucket: sorted(patterns) for bucket, patterns in found.items()}


def guards(environment: Environment) -> Iterator[tuple[Call, Call | None]]:
    """For policies that deny: (a request by an administrator that must be denied, one like it that must not)."""
    for holder in sorted(environment.holders.values(), key=lambda one: one.label):
        name = f"${{{holder.subject}}}"
        if holder.kind == "bucket":
            yield from _of_bucket(name, environment.names.logical(str(holder.statements)))
        elif holder.kind in ("queue", "topic"):
            service, action = ("sqs", "sqs:ReceiveMessage") if holder.kind == "queue" else ("sns", "sns:Publish")
            region = "us-east-1" if "us-east-1" in str(holder.statements) else "${region}"
            arn = f"arn:aws:{service}:{region}:${{account}}:{name}"
            allowed = Call(ADMINISTRATOR, action, arn, by="an administrator's access")
            yield allowed.with_key("aws:securetransport", "false"), allowed


def _of_bucket(name: str, text: str) -> Iterator[tuple[Call, Call | None]]:
    listed = Call(ADMINISTRATOR, "s3:ListBucket", f"arn:aws:s3:::{name}", by="an administrator's access")
    written = replace(listed, action="s3:PutObject", resource=f"arn:aws:s3:::{name}/{_ELSEWHERE}/x")
    for call in (listed, replace(written, action="s3:GetObject")):
        yield call.with_key("aws:securetransport", "false"), call
    if "s3:x-amz-server-side-encryption" not in text:
        return
    sse, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    own = next(part for part in text.split("'") if part.startswith("arn:aws:kms:") and "${key:" in part)
    named = written.with_key(sse, "aws:kms").with_key(key, own)
    yield written.with_key(sse, "AES256").with_key(key, own), named
    yield named.with_key(key, "arn:aws:kms:${region}:${account}:key/other"), written
    yield written.with_key(sse, "aws:kms"), named
    yield written.with_key("s3:x-amz-server-side-encryption-customer-algorithm", "AES256"), written
    # Only what names an encryption is looked at.
    yield written.with_key(key, "arn:aws:kms:${region}:${account}:key/other"), None
