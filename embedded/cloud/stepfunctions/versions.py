"""The Step Functions API: published versions of state machines, and the aliases that point at them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import random
import re
import threading
from typing import Any

from embedded.cloud.protocols import RefusedError
from embedded.cloud.stepfunctions.pages import page_of
from embedded.cloud.stepfunctions.records import Alias, StateMachine, Version, now

Params = dict[str, Any]
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html and
# .../API_CreateStateMachineAlias.html
VERSIONS_MAX = 1000
ALIASES_MAX = 100
_ROUTES_MAX = 2
_ALIAS_NAME = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}")
_UNQUALIFIED_PARTS = 7


class Versions:
    """State machines by ARN, and what is published of them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._machines: dict[str, StateMachine] = {}

    def publish_state_machine_version(self, params: Params) -> Params:
        machine = self._machine(params["stateMachineArn"])
        with self._lock:
            if params.get("revisionId", machine.revision.revision_id) != machine.revision.revision_id:
                raise RefusedError("ConflictException", f"{machine.arn} has another revision by now")
            version = self._publish(machine, params.get("description", ""))
        return {"stateMachineVersionArn": version.arn, "creationDate": version.created}

    def list_state_machine_versions(self, params: Params) -> Params:
        machine = self._machine(params["stateMachineArn"])
        page, token = page_of(sorted(machine.versions.values(), key=lambda one: -one.number), params)
        shown = [{"stateMachineVersionArn": one.arn, "creationDate": one.created} for one in page]
        return {"stateMachineVersions": shown, "nextToken": token}

    def delete_state_machine_version(self, params: Params) -> Params:
        """Executions of the version go on; an alias that points at it keeps it."""
        arn: str = params["stateMachineVersionArn"]
        with self._lock:
            machine, _, qualifier = _parts(arn)
            known = self._machines.get(machine)
            if known is None or not qualifier.isdecimal() or int(qualifier) not in known.versions:
                return {}
            held = [alias.name for alias in known.aliases.values() if arn in alias.weights]
            if held:
                raise RefusedError("ConflictException", f"{arn} is referenced by {', '.join(held)}")
            del known.versions[int(qualifier)]
        return {}

    def create_state_machine_alias(self, params: Params) -> Params:
        name: str = params["name"]
        if not _ALIAS_NAME.fullmatch(name):
            raise RefusedError("ValidationException", f"{name!r} cannot be the name of an alias")
        with self._lock:
            machine, weights = self._routes(params["routingConfiguration"])
            description: str = params.get("description", "")
            held = machine.aliases.get(name)
            if held is not None:
                if (held.weights, held.description) != (weights, description):
                    raise RefusedError("ConflictException", f"{held.arn} exists and is another")
                return {"stateMachineAliasArn": held.arn, "creationDate": held.created}
            if len(machine.aliases) >= ALIASES_MAX:
                raise RefusedError("ServiceQuotaExceededException", f"{machine.arn} has {ALIASES_MAX} aliases")
            made = now()
            alias = Alias(f"{machine.arn}:{name}", name, weights, description, made, made)
            machine.aliases[name] = alias
        return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created}

    def update_state_machine_alias(self, params: Params) -> Params:
        if not {"description", "routingConfiguration"} & params.keys():
            raise RefusedError("ValidationException", "Give a description or a routingConfiguration")
        with self._lock:
            machine, alias = self._alias(params["stateMachineAliasArn"])
            if "routingConfiguration" in params:
                target, weights = self._routes(params["routingConfiguration"])
                if target is not machine:
                    raise RefusedError(
                        "ValidationException", f"{alias.arn} can point at versions of {machine.arn} only"
                    )
                alias.weights = weights
            alias.description = params.get("description", alias.description)
            alias.updated = now()
        return {"updateDate": alias.updated}

    def describe_state_machine_alias(self, params: Params) -> Params:
        _, alias = self._alias(params["stateMachineAliasArn"])
        routes = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.weights.items()]
        return {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "description": alias.description,
            "routingConfiguration": routes,
            "creationDate": alias.created,
            "updateDate": alias.updated,
        }

    def delete_state_machine_alias(self, params: Params) -> Params:
        with self._lock:
            machine, alias = self._alias(params["stateMachineAliasArn"])
            del machine.aliases[alias.name]
        return {}

    def list_state_machine_aliases(self, params: Params) -> Params:
        machine, version, _ = self._qualified(params["stateMachineArn"])
        aliases = [one for one in machine.aliases.values() if version is None or version.arn in one.weights]
        page, token = page_of(sorted(aliases, key=lambda one: one.created, reverse=True), params)
        shown = [{"stateMachineAliasArn": one.arn, "creationDate": one.created} for one in page]
        return {"stateMachineAliases": shown, "nextToken": token}

    def _publish(self, machine: StateMachine, description: str) -> Version:
        """The version of the present revision, a new one if there is none. Errors: RefusedError."""
        for version in machine.versions.values():
            if version.revision.revision_id == machine.revision.revision_id:
                return version
        if len(machine.versions) >= VERSIONS_MAX:
            raise RefusedError("ServiceQuotaExceededException", f"{machine.arn} has {VERSIONS_MAX} versions")
        machine.published += 1
        arn = f"{machine.arn}:{machine.published}"
        version = Version(arn, machine.published, machine.revision, description, now())
        machine.versions[version.number] = version
        return version

    def _choose(self, machine: StateMachine, alias: Alias) -> Version:
        """One of the alias's versions, by their weights."""
        (arn,) = random.choices(list(alias.weights), list(alias.weights.values()))  # noqa: S311 - no secret hangs on it
        return machine.versions[int(_parts(arn)[2])]

    def _machine(self, arn: str, missing: str = "StateMachineDoesNotExist") -> StateMachine:
        """By its unqualified ARN. Errors: RefusedError."""
        unqualified, label, qualifier = _parts(arn)
        if label or qualifier:
            raise RefusedError("ValidationException", f"A qualified state machine ARN is not accepted: '{arn}'")
        machine = self._machines.get(unqualified)
        if machine is None:
            raise RefusedError(missing, f"State Machine Does Not Exist: '{arn}'")
        return machine

    def _qualified(self, arn: str) -> tuple[StateMachine, Version | None, Alias | None]:
        """A state machine, and which version or alias of it the ARN names. Errors: RefusedError."""
        unqualified, label, qualifier = _parts(arn)
        if label or not qualifier:
            return self._machine(arn), None, None
        machine = self._machines.get(unqualified)
        version = machine.versions.get(int(qualifier)) if machine and qualifier.isdecimal() else None
        alias = machine.aliases.get(qualifier) if machine else None
        if machine is None or (version is None and alias is None):
            raise RefusedError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return machine, version, alias

    def _alias(self, arn: str) -> tuple[StateMachine, Alias]:
        unqualified, _, qualifier = _parts(arn)
        machine = self._machines.get(unqualified)
        alias = machine.aliases.get(qualifier) if machine else None
        if machine is None or alias is None:
            raise RefusedError("ResourceNotFound", f"Resource not found: '{arn}'")
        return machine, alias

    def _routes(self, given: list[Params]) -> tuple[StateMachine, dict[str, int]]:
        """The one state machine that a routing configuration is about, and percent by version. Errors: RefusedError."""
        weights = {route["stateMachineVersionArn"]: int(route["weight"]) for route in given}
        if len(given) > _ROUTES_MAX or len(weights) != len(given) or sum(weights.values()) != 100:
            raise RefusedError("ValidationException", "One version, or two different ones, must have 100 % together")
        machines: list[StateMachine] = []
        for arn in weights:
            machine, version, _ = self._qualified(arn)
            if version is None:
                raise RefusedError("ValidationException", f"'{arn}' is no version")
            machines.append(machine)
        if any(machine is not machines[0] for machine in machines):
            raise RefusedError("ValidationException", "The versions must be of one state machine")
        return machines[0], weights


def _parts(arn: str) -> tuple[str, str, str]:
    """Unqualified ARN, label of a distributed Map, version number or name of an alias; the last two may be empty."""
    if not arn.startswith("arn:"):
        raise RefusedError("InvalidArn", f"Invalid Arn: '{arn}'")
    parts = arn.split(":")
    unqualified, qualifier = ":".join(parts[:_UNQUALIFIED_PARTS]), ":".join(parts[_UNQUALIFIED_PARTS:])
    return unqualified.partition("/")[0], unqualified.partition("/")[2], qualifier
