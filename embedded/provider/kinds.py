"""How a resource type is written down: as a few facts (`Simple`), or as the generator of the calls that make it.

A generator yields `Call`s and gets their responses. It runs twice: first *dry*, where every call is only translated and
validated and every response is unknown, so that a mistake is found before anything is made; then for real.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from embedded.engine.autonaming import seed
from embedded.engine.model import Created, Goal, ProviderError, Resource
from embedded.engine.values import UNKNOWN, Value
from embedded.provider.shapes import ArgumentError


@dataclass(frozen=True, kw_only=True)
class Call:
    """One AWS operation. `arguments` go through `translate` with `rename`; `params` are AWS's own names already."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    service: str = ""
    region: str = ""
    tolerate: tuple[str, ...] = ()


Template = str | bool | list[str]
Steps = Generator[Call, Any, Created]
Calls = Generator[Call, Any, None]
Removal = Calls


class Hole(str):
    """An answer nobody has yet: it is unknown, and so is everything inside it."""

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, UNKNOWN)

    def __getitem__(self, _key: Value) -> "Hole":
        return self

    def get(self, _key: str, _default: Value = None) -> "Hole":
        return self


class Arguments:
    """A resource's arguments, each of which must be taken by someone."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._rest = {key: value for key, value in inputs.items() if value is not None}

    def take(self, key: str, default: Value = None) -> Value:
        """Consume one argument."""
        return self._rest.pop(key, default)

    def take_some(self, *keys: str) -> dict[str, Any]:
        """Consume those of `keys` that are given."""
        return {key: self._rest.pop(key) for key in keys if key in self._rest}

    def take_rest(self) -> dict[str, Any]:
        """Consume everything left: for a call that is strict itself."""
        rest, self._rest = self._rest, {}
        return rest

    def end(self, where: str) -> None:
        """Refuse what is left of a nested group of arguments."""
        if self._rest:
            message = f"{where}: unsupported arguments: {', '.join(self.left())}"
            raise ArgumentError(message)

    def left(self) -> list[str]:
        """What nobody has consumed."""
        return sorted(self._rest)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a type's generators are given. `root` is the project's directory."""

    goal: Goal
    arguments: Arguments
    account: str
    region: str
    root: Path
    old: Resource | None = None
    dry: bool = False
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN in this account and region; pass `""` for the parts that a service leaves out."""
        where = self.region if region is None else region
        who = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{who}:{resource}"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Automatic names: the property, the longest name allowed, and what a name looks like.

    A name cannot be changed, unless `changeable`.
    """

    property: str = "name"
    changeable: bool = False
    longest: int = 255
    prefix: str = ""
    lower: bool = False
    suffix: Callable[[Mapping[str, Any]], str] = lambda _inputs: ""

    def choose(self, goal: Goal) -> str:
        """What the stack proposes, or the logical name and seven hex digits that follow from URN and generation."""
        digits = seed(goal.urn, goal.generation)[:7]
        given = goal.inputs.get(f"{self.property}Prefix")
        chosen = f"{given}{digits}" if given else goal.proposed_name or f"{goal.name}-{digits}"
        name = f"{self.prefix}{chosen.lower() if self.lower else chosen}{self.suffix(goal.inputs)}"
        if len(name) > self.longest:
            message = f"the automatic {self.property} {name!r} has {len(name)} characters, {self.longest} are allowed"
            raise ProviderError(message)
        return name


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type.

    `create` makes it. `update` changes it, and gets `request.old`; it consumes at least the arguments that have
    changed. Where `put` is set, a call carries everything there is to say, so that what it does not mention is gone;
    without an `update`, creating again is the update. What the program no longer gives must be `removable` (the update
    sees that it is missing) or in `resets`, with what an update says instead. A change of `identity` needs a new
    resource, as it does for Pulumi's AWS provider; `("*",)` means any change. `delete` removes the resource, or is
    `nothing`. `volatile` outputs are another after an update, unless only `steady`
    arguments and tags have changed. `tags`: it takes tags, and the provider's default ones.
    """

    service: str
    create: Callable[[Request], Steps]
    delete: Callable[[Request], Removal]
    naming: Naming | None = None
    tags: bool = False
    put: bool = False
    identity: tuple[str, ...] = ()
    update: Callable[[Request], Steps] | None = None
    removable: tuple[str, ...] = ()
    resets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    volatile: tuple[str, ...] = ()
    steady: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    region: str = ""
    fingerprint: Callable[[Goal, Path], Mapping[str, Any]] | None = None

    def replaces(self, changed: set[str]) -> set[str]:
        """Those of the changed arguments that need a new resource."""
        if "*" in self.identity:
            return set(changed)
        fixed = {*self.identity, "region"}
        if self.naming and not self.naming.changeable:
            fixed.add(self.naming.property)
        return fixed & changed

    def unchangeable(self, changed: set[str], given: Mapping[str, Any]) -> set[str]:
        """Those of the changed arguments that no update brings about."""
        if not (self.put or self.update):
            return changed - {"tags", "tagsAll"}
        gone = {key for key in changed if given.get(key) is None}
        return set() if self.put else gone - set(self.removable) - set(self.resets) - {"tags", "tagsAll"}


def nothing(request: Request) -> Removal:  # noqa: ARG001
    """Delete a resource that is only a way to say something about another, and goes with it."""
    yield from ()


class _Given(dict[str, Any]):
    """Values by name; one that is not given is `None`."""

    def __missing__(self, _key: str) -> None:
        return None


def undo(operation: str, **templates: Template) -> Callable[[Request], Removal]:
    """Delete by one call; its parameters are templates over inputs and outputs, with `__` for a dot."""

    def remove(request: Request) -> Removal:
        names = _Given(_scope(request, Hole()))
        params = {key.replace("__", "."): fill(template, names) for key, template in templates.items()}
        yield Call(operation=operation, params={key: value for key, value in params.items() if value is not None})

    return remove


KINDS: dict[str, Kind] = {}


def declare(token: str, kind: Kind) -> None:
    """Make a type known."""
    if token in KINDS:
        message = f"{token} is declared twice"
        raise ValueError(message)
    KINDS[token] = kind


def kind(
    token: str, service: str, **facts: Value
) -> Callable[[Callable[[Request], Steps]], Callable[[Request], Steps]]:
    """Declare the decorated generator as what makes `token`."""

    def decorate(create: Callable[[Request], Steps]) -> Callable[[Request], Steps]:
        declare(token, Kind(service=service, create=create, **facts))
        return create

    return decorate


def simple(
    token: str,
    service: str,
    operation: str,
    *,
    id: str,  # noqa: A002  (Pulumi's own word)
    outputs: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    ignore: tuple[str, ...] = (),
    update: tuple[str, Mapping[str, Template]] | None = None,
    delete: Callable[[Request], Removal],
    **facts: Value,
) -> None:
    """Declare a type that one call makes.

    `id` and `outputs` are templates over the inputs, `response`, `region`, `account` and `partition`: `{name}`,
    `{response[Table][TableArn]}`; one that is nothing but a reference keeps its type. `ignore` names arguments that
    only steer Pulumi itself. `update` names an operation and, next to the arguments themselves, its parameters as
    templates over inputs and outputs.
    """

    def make(request: Request) -> Steps:
        request.arguments.take_some(*ignore)
        arguments = request.arguments.take_rest()
        response = yield Call(operation=operation, arguments=arguments, rename=rename or {}, params=params or {})
        return _created(request, response, id, outputs or {})

    def change(request: Request) -> Steps:
        assert update is not None  # noqa: S101  (narrows the type)
        request.arguments.take_some(*ignore, *facts.get("identity", ()))
        changed, templates = update
        names = _scope(request, Hole())
        fixed = {key: fill(template, names) for key, template in templates.items()}
        arguments = request.arguments.take_rest()
        response = yield Call(operation=changed, arguments=arguments, rename=rename or {}, params=fixed)
        created = _created(request, response, id, outputs or {})
        old = request.old
        return Created(id=old.id if old else created.id, outputs=created.outputs)

    declare(
        token,
        Kind(
            service=service,
            create=make,
            update=change if update else None,
            delete=delete,
            **facts,
        ),
    )


def _scope(request: Request, response: Value) -> dict[str, Any]:
    old = {**request.old.outputs, "id": request.old.id} if request.old else {}
    where = {"response": response, "region": request.region, "account": request.account, "partition": request.partition}
    return {**old, **request.goal.inputs, **where}


def _created(request: Request, response: Value, identity: str, outputs: Mapping[str, str]) -> Created:
    names = _scope(request, response)
    return Created(
        id=str(fill(identity, names)), outputs={key: fill(template, names) for key, template in outputs.items()}
    )


def fill(template: Template, names: Mapping[str, Any]) -> Value:
    """A template's value; a lone reference (`{name}` or `{response[A][B]}`) is what it refers to, of whatever type."""
    if isinstance(template, list):
        return [fill(item, names) for item in template]
    if isinstance(template, bool):
        return template
    lone = re.fullmatch(r"\{(\w+)((?:\[\w+\])*)\}", template)
    if lone is None:
        return template.format_map(names)
    value = names[lone[1]]
    for key in re.findall(r"\[(\w+)\]", lone[2]):
        value = value[key]
    return value
