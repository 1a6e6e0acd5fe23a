"""One run of a program: registrations come in, resources are checked, made or changed, and remembered."""

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from embedded.engine import urns, values
from embedded.engine.autonaming import propose
from embedded.engine.model import (
    Created,
    Deployment,
    Event,
    Goal,
    Provider,
    ProviderError,
    ProviderSettings,
    Resource,
)
from embedded.engine.project import Project
from embedded.engine.settings import provider_settings, stack_settings
from embedded.engine.values import Value

_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_PROVIDER_PREFIX = "pulumi:providers:"


class RegistrationError(Exception):
    """A registration that the run cannot survive."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a program asks for."""

    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False


class Session:
    """The state of one run. Its methods are called from many threads at once, one per registration in flight."""

    def __init__(
        self,
        project: Project,
        *,
        preview: bool,
        provider: Provider,
        state: Mapping[str, Resource],
        stack_references: Callable[[str], Mapping[str, Any] | None],
        on_event: Callable[[Event], None],
    ) -> None:
        self.project = project
        self.preview = preview
        self.errors: list[str] = []
        self.messages: list[str] = []
        self.outputs: dict[str, Any] = {}
        self.root = ""
        self._provider = provider
        self._state = dict(state)
        self._stack_references = stack_references
        self._on_event = on_event
        self._lock = threading.Lock()
        self._event_lock = threading.Lock()
        self._resources: dict[str, Resource] = {}
        self._reserved: dict[str, None] = {}
        self._former: dict[str, str] = {}
        self._settings: dict[str, ProviderSettings] = {"": stack_settings(project.config)}

    def event(self, kind: str, urn: str = "", message: str = "") -> None:
        """Tell whoever watches, one event at a time."""
        with self._event_lock:
            self._on_event(Event(kind=kind, urn=urn, message=message))

    def log(self, message: str) -> None:
        """Keep a message of the program."""
        with self._lock:
            self.messages.append(message)
        self.event("log", message=message)

    def fail(self, message: str, urn: str = "") -> None:
        """Remember an error: the run fails in the end."""
        with self._lock:
            self.errors.append(message)
        self.event("failed", urn, message)

    def settings(self, provider: str) -> ProviderSettings:
        """The settings behind a provider reference (`urn::id`), or the stack's default ones for an empty one."""
        urn = provider.rpartition("::")[0]
        if urn not in self._settings:
            message = f"no such provider: {provider}"
            raise RegistrationError(message)
        return self._settings[urn]

    def register(self, wanted: Registration) -> Resource:
        """Check the registration, and outside a preview bring the resource about."""
        if wanted.custom and not wanted.provider:
            self._check_default_provider(wanted.type)
        urn = self._reserve(wanted)
        old = self._former_state(urn, wanted)
        resource = Resource(
            urn=urn,
            type=wanted.type,
            name=wanted.name,
            custom=wanted.custom,
            parent=wanted.parent,
            inputs=cast("dict[str, Any]", self._with_hashes(wanted.inputs)),
            dependencies=tuple(sorted(wanted.dependencies)),
            property_dependencies=wanted.property_dependencies,
            provider=wanted.provider,
            aliases=wanted.aliases,
            ignore_changes=wanted.ignore_changes,
            protect=wanted.protect,
            retain_on_delete=wanted.retain_on_delete,
            delete_before_replace=wanted.delete_before_replace,
        )
        if not wanted.custom:
            done = replace(resource, outputs=resource.inputs)
            if wanted.type == urns.STACK_TYPE:
                self.root = urn
        elif wanted.type.startswith(_PROVIDER_PREFIX):
            done = self._configure_provider(resource)
        else:
            done = self._bring_about(resource, old, wanted.additional_secret_outputs)
        with self._lock:
            self._resources[urn] = done
        return done

    def register_outputs(self, urn: str, outputs: dict[str, Any]) -> None:
        """Take the outputs of a component, or of the stack itself."""
        with self._lock:
            resource = self._resources[urn]
            self._resources[urn] = replace(resource, outputs=outputs)
        if resource.type != urns.STACK_TYPE:
            return
        self.outputs = outputs
        unknown = [name for name, value in outputs.items() if values.contains_unknown(value)]
        if unknown and not self.preview and not self.errors:
            self.fail(
                f"stack outputs without a value after a deployment: {', '.join(unknown)} (they depend on an output "
                "that the provider does not return)"
            )

    def read(self, wanted: Registration, resource_id: str) -> Resource:
        """Look up an existing resource, or another stack's outputs."""
        urn = self._reserve(wanted)
        resource = Resource(
            urn=urn,
            type=wanted.type,
            name=wanted.name,
            custom=True,
            parent=wanted.parent,
            id=resource_id,
            inputs=wanted.inputs,
            provider=wanted.provider,
        )
        if wanted.type == _STACK_REFERENCE:
            done = self._read_stack(resource)
        elif values.is_unknown(resource_id):
            done = replace(resource, id="")
        else:
            read = self._provider.read(self._goal(resource), resource_id)
            done = replace(resource, id=read.id, outputs=read.outputs)
        self.event("read", urn)
        with self._lock:
            self._resources[urn] = done
        return done

    def invoke(self, token: str, arguments: Mapping[str, Any], provider: str) -> dict[str, Any]:
        """Answer a data source."""
        if token == "pulumi:pulumi:getResource":  # noqa: S105
            with self._lock:
                resource = self._resources[str(arguments["urn"])]
            return {"urn": resource.urn, "id": resource.id, "state": resource.outputs}
        if not provider:
            self._check_default_provider(token)
        return self._provider.invoke(token, arguments, self.settings(provider))

    def finish(self) -> None:
        """Remove what an earlier run made and this one no longer asks for, last made first."""
        if self.preview or self.errors:
            return
        kept = set(self._former.values())
        for urn, resource in reversed(self._state.items()):
            if urn in self._resources or urn in kept or not resource.custom or resource.type.startswith("pulumi:"):
                continue
            if resource.protect:
                self.fail(f"{urn} is protected and cannot be removed", urn)
                self._resources[urn] = resource
                continue
            if not resource.retain_on_delete:
                try:
                    settings = self._settings.get(resource.provider.rpartition("::")[0], self._settings[""])
                    self._provider.delete(_revealed(resource), settings)
                except ProviderError as error:
                    self.fail(f"{urn}: {error}", urn)
                    self._resources[urn] = resource
                    continue
            self.event("delete", urn)

    def deployment(self) -> Deployment:
        """What there is by now, in order of registration; after a failure also what the run did not get to."""
        with self._lock:
            order = {urn: self._resources[urn] for urn in self._reserved if urn in self._resources}
            rest = {urn: resource for urn, resource in self._resources.items() if urn not in order}
            if self.errors and not self.preview:
                reached = set(order) | {self._former.get(urn, urn) for urn in order}
                rest |= {urn: resource for urn, resource in self._state.items() if urn not in reached}
            return Deployment(
                stack=self.project.stack,
                project=self.project.name,
                resources=(*order.values(), *rest.values()),
                outputs=self.outputs,
                messages=tuple(self.messages),
            )

    def _check_default_provider(self, type_token: str) -> None:
        package = type_token.partition(":")[0]
        disabled: list[str] = json.loads(self.project.config.get("pulumi:disable-default-providers", "[]"))
        if package != "pulumi" and (package in disabled or "*" in disabled):
            message = f"default provider for '{package}' disabled: the resource must use an explicit provider"
            raise RegistrationError(message)

    def _reserve(self, wanted: Registration) -> str:
        urn = urns.make(self.project.stack, self.project.name, wanted.parent, wanted.type, wanted.name)
        with self._lock:
            if urn in self._reserved:
                message = f"Duplicate resource URN '{urn}'; try giving it a unique name"
                raise RegistrationError(message)
            self._reserved[urn] = None
        return urn

    def _former_state(self, urn: str, wanted: Registration) -> Resource | None:
        """The resource as the last run left it, under this URN or an alias of it or of its parents."""
        candidates = [urn, *wanted.aliases]
        with self._lock:
            above = self._former.get(wanted.parent, wanted.parent)
            if above != wanted.parent:
                candidates.append(urns.inherited_alias(wanted.parent, above, wanted.type, wanted.name))
            for candidate in candidates:
                if candidate in self._state:
                    self._former[urn] = candidate
                    return self._state[candidate]
            # A component is not necessarily in the state, yet what is below it may be.
            self._former[urn] = wanted.aliases[0] if wanted.aliases else urn
        return None

    def _goal(self, resource: Resource) -> Goal:
        return Goal(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            inputs=_plain(resource.inputs),
            settings=self.settings(resource.provider),
            proposed_name=propose(self.project.config, resource.urn),
        )

    def _configure_provider(self, resource: Resource) -> Resource:
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, resource.urn))
        if resource.type.removeprefix(_PROVIDER_PREFIX) == "aws":
            settings = provider_settings({"region": self._settings[""].region, **_plain(resource.inputs)})
        else:
            settings = self._settings[""]
        with self._lock:
            self._settings[resource.urn] = settings
        return replace(resource, id=identity, outputs=resource.inputs)

    def _bring_about(self, resource: Resource, old: Resource | None, secret_outputs: tuple[str, ...]) -> Resource:
        goal = self._goal(resource)
        kept = {key: old.inputs[key] for key in resource.ignore_changes if old and key in old.inputs}
        goal = replace(goal, inputs={**goal.inputs, **_plain(kept)})
        checked = self._provider.check(goal, _plain(old.inputs) if old else None)
        goal = replace(goal, inputs=checked)
        secret = {key for key, value in resource.inputs.items() if values.contains_secret(value)} | set(secret_outputs)
        inputs = _conceal(checked, secret)
        known = replace(resource, inputs=inputs)
        unchanged = old is not None and old.inputs == inputs
        if self.preview:
            self.event("preview", resource.urn)
            if old is not None and unchanged:
                return replace(known, id=old.id, outputs=old.outputs)
            return replace(known, id=old.id if old else "", outputs=inputs)
        unknown = [key for key, value in checked.items() if values.contains_unknown(value)]
        if unknown:
            message = (
                f"no value for {', '.join(unknown)} of {resource.type} {resource.name}: it comes from an output that "
                "the provider does not return"
            )
            raise ProviderError(message)
        if old is not None and unchanged:
            self.event("same", resource.urn)
            return replace(known, id=old.id, outputs=old.outputs)
        made = self._provider.create(goal) if old is None else self._provider.update(goal, _revealed(old))
        self.event("create" if old is None else "update", resource.urn)
        return replace(known, id=made.id, outputs=_conceal(_complete(checked, made), secret))

    def _read_stack(self, resource: Resource) -> Resource:
        name = str(values.reveal(resource.inputs.get("name", resource.name)))
        outputs = self._stack_references(name)
        if outputs is None:
            if not self.preview:
                message = f"unknown stack {name!r}"
                raise RegistrationError(message)
            return replace(resource, outputs={"name": name, "outputs": values.UNKNOWN})
        secret = [key for key, value in outputs.items() if values.contains_secret(value)]
        return replace(resource, outputs={"name": name, "outputs": dict(outputs), "secretOutputNames": secret})

    def _with_hashes(self, value: Value) -> Value:
        """Assets with the hash of their content, so that a changed file is a changed input."""

        def leaf(item: Value) -> Value:
            match item:
                case values.Secret():
                    return values.Secret(self._with_hashes(item.value))
                case values.Asset(path=path) if path:
                    return replace(item, hash=_file_hash(self.project.main / path))
                case values.Archive(path=path) if path:
                    return replace(item, hash=_tree_hash(self.project.main / path))
                case values.Archive(assets=assets) if assets is not None:
                    return replace(item, assets=self._with_hashes(dict(assets)))
                case _:
                    return item

        return values.walk(value, leaf)


def _revealed(resource: Resource) -> Resource:
    return replace(resource, inputs=_plain(resource.inputs), outputs=_plain(resource.outputs))


def _complete(inputs: Mapping[str, Any], made: Created) -> dict[str, Any]:
    return {**inputs, **made.outputs}


def _conceal(inputs: Mapping[str, Any], secret: set[str]) -> dict[str, Any]:
    return {key: values.Secret(value) if key in secret else value for key, value in inputs.items()}


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    def leaf(item: Value) -> Value:
        return (item.id or values.UNKNOWN) if isinstance(item, values.Reference) else item

    return cast("dict[str, Any]", values.walk(values.reveal(dict(inputs)), leaf))


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        message = f"the asset {path} cannot be read: {error.strerror}"
        raise RegistrationError(message) from error


def _tree_hash(path: Path) -> str:
    if path.is_file():
        return _file_hash(path)
    if not path.is_dir():
        message = f"the archive {path} does not exist"
        raise RegistrationError(message)
    total = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{_file_hash(file)}\n".encode())
    return total.hexdigest()
