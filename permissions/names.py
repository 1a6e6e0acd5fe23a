"""Logical names for physical ones: `${bucket:catalogue}` is what the program calls it, whatever AWS does.

Account and region are `${account}` and `${region}`, so that what one deployment did can be asked of another.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

_REGION = "${region}"
_ACCOUNT = "${account}"


class Made(Protocol):
    """A resource as the program made it: captured, or deployed."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def id(self) -> str: ...


KINDS: Mapping[str, str] = {
    "budgets/budget:Budget": "budget",
    "cloudfront/distribution:Distribution": "distribution",
    "cloudwatch/eventBus:EventBus": "bus",
    "cloudwatch/eventRule:EventRule": "rule",
    "cloudwatch/logGroup:LogGroup": "log-group",
    "cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "dynamodb/table:Table": "table",
    "iam/role:Role": "role",
    "kms/key:Key": "key",
    "lambda/function:Function": "function",
    "mediaconvert/queue:Queue": "job-queue",
    "s3/bucket:Bucket": "bucket",
    "sfn/stateMachine:StateMachine": "machine",
    "sns/topic:Topic": "topic",
    "sqs/queue:Queue": "queue",
}
"""Type of a resource → what its name is prefixed with."""


def _physical(kind: str, identity: str) -> str:
    """As it stands in an ARN."""
    if kind == "queue":
        return identity.rpartition("/")[2]
    if kind in ("machine", "topic", "budget"):
        return identity.rpartition(":")[2]
    return identity


@dataclass(frozen=True)
class Names:
    """One deployment's. `physical`: logical name (`bucket:catalogue`) → name in ARNs."""

    physical: Mapping[str, str]
    account: str
    region: str

    @classmethod
    def of(cls, resources: Iterable[Made], account: str, region: str) -> "Names":
        """Those of a stack's resources."""
        found: dict[str, str] = {}
        for one in resources:
            kind = KINDS.get(one.type.partition(":")[2])
            if kind and one.id:
                found[f"{kind}:{one.name}"] = _physical(kind, one.id)
        return cls(found, account, region)

    @cached_property
    def prefix(self) -> str:
        """Project and environment, with which every name begins: `${prefix}`."""
        name, bucket = next(
            (each.partition(":")[2], held) for each, held in sorted(self.physical.items()) if each.startswith("bucket:")
        )
        return bucket.rpartition(f"-{name}-")[0]

    @cached_property
    def _logical(self) -> tuple[re.Pattern[str], Mapping[str, str]]:
        # Log groups of state machines and functions hold names of others: the longest first.
        by_name = {name: logical for logical, name in sorted(self.physical.items())}
        words = sorted(by_name, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, words)) or r"(?!)"), by_name

    def logical(self, text: str) -> str:
        """The text with logical names in it."""
        pattern, by_name = self._logical
        text = pattern.sub(lambda found: f"${{{by_name[found[0]]}}}", text)
        return text.replace(self.account, _ACCOUNT).replace(self.region, _REGION)

    def concrete(self, text: str) -> str:
        """The text with this deployment's names. Raises UnknownNameError for what it does not have."""

        def name(found: re.Match[str]) -> str:
            if found[0] == _REGION:
                return self.region
            if found[0] == _ACCOUNT:
                return self.account
            if found[1] == "prefix":
                return self.prefix
            if found[1] not in self.physical:
                raise UnknownNameError(found[1])
            return self.physical[found[1]]

        return re.sub(r"\$\{([^}]+)\}", name, text)

    def kind(self, kind: str) -> list[str]:
        """Logical names of one kind, sorted."""
        return sorted(name for name in self.physical if name.startswith(f"{kind}:"))


class UnknownNameError(Exception):
    """A logical name that a deployment does not have."""


@dataclass(frozen=True)
class Deployed:
    """A line of `python -m embedded resources --json`."""

    type: str
    name: str
    id: str

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> "Deployed":
        """From its JSON."""
        return cls(str(entry["type"]), str(entry["name"]), str(entry.get("id") or ""))
