"""Removes a whole stack, as `pulumi destroy` does: from what is remembered of it, without its program."""

from collections.abc import Callable
from dataclasses import dataclass

from embedded.engine.model import Event, Goal, Provider, ProviderSettings, Resource, Snapshot, Step
from embedded.engine.removal import Remover, is_real, plain
from embedded.engine.settings import provider_settings

_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True, kw_only=True)
class Destroyed:
    """What is left of a stack, and the reasons by URN."""

    left: Snapshot
    refused: dict[str, str]


def destroy(
    stack: Snapshot,
    *,
    provider: Provider,
    region: str,
    exclude_protected: bool = False,
    on_event: Callable[[Event], None],
    on_step: Callable[[Step], None],
) -> Destroyed:
    """Delete the resources of `stack`; `region` is the default provider's.

    A protected resource refuses the whole stack before anything is deleted, as with Pulumi; with `exclude_protected`
    only it and what it depends on stay. What AWS refuses stays, with what that depends on.
    """
    resources = tuple(stack.resources.values())
    protected = {resource.urn: "it is protected (the option `protect`)" for resource in resources if resource.protect}
    if protected and not exclude_protected:
        return Destroyed(left=stack, refused=protected)
    steps: list[Step] = []

    def remember(step: Step) -> None:
        steps.append(step)
        on_step(step)

    settings = {
        resource.urn: provider_settings({"region": region, **plain(resource.inputs)})
        for resource in resources
        if resource.type == _PROVIDER
    }

    def settings_of(resource: Resource) -> ProviderSettings:
        return settings.get(resource.provider.rpartition("::")[0]) or ProviderSettings(region=region)

    for resource in stack.begun:
        goal = Goal(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            inputs=plain(resource.inputs),
            settings=settings_of(resource),
            generation=resource.generation,
        )
        provider.recover(goal)
        remember(Step(kind="abandon", resource=resource))
    remover = Remover(provider=provider, settings=settings_of, on_event=on_event, on_step=remember)
    refused = remover.remove(resources, stack.replaced)
    reasons = {
        resource.urn: refused[id(resource)]
        for resource in (*resources, *stack.replaced)
        if id(resource) in refused and is_real(resource)
    }
    return Destroyed(left=stack.after(steps), refused=reasons)
