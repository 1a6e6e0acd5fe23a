"""What a rule is and what it looks at. Nothing here, and no rule, knows of Pulumi's policy SDK.

Values may be unknown in a preview: reading one raises, and whoever runs the rules decides what that means.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Value = Any
"""A property's value: nested mappings and lists of texts, numbers and truth values."""

Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource by its Pulumi (camelCase) properties: inputs while it is registered, outputs once it exists."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    protect: bool = False
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Property → URNs of the resources that its value comes from. Known in a preview, where the value is not."""

    def get(self, path: str) -> Value:
        """The value at `a.b.0.c`, or None where the path ends early."""
        return dig(self.props, path)

    def each(self, path: str) -> Sequence[Any]:
        """The list at a path; empty where there is none."""
        return cast("Sequence[Any]", self.get(path) or ())


def dig(value: Value, path: str) -> Value:
    """The value at `a.b.0.c` of nested mappings and lists, or None where the path ends early."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            found = cast("Mapping[str, Any]", value)
            value = found.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            items = cast("Sequence[Any]", value)
            value = items[int(step)] if step.isdecimal() and int(step) < len(items) else None
        else:
            return None
    return value


@dataclass(frozen=True)
class Stack:
    """All resources of a deployment."""

    resources: tuple[Resource, ...]

    def of(self, *types: str) -> Iterator[Resource]:
        """Those of the given types (`s3/bucket:Bucket`)."""
        tokens = tuple(f"aws:{of}" for of in types)
        return (one for one in self.resources if one.type in tokens)

    def attached(self, to: Resource, type_: str, by: str) -> list[Resource]:
        """Those of a type whose property `by` comes from the resource `to`."""
        return [one for one in self.of(type_) if to.urn in one.sources.get(by, ())]

    def uses(self, of: Resource, type_: str, by: str) -> bool:
        """Whether any of a type takes its property `by` from the resource."""
        return bool(self.attached(of, type_, by))


@dataclass(frozen=True, kw_only=True)
class ResourceRule:
    """A rule that a resource meets by itself. `check` yields what is wrong with it."""

    name: str
    demands: str
    types: tuple[str, ...]
    """Without the package: `s3/bucket:Bucket`."""
    severity: Severity
    check: Callable[[Resource], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule about what a resource has around it. `check` yields what is wrong, for each resource of the types."""

    name: str
    demands: str
    types: tuple[str, ...]
    severity: Severity
    check: Callable[[Resource, Stack], Iterable[str]]


Rule = ResourceRule | StackRule


def every_has(*, name: str, subject: str, attachment: str, by: str, severity: Severity, demands: str) -> StackRule:
    """A rule: each `subject` has an `attachment` whose property `by` names it."""

    def check(resource: Resource, stack: Stack) -> Iterator[str]:
        if not stack.uses(resource, attachment, by):
            yield f"no {attachment.rpartition(':')[2]} names it as its {by}"

    return StackRule(name=name, demands=demands, types=(subject,), severity=severity, check=check)


def forbidden(*, name: str, types: tuple[str, ...], severity: Severity, demands: str, why: str) -> ResourceRule:
    """A rule: no resource of these types."""

    def check(_resource: Resource) -> Iterator[str]:
        yield why

    return ResourceRule(name=name, demands=demands, types=types, severity=severity, check=check)


def unless(holds: object, message: str) -> Iterator[str]:
    """The message, if what should hold does not."""
    if not holds:
        yield message


GUARDED = ("staging", "prod")
"""Environments whose data must survive a mistake."""


def environment(resource: Resource) -> str:
    """The environment that the resource's tags name; empty where it has none."""
    return str(resource.get("tagsAll.environment") or resource.get("tags.environment") or "")


def text(value: Value) -> Value:
    """A document that a property holds as JSON text."""
    return json.loads(value) if isinstance(value, str) and value else value
