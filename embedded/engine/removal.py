"""Deletes resources: what depends on others first, and nothing that something else still stands on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from embedded.engine import values
from embedded.engine.model import Event, Provider, ProviderError, ProviderSettings, Resource, Step
from embedded.engine.values import Value

_ENGINES_OWN = "pulumi:"


@dataclass(frozen=True, kw_only=True)
class Remover:
    """How resources are removed in one run. `settings` finds a provider's configuration, `word` is the event's kind."""

    provider: Provider
    settings: Callable[[Resource], ProviderSettings]
    on_event: Callable[[Event], None]
    on_step: Callable[[Step], None]
    word: str = "delete"

    def remove(
        self, leaving: Sequence[Resource], replaced: Sequence[Resource] = (), *, kept: Iterable[Resource] = ()
    ) -> dict[int, str]:
        """Delete `leaving` and `replaced`, in the order that their dependencies demand.

        What cannot be deleted stays, and with it everything it depends on; so does what `kept` depends on. Returns the
        reasons by the identity (`id()`) of the resource.
        """
        refused: dict[int, str] = {}
        needed = {urn: user.urn for user in kept for urn in uses(user)}
        discarded = {id(resource) for resource in replaced}
        going = {resource.urn for resource in leaving}
        for resource in order((*leaving, *replaced)):
            user = None if id(resource) in discarded else needed.get(resource.urn)
            reason = f"{user} depends on it" if user else self._delete(resource, going, id(resource) in discarded)
            if reason:
                refused[id(resource)] = reason
                needed |= dict.fromkeys(uses(resource), resource.urn)
        return refused

    def _delete(self, resource: Resource, going: set[str], discarded: bool) -> str:
        if not is_real(resource):
            self.on_step(Step(kind="drop", resource=resource))
            return ""
        if resource.protect:
            return "it is protected (the option `protect`)"
        kept = resource.retain_on_delete
        if not kept and resource.deleted_with not in going:
            try:
                self.provider.delete(revealed(resource), self.settings(resource))
            except ProviderError as error:
                return str(error)
        self.on_step(Step(kind="discarded" if discarded else "drop", resource=resource))
        self.on_event(Event(kind="keep" if kept else "discard" if discarded else self.word, urn=resource.urn))
        return ""


def is_real(resource: Resource) -> bool:
    """Whether there is anything outside the program to delete."""
    return resource.custom and not resource.type.startswith(_ENGINES_OWN)


def uses(resource: Resource) -> set[str]:
    """The URNs that a resource cannot be without."""
    found = {resource.parent, *resource.dependencies, resource.provider.rpartition("::")[0], resource.deleted_with}
    for urns in resource.property_dependencies.values():
        found.update(urns)
    return found - {"", resource.urn}


def order(resources: Sequence[Resource]) -> list[Resource]:
    """Each before everything it depends on; otherwise the last made first."""
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource.urn, []).append(resource)
    seen: set[int] = set()
    result: list[Resource] = []

    def visit(resource: Resource) -> None:
        stack: list[tuple[Resource, bool]] = [(resource, False)]
        while stack:
            current, done = stack.pop()
            if done:
                result.append(current)
            elif id(current) not in seen:
                seen.add(id(current))
                stack.append((current, True))
                stack += [(other, False) for urn in sorted(uses(current)) for other in by_urn.get(urn, [])]

    for resource in resources:
        visit(resource)
    return result[::-1]


def revealed(resource: Resource) -> Resource:
    """The resource with plain values: secrets revealed, references as ids."""
    return replace(resource, inputs=plain(resource.inputs), outputs=plain(resource.outputs))


def plain(inputs: Value) -> dict[str, Any]:
    """Plain values of properties."""

    def leaf(item: Value) -> Value:
        return (item.id or values.UNKNOWN) if isinstance(item, values.Reference) else item

    return cast("dict[str, Any]", values.walk(values.reveal(dict(inputs)), leaf))
