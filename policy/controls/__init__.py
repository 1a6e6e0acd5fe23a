"""The control matrix: what others demand of an AWS account, and where it is met here or why not.

One file per service. `FSBP` ids (`S3.5`) are those of AWS Foundational Security Best Practices and of Security Hub:
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from policy.model import Value

_DIRECTORY = Path(__file__).parent


class ControlError(Exception):
    """A control that is not written as one."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """One demand: met by rules of the pack or by what `met` says, or excepted for a reason; often several of these."""

    service: str
    id: str
    demands: str
    also: tuple[str, ...] = ()
    """What others call it."""
    rules: tuple[str, ...] = ()
    met: str = ""
    exception: str = ""
    scope: str = ""
    """What the exception is for."""
    audit: tuple[str, ...] = ()
    """Checks of Prowler whose failures the exception explains."""
    resources: tuple[str, ...] = ("*",)
    """Patterns of the ARNs that it explains them for."""
    environments: tuple[str, ...] = ()
    """Where ARNs do not say: tags `environment` of those resources. None: any."""

    def __post_init__(self) -> None:
        for wrong, problem in (
            (not (self.rules or self.met or self.exception), "neither met nor excepted"),
            (bool(self.exception) != bool(self.scope), "an exception needs a scope, and a scope an exception"),
            (bool(self.audit) and not self.exception, "explains failures by no exception"),
        ):
            if wrong:
                message = f"control {self.id}: {problem}"
                raise ControlError(message)

    def explains(self, check: str, resource: str, environment: str) -> bool:
        """Whether a failure of an audit's check is excepted for this resource."""
        return (
            check in self.audit
            and any(fnmatchcase(resource, pattern) for pattern in self.resources)
            and (not self.environments or environment in self.environments)
        )


_KEYS = frozenset(field.name for field in fields(Control)) - {"service"}


def load() -> tuple[Control, ...]:
    """All controls, by file. Raises `ControlError`."""
    return tuple(control for path in sorted(_DIRECTORY.glob("*.toml")) for control in _read(path))


def _read(path: Path) -> Iterator[Control]:
    document = tomllib.loads(path.read_text())
    for entry in document["control"]:
        yield _control(document["service"], entry)


def _control(service: str, entry: Mapping[str, Any]) -> Control:
    if unknown := set(entry) - _KEYS:
        message = f"control {entry.get('id')}: unknown {', '.join(sorted(unknown))}"
        raise ControlError(message)
    values: dict[str, Any] = {key: _value(value) for key, value in entry.items()}
    return Control(service=service, **values)


def _value(value: Value) -> Value:
    return tuple(cast("list[str]", value)) if isinstance(value, list) else value
