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
    Snapshot,
    Step,
)
from embedded.engine.paths import differs, restore
from embedded.engine.project import Project
from embedded.engine.removal import Remover, is_real, order, plain, revealed
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
    delete_after_replace: bool = False
    replace_on_changes: tuple[str, ...] = ()
    deleted_with: str = ""


@dataclass(frozen=True)
class Plan:
    """What is to become of a registration. `goal` has been checked; `secret` names its properties that are."""

    kind: str
    goal: Goal
    resource: Resource
    secret: set[str]
    properties: tuple[str, ...] = ()
    delete_first: bool = False


class Session:
    """The state of one run. Its methods are called from many threads at once, one per registration in flight."""

    def __init__(
        self,
        project: Project,
        *,
        preview: bool,
        provider: Provider,
        state: Snapshot,
        stack_references: Callable[[str], Mapping[str, Any] | None],
        on_event: Callable[[Event], None],
        on_step: Callable[[Step], None],
    ) -> None:
        self.project = project
        self.preview = preview
        self.errors: list[str] = []
        self.messages: list[str] = []
        self.outputs: dict[str, Any] = dict(state.outputs)
        self.root = ""
        self._provider = provider
        self._state = dict(state.resources)
        self._replaced = list(state.replaced)
        self._begun = {resource.urn: resource for resource in state.begun}
        # URNs in the state whose resources this run has deleted already, before their successors are made.
        self._gone: set[str] = set()
        self._stack_references = stack_references
        self._watch = on_event
        self._on_step = on_step
        # Reentrant: what is deleted first is chosen under it, and asks for settings.
        self._lock = threading.RLock()
        self._event_lock = threading.Lock()
        self._step_lock = threading.Lock()
        self._resources: dict[str, Resource] = {}
        self._reserved: dict[str, None] = {}
        self._former: dict[str, str] = {}
        self._settings: dict[str, ProviderSettings] = {"": stack_settings(project.config)}

    def event(self, kind: str, urn: str = "", message: str = "", properties: tuple[str, ...] = ()) -> None:
        """Tell whoever watches, one event at a time."""
        self._on_event(Event(kind=kind, urn=urn, message=message, properties=properties))

    def _on_event(self, event: Event) -> None:
        with self._event_lock:
            self._watch(event)

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
            deleted_with=wanted.deleted_with,
        )
        if not wanted.custom:
            done = replace(resource, outputs=resource.inputs)
            if wanted.type == urns.STACK_TYPE:
                self.root = urn
        elif wanted.type.startswith(_PROVIDER_PREFIX):
            done = self._configure_provider(resource)
        else:
            done = self._bring_about(resource, old, wanted)
        with self._lock:
            self._resources[urn] = done
        if not is_real(done) and not self.preview and done != old:
            self._take(Step(kind="put", resource=done, former=old.urn if old else ""))
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
        if not self.preview and done != self._state.get(urn):
            self._take(Step(kind="put", resource=done))
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
        """Remove what has been replaced, and what this run no longer asks for."""
        if self.errors:
            return
        claimed = set(self._former.values())
        leaving = [item for urn, item in self._state.items() if urn not in claimed and urn not in self._gone]
        if self.preview:
            for resource in leaving:
                if is_real(resource):
                    self.event("delete", resource.urn)
            self._refuse_protected(leaving)
            return
        self._settle()
        with self._lock:
            kept = [self._resources[urn] for urn in self._reserved if urn in self._resources]
        refused = self._remover().remove(leaving, self._replaced, kept=kept)
        for resource in (*leaving, *self._replaced):
            if id(resource) in refused and is_real(resource):
                self.fail(f"{resource.urn} cannot be removed: {refused[id(resource)]}", resource.urn)
        self._resources |= {item.urn: item for item in leaving if id(item) in refused}
        self._replaced = [item for item in self._replaced if id(item) in refused]

    def _settle(self) -> None:
        """Remove what an earlier run may have left half made, and this one has no use for."""
        for urn, resource in list(self._begun.items()):
            goal = replace(self._goal(replace(resource, provider="")), settings=self._settings_of(resource))
            if not self._provider.recover(goal):
                self.log(f"{urn} was being made when an earlier run was cut short: AWS may hold it")
            del self._begun[urn]
            self._take(Step(kind="abandon", resource=resource))

    def _remover(self, word: str = "delete") -> Remover:
        return Remover(
            provider=self._provider,
            settings=self._settings_of,
            on_event=self._on_event,
            on_step=self._take,
            word=word,
        )

    def _refuse_protected(self, leaving: list[Resource]) -> None:
        for resource in leaving:
            if resource.protect:
                self.fail(f"{resource.urn} cannot be removed: it is protected (the option `protect`)", resource.urn)

    def deployment(self) -> Deployment:
        """What there is by now, in order of registration; after a failure also what the run did not get to."""
        with self._lock:
            made = {urn: self._resources[urn] for urn in self._reserved if urn in self._resources}
            rest = {urn: resource for urn, resource in self._resources.items() if urn not in made}
            if self.errors and not self.preview:
                reached = set(made) | {self._former[urn] for urn in made if urn in self._former} | self._gone
                rest |= {urn: resource for urn, resource in self._state.items() if urn not in reached}
            return Deployment(
                stack=self.project.stack,
                project=self.project.name,
                resources=(*made.values(), *rest.values()),
                outputs=self.outputs,
                messages=tuple(self.messages),
                replaced=tuple(self._replaced),
                begun=tuple(self._begun.values()),
            )

    def _take(self, step: Step) -> None:
        """Remember a step before the next one, wherever this run is remembered."""
        with self._step_lock:
            self._on_step(step)

    def _settings_of(self, resource: Resource) -> ProviderSettings:
        """The settings behind a resource that may be older than this run, and its provider gone from it."""
        urn = resource.provider.rpartition("::")[0]
        with self._lock:
            found = self._settings.get(urn)
        former = self._state.get(urn)
        if found is None and former is not None:
            return provider_settings({"region": self._settings[""].region, **plain(former.inputs)})
        return found or self._settings[""]

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
                    return None if candidate in self._gone else self._state[candidate]
            # A component is not necessarily in the state, yet what is below it may be.
            self._former[urn] = wanted.aliases[0] if wanted.aliases else urn
        return None

    def _goal(self, resource: Resource) -> Goal:
        return Goal(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            inputs=plain(resource.inputs),
            settings=self.settings(resource.provider),
            proposed_name=propose(self.project.config, resource.urn, resource.generation),
            generation=resource.generation,
        )

    def _configure_provider(self, resource: Resource) -> Resource:
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, resource.urn))
        if resource.type.removeprefix(_PROVIDER_PREFIX) == "aws":
            settings = provider_settings({"region": self._settings[""].region, **plain(resource.inputs)})
        else:
            settings = self._settings[""]
        with self._lock:
            self._settings[resource.urn] = settings
        return replace(resource, id=identity, outputs=resource.inputs)

    def _bring_about(self, resource: Resource, old: Resource | None, wanted: Registration) -> Resource:
        """Make, change or replace the resource, or leave it as it is. In a preview: say which of these it would be."""
        plan = self._plan(resource, old, wanted)
        if not self.preview:
            unknown = [key for key, value in plan.goal.inputs.items() if values.contains_unknown(value)]
            if unknown:
                message = (
                    f"no value for {', '.join(unknown)} of {resource.type} {resource.name}: it comes from an output "
                    "that the provider does not return"
                )
                raise ProviderError(message)
        if plan.kind == "replace" and old is not None and plan.delete_first:
            self._delete_first(old)
        done = self._preview(plan, old) if self.preview else self._apply(plan, old)
        self.event(plan.kind, resource.urn, properties=plan.properties)
        return done

    def _plan(self, resource: Resource, old: Resource | None, wanted: Registration) -> Plan:
        interrupted = self._begun.get(resource.urn)
        generation = old.generation if old else interrupted.generation if interrupted else 0
        if old is None and interrupted is None:
            gone = self._state.get(self._former.get(resource.urn, ""))
            generation = gone.generation if gone else 0
        resource = replace(resource, generation=generation)
        before = revealed(old) if old else None
        goal = self._goal(resource)
        if before and wanted.ignore_changes:
            goal = replace(goal, inputs=restore(goal.inputs, before.inputs, wanted.ignore_changes))
        secret = {key for key, value in resource.inputs.items() if values.contains_secret(value)}
        secret |= set(wanted.additional_secret_outputs)
        given = goal.inputs
        goal = replace(goal, inputs=self._provider.check(goal, before.inputs if before else None))
        if before is None:
            kind = "create" if self._former.get(resource.urn) not in self._gone else "replace"
            return Plan(kind, goal, resource, secret)
        diff = self._provider.diff(goal, before)
        forced = tuple(
            key for key in wanted.replace_on_changes if diff.changed and differs(goal.inputs, before.inputs, key)
        )
        properties = tuple(dict.fromkeys((*diff.replace, *forced)))
        if not properties:
            return Plan("update" if diff.changed else "same", goal, resource, secret, diff.changed)
        if before.protect:
            message = f"{', '.join(properties)} would replace it, and it is protected (the option `protect`)"
            raise ProviderError(message)
        # A successor needs a name of its own.
        resource = replace(resource, generation=generation + 1)
        goal = replace(self._goal(resource), inputs=given)
        goal = replace(goal, inputs=self._provider.check(goal, None))
        first = wanted.delete_before_replace or (diff.delete_first and not wanted.delete_after_replace)
        return Plan("replace", goal, resource, secret, properties, first)

    def _preview(self, plan: Plan, old: Resource | None) -> Resource:
        known = replace(plan.resource, inputs=_conceal(plan.goal.inputs, plan.secret))
        if old is None or plan.kind == "replace":
            return replace(known, outputs=known.inputs)
        if plan.kind == "same":
            return replace(known, id=old.id, outputs=old.outputs)
        outputs = self._provider.foresee(plan.goal, revealed(old))
        return replace(known, id=old.id, outputs=_conceal({**plan.goal.inputs, **outputs}, plan.secret))

    def _apply(self, plan: Plan, old: Resource | None) -> Resource:
        known = replace(plan.resource, inputs=_conceal(plan.goal.inputs, plan.secret))
        if old is not None and plan.kind == "same":
            done = replace(known, id=old.id, outputs=old.outputs)
        elif old is not None and plan.kind == "update":
            made = self._provider.update(plan.goal, revealed(old))
            done = replace(known, id=made.id, outputs=_conceal({**plan.goal.inputs, **made.outputs}, plan.secret))
        else:
            made = self._create(plan, known)
            done = replace(known, id=made.id, outputs=_conceal({**plan.goal.inputs, **made.outputs}, plan.secret))
        with self._lock:
            self._begun.pop(done.urn, None)
            replaced = old is not None and plan.kind == "replace" and old.urn not in self._gone
            if old is not None and replaced:
                self._replaced.append(old)
        if old is not None and replaced:
            self._take(Step(kind="replaced", resource=old))
        if done != old:
            self._take(Step(kind="put", resource=done, former=old.urn if old else ""))
        return done

    def _create(self, plan: Plan, known: Resource) -> Created:
        begun = self._begun.get(known.urn)
        if begun is not None and not self._provider.recover(plan.goal):
            self.log(f"{known.urn} was being made when the last run was cut short: AWS may hold it twice")
        with self._lock:
            self._begun[known.urn] = known
        self._take(Step(kind="begin", resource=known))
        try:
            return self._provider.create(plan.goal)
        except ProviderError:
            with self._lock:
                self._begun.pop(known.urn)
            self._take(Step(kind="abandon", resource=known))
            raise

    def _delete_first(self, old: Resource) -> None:
        """Delete a resource whose successor cannot exist beside it, after whatever would have to follow it."""
        with self._lock:
            doomed = {old.urn: old}
            claimed = set(self._former.values())
            for resource in order(list(self._state.values()))[::-1]:
                if resource.urn not in claimed | self._gone and self._must_follow(resource, doomed):
                    doomed[resource.urn] = resource
            protected = [urn for urn, item in doomed.items() if item.protect or item.retain_on_delete]
            if protected:
                message = f"it must be deleted before its successor is made; protected or retained: {protected}"
                raise ProviderError(message)
            self._gone.update(doomed)
        if self.preview:
            return
        refused = self._remover("discard").remove(list(doomed.values()))
        if refused:
            with self._lock:
                self._gone -= {item.urn for item in doomed.values() if id(item) in refused}
            raise ProviderError("; ".join(refused.values()))

    def _must_follow(self, resource: Resource, doomed: Mapping[str, Resource]) -> bool:
        """Whether a dependent of what is replaced would be replaced too: as if what it takes from it were unknown."""
        if not is_real(resource):
            return False
        taken = {
            key: values.UNKNOWN
            for key, found in resource.property_dependencies.items()
            if key in resource.inputs and not doomed.keys().isdisjoint(found)
        }
        if not taken:
            return False
        before = revealed(resource)
        goal = replace(
            self._goal(replace(resource, provider="")),
            inputs={**before.inputs, **taken},
            settings=self._settings_of(resource),
        )
        return bool(self._provider.diff(goal, before).replace)

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


def _conceal(inputs: Mapping[str, Any], secret: set[str]) -> dict[str, Any]:
    return {key: values.Secret(value) if key in secret else value for key, value in inputs.items()}


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
