"""What an engine run is made of: resources, providers, events, and the deployment that comes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class ProviderError(Exception):
    """A resource that the provider refuses: unknown type, unconsumed argument, bad value, or a failed call."""


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """The configuration of one provider instance: the stack's default one, or an explicit provider resource."""

    region: str
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    allowed_accounts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A resource as the program wants it. `inputs` hold plain values: secrets revealed, resources replaced by ids.

    `proposed_name` is what `pulumi:autonaming` of the stack makes of the logical name, if it says anything.
    `generation` counts the replacements of the resource: an automatic name is another one in each.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    settings: ProviderSettings
    proposed_name: str = ""
    generation: int = 0


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What an update would do. `replace` holds those of the `changed` arguments that only a new resource can take.

    `delete_first`: the new resource could not exist beside the old one, as where both have the same fixed name.
    """

    changed: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    delete_first: bool = False


@dataclass(frozen=True, kw_only=True)
class Created:
    """What a provider returns for a resource: its id, and its outputs by Pulumi (camelCase) property name."""

    id: str
    outputs: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered resource. `inputs` and `outputs` are JSON-like, with `UNKNOWN`, `Secret` and `Asset` in them."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    provider: str = ""
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    deleted_with: str = ""
    generation: int = 0


class Provider(Protocol):
    """Makes, changes and removes resources. All property names are Pulumi's camelCase wire names."""

    def check(self, goal: Goal, old_inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """The inputs completed with what the provider chooses (names, merged tags).

        Raises `ProviderError` for an unknown type, an argument that the type does not consume, or an invalid value.
        Unknown values are accepted anywhere. `old_inputs` are the completed inputs of the last deployment.
        """
        ...

    def diff(self, goal: Goal, old: Resource) -> Diff:
        """Compare checked inputs, unknowns among them, with the resource as it is. Calls nothing.

        Raises `ProviderError` for a change that neither an update nor a replacement brings about.
        """
        ...

    def foresee(self, goal: Goal, old: Resource) -> dict[str, Any]:
        """The outputs after an update, as far as they are known before it."""
        ...

    def create(self, goal: Goal) -> Created:
        """Make the resource; `goal.inputs` have been checked and hold no unknowns."""
        ...

    def update(self, goal: Goal, old: Resource) -> Created:
        """Change an existing resource in place. `old` holds plain values, as the goal does."""
        ...

    def delete(self, old: Resource, settings: ProviderSettings) -> None:
        """Remove a resource; one that is gone already is no error. Raises `ProviderError` where AWS refuses."""

    def recover(self, goal: Goal) -> bool:
        """Remove what a `create` that was cut short may have left. False where that cannot be told from outside."""
        ...

    def read(self, goal: Goal, resource_id: str) -> Created:
        """Look up a resource that this program did not make."""
        ...

    def invoke(self, token: str, arguments: Mapping[str, Any], settings: ProviderSettings) -> dict[str, Any]:
        """Answer a data source."""
        ...


@dataclass(frozen=True, kw_only=True)
class Event:
    """Progress of a run, or of its preview.

    `kind`: create, update, replace, same, delete, discard (of what has been replaced), keep (on request), read, log,
    failed. `properties` are those that make the difference.
    """

    kind: str
    urn: str = ""
    message: str = ""
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of what a stack consists of, to be remembered before anything else happens.

    `kind`: `begin` (a creation that may be cut short), `abandon` (it failed), `put` (made or changed; `former` is the
    URN it had), `replaced` (has a successor and is to be deleted), `drop` (gone), `discarded` (a replaced one is gone).
    """

    kind: str
    resource: Resource
    former: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a stack consists of: `resources` by URN, those `replaced` but not yet deleted, those `begun` but never made.

    The last two are empty unless a run was cut short, or AWS refused to delete something.
    """

    resources: Mapping[str, Resource] = field(default_factory=dict[str, Resource])
    replaced: tuple[Resource, ...] = ()
    begun: tuple[Resource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def after(self, steps: Iterable[Step]) -> "Snapshot":
        """The snapshot once `steps` have been taken."""
        resources, replaced = dict(self.resources), list(self.replaced)
        begun = {resource.urn: resource for resource in self.begun}
        for step in steps:
            resource = step.resource
            match step.kind:
                case "begin":
                    begun[resource.urn] = resource
                case "abandon":
                    begun.pop(resource.urn, None)
                case "put":
                    begun.pop(resource.urn, None)
                    resources.pop(step.former, None)
                    resources[resource.urn] = resource
                case "replaced":
                    replaced.append(resource)
                    resources.pop(resource.urn, None)
                case "drop":
                    resources.pop(resource.urn, None)
                case _:
                    same = [item for item in replaced if (item.urn, item.id) == (resource.urn, resource.id)]
                    replaced = [item for item in replaced if item not in same]
        return Snapshot(
            resources=resources, replaced=tuple(replaced), begun=tuple(begun.values()), outputs=self.outputs
        )


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The result: every resource in order of registration, the stack's outputs, and the messages that were logged."""

    stack: str
    project: str
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]
    messages: tuple[str, ...] = ()
    replaced: tuple[Resource, ...] = ()
    begun: tuple[Resource, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """What the next deployment starts from."""
        resources = {resource.urn: resource for resource in self.resources}
        return Snapshot(resources=resources, replaced=self.replaced, begun=self.begun, outputs=self.outputs)

    def of_type(self, type_token: str) -> tuple[Resource, ...]:
        """All resources of one type, e.g. `aws:sqs/queue:Queue`."""
        return tuple(resource for resource in self.resources if resource.type == type_token)


class DeploymentFailed(Exception):  # noqa: N818  (what has happened, as `KeyboardInterrupt`)
    """The program raised, a registration was refused, or a provider call failed. The message holds every error seen.

    `deployment` is what exists nevertheless, and must be remembered.
    """

    def __init__(self, errors: tuple[str, ...], deployment: Deployment) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
        self.deployment = deployment
