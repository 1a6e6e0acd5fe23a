"""What an engine run is made of: resources, providers, events, and the deployment that comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class ProviderError(Exception):
    """A resource that the provider refuses: unknown type, unconsumed argument, bad value, or a failed call."""


class DeploymentFailed(Exception):
    """The program raised, a registration was refused, or a provider call failed. The message holds every error seen."""


@dataclass(frozen=True, kw_only=True)
class Created:
    """What a provider returns for a resource: its id, and its outputs by Pulumi (camelCase) property name."""

    id: str
    outputs: dict[str, Any]


class Provider(Protocol):
    """Makes, changes and removes the resources of one package. All names are Pulumi's camelCase wire names."""

    def check(self, type_token: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Raise `ProviderError` unless every argument is known to the resource type; unknown *values* are accepted."""

    def preview(self, urn: str, type_token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs that are certain before anything exists (the inputs, as a rule)."""
        ...

    def create(self, urn: str, type_token: str, name: str, inputs: Mapping[str, Any]) -> Created:
        """Make the resource."""
        ...

    def update(self, resource: "Resource", inputs: Mapping[str, Any]) -> Created:
        """Change an existing resource to `inputs`, or raise `ProviderError` where it would need a replacement."""
        ...

    def delete(self, resource: "Resource") -> None:
        """Remove the resource."""

    def read(self, type_token: str, name: str, resource_id: str, inputs: Mapping[str, Any]) -> Created:
        """Look up a resource that another program made."""
        ...

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a data source."""
        ...


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered resource. `inputs` and `outputs` are plain JSON-like values with `UNKNOWN`, `Secret`, `Asset` in them."""

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
    protect: bool = False
    provider: str = ""
    aliases: tuple[str, ...] = ()
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Event:
    """Progress of a run. `kind`: preview, create, update, same, delete, read, log, failed."""

    kind: str
    urn: str
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
