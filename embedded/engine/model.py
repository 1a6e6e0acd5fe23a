"""What an engine run is made of: resources, providers, events, and the deployment that comes out."""

from collections.abc import Mapping
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
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    settings: ProviderSettings
    proposed_name: str = ""


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


class Provider(Protocol):
    """Makes, changes and removes resources. All property names are Pulumi's camelCase wire names."""

    def check(self, goal: Goal, old_inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """The inputs completed with what the provider chooses (names, merged tags).

        Raises `ProviderError` for an unknown type, an argument that the type does not consume, or an invalid value.
        Unknown values are accepted anywhere. `old_inputs` are the completed inputs of the last deployment.
        """
        ...

    def create(self, goal: Goal) -> Created:
        """Make the resource; `goal.inputs` have been checked and hold no unknowns."""
        ...

    def update(self, goal: Goal, old: Resource) -> Created:
        """Change an existing resource, or raise `ProviderError` where it would have to be replaced.

        `old` holds plain values, as the goal does.
        """
        ...

    def delete(self, old: Resource, settings: ProviderSettings) -> None:
        """Remove a resource."""

    def read(self, goal: Goal, resource_id: str) -> Created:
        """Look up a resource that this program did not make."""
        ...

    def invoke(self, token: str, arguments: Mapping[str, Any], settings: ProviderSettings) -> dict[str, Any]:
        """Answer a data source."""
        ...


@dataclass(frozen=True, kw_only=True)
class Event:
    """Progress of a run. `kind`: preview, create, update, same, delete, read, log, failed."""

    kind: str
    urn: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The result: every resource in order of registration, the stack's outputs, and the messages that were logged."""

    stack: str
    project: str
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]
    messages: tuple[str, ...] = ()

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
