"""Turns the engine's requests into AWS calls, strictly: what is not understood is refused before anything is called."""

import threading
from collections.abc import Callable, Generator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, TypeVar

import botocore.exceptions
import botocore.session

from embedded.engine.autonaming import seed
from embedded.engine.model import Created, Diff, Goal, ProviderError, ProviderSettings, Resource
from embedded.engine.values import UNKNOWN, Archive, Asset, Value, is_unknown, walk
from embedded.provider import clients, invokes, shapes
from embedded.provider.kinds import KINDS, Arguments, Call, Hole, Kind, Removal, Request, Steps
from embedded.provider.tagging import SERVICES as TAGGED
from embedded.provider.tagging import retag
from embedded.provider.types import load

_Result = TypeVar("_Result")
_ACCOUNT = "123456789012"


class AwsProvider:
    """Pulumi's AWS and docker-build types over boto3. One instance may be used from many threads.

    Without `endpoint_url` and credentials the calls go wherever boto3 is pointed at; `check` never calls anything.
    """

    def __init__(
        self,
        *,
        root: Path,
        endpoint_url: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        account: str = _ACCOUNT,
    ) -> None:
        load()
        self._root = root
        self._account = account
        self._endpoint_url = endpoint_url
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._clients: dict[tuple[str, str], Any] = {}
        self._models: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._loader = botocore.session.get_session()

    def check(self, goal: Goal, old_inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        kind = self._kind(goal.type)
        allowed = goal.settings.allowed_accounts
        if allowed and self._account not in allowed:
            message = f"account {self._account} is not among the provider's allowedAccountIds: {', '.join(allowed)}"
            raise ProviderError(message)
        inputs = {**kind.defaults, **goal.inputs}
        if kind.naming and kind.naming.property not in inputs:
            kept = (old_inputs or {}).get(kind.naming.property)
            inputs[kind.naming.property] = kept or kind.naming.choose(goal)
        if kind.naming:
            inputs.pop(f"{kind.naming.property}Prefix", None)
        if kind.tags:
            tags: Any = inputs.get("tags") or {}
            inputs["tagsAll"] = tags if isinstance(tags, str) else {**goal.settings.default_tags, **tags}
        if kind.fingerprint:
            inputs.update(kind.fingerprint(goal, self._root))
        request = self._request(kind, _with(goal, inputs), dry=True)
        self._rehearse(kind, kind.create(request), request)
        return inputs

    def create(self, goal: Goal) -> Created:
        kind = self._kind(goal.type)
        request = self._request(kind, goal)
        made = _done(self._perform(kind, goal, kind.create(request)))
        return Created(id=made.id, outputs=made.outputs if kind.region else {"region": request.region, **made.outputs})

    def diff(self, goal: Goal, old: Resource) -> Diff:
        kind = self._kind(goal.type)
        changed = _changed(goal.inputs, old.inputs)
        if old.outputs.get("region", goal.settings.region) != self._region(kind, goal) and not kind.region:
            changed.add("region")
        replaced = kind.replaces(changed)
        if replaced:
            return Diff(
                changed=tuple(sorted(changed)), replace=tuple(sorted(replaced)), delete_first=_collides(kind, goal, old)
            )
        refused = kind.unchangeable(changed, goal.inputs)
        if refused:
            message = f"{', '.join(sorted(refused))} of {goal.type} {goal.name}: the provider knows no such change"
            raise ProviderError(message)
        if changed - {"tags", "tagsAll"} or (changed and kind.service not in TAGGED):
            self._rehearse_update(kind, goal, old, changed)
        shown = changed - {"tags"} if "tagsAll" in changed else changed
        return Diff(changed=tuple(sorted(shown)))

    def foresee(self, goal: Goal, old: Resource) -> dict[str, Any]:
        kind = self._kind(goal.type)
        kept = _kept(goal, old).outputs
        if _changed(goal.inputs, old.inputs) <= {*kind.steady, "tags", "tagsAll"}:
            return kept
        return kept | {key: UNKNOWN for key in kind.volatile if key in old.outputs}

    def update(self, goal: Goal, old: Resource) -> Created:
        kind = self._kind(goal.type)
        changed = _changed(goal.inputs, old.inputs)
        if "tagsAll" in changed and kind.service in TAGGED:
            self._perform(kind, goal, retag(kind.service, self._request(kind, goal, old)))
            changed -= {"tags", "tagsAll"}
            if not changed:
                return _kept(goal, old)
        change = kind.update or kind.create
        made = _done(self._perform(kind, goal, change(self._update_request(kind, goal, old))))
        return Created(id=made.id, outputs={**_kept(goal, old).outputs, **made.outputs})

    def delete(self, old: Resource, settings: ProviderSettings) -> None:
        kind = self._kind(old.type)
        where = {"region": old.outputs["region"]} if "region" in old.outputs and not kind.region else {}
        goal = Goal(urn=old.urn, type=old.type, name=old.name, inputs={**old.inputs, **where}, settings=settings)
        self._perform(kind, goal, kind.delete(self._request(kind, goal, old)), gone=True)

    def recover(self, goal: Goal) -> bool:
        kind = self._kind(goal.type)
        name = str(goal.inputs.get(kind.naming.property)) if kind.naming else ""
        if seed(goal.urn, goal.generation)[:7] not in name:
            return False
        # The id is what a creation would return, if that follows from the arguments alone.
        made: Created = _drive(kind.create(self._request(kind, goal, dry=True)), lambda _call: Hole())
        if is_unknown(made.id):
            return False
        outputs = {key: value for key, value in made.outputs.items() if not is_unknown(value)}
        left = Resource(
            urn=goal.urn, type=goal.type, name=goal.name, custom=True, parent="", id=made.id,
            inputs=dict(goal.inputs), outputs={**goal.inputs, **outputs},
        )  # fmt: skip
        self.delete(left, goal.settings)
        return True

    def read(self, goal: Goal, resource_id: str) -> Created:
        message = f"{goal.type}.get({resource_id!r}): reading existing resources is not supported"
        raise ProviderError(message)

    def invoke(self, token: str, arguments: Mapping[str, Any], settings: ProviderSettings) -> dict[str, Any]:
        return invokes.answer(token, arguments, settings, self._account, self._client)

    def _kind(self, token: str) -> Kind:
        kind = KINDS.get(token)
        if kind is None:
            message = f"unknown resource type {token}"
            raise ProviderError(message)
        return kind

    def _request(self, kind: Kind, goal: Goal, old: Resource | None = None, *, dry: bool = False) -> Request:
        arguments = dict(goal.inputs)
        arguments.pop("region", None)
        if kind.tags:
            tags = arguments.pop("tagsAll", None) or None
            # Those of a resource that exists have operations of their own.
            arguments["tags"] = None if old and kind.service in TAGGED else tags
        return Request(
            goal=goal,
            arguments=Arguments(arguments),
            account=self._account,
            region=self._region(kind, goal),
            root=self._root,
            old=old,
            dry=dry,
        )

    def _region(self, kind: Kind, goal: Goal) -> str:
        return kind.region or goal.inputs.get("region") or goal.settings.region

    def _update_request(self, kind: Kind, goal: Goal, old: Resource, *, dry: bool = False) -> Request:
        missing = {key: value for key, value in kind.resets.items() if goal.inputs.get(key) is None}
        dropped = {key: value for key, value in missing.items() if old.inputs.get(key) is not None}
        return self._request(kind, _with(goal, {**goal.inputs, **dropped}), old, dry=dry)

    def _rehearse_update(self, kind: Kind, goal: Goal, old: Resource, changed: AbstractSet[str]) -> None:
        tagged = {"tags", "tagsAll"} if kind.service in TAGGED else set[str]()
        request = self._update_request(kind, goal, old, dry=True)
        self._rehearse(kind, (kind.update or kind.create)(request), request, changed - tagged)

    def _rehearse(self, kind: Kind, steps: Steps, request: Request, counted: AbstractSet[str] | None = None) -> None:
        """Go through the calls without making them; of what is left, only arguments in `counted` matter."""

        def rehearsed(call: Call) -> Hole:
            self._parameters(kind, call)
            return Hole()

        try:
            _drive(steps, rehearsed)
        except shapes.ArgumentError as error:
            raise ProviderError(str(error)) from error
        left = [key for key in request.arguments.left() if counted is None or key in counted]
        if left:
            message = f"unsupported arguments: {', '.join(left)}"
            raise ProviderError(message)

    def _perform(
        self, kind: Kind, goal: Goal, steps: Generator[Call, Any, _Result], *, gone: bool = False
    ) -> _Result | None:
        """Make the calls. With `gone`, one about something that does not exist ends it well."""
        region = self._region(kind, goal)

        def call(step: Call) -> Value:
            parameters = self._parameters(kind, step)
            client = self._client(step.service or kind.service, step.region or region)
            try:
                return client._make_api_call(step.operation, parameters)
            except botocore.exceptions.ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code in step.tolerate:
                    return error.response
                raise

        try:
            return _drive(steps, call)
        except botocore.exceptions.ClientError as error:
            if gone and _is_missing(error):
                return None
            raise ProviderError(str(error)) from error
        except (botocore.exceptions.BotoCoreError, shapes.ArgumentError) as error:
            raise ProviderError(str(error)) from error

    def _parameters(self, kind: Kind, call: Call) -> dict[str, Any]:
        shape = self._shape(call.service or kind.service, call.operation)
        parameters: dict[str, Any] = shapes.translate(shape, dict(call.arguments), call.rename)
        for key, value in call.params.items():
            if value is not None:
                shapes.merge(parameters, key, value)
        shapes.validate(shape, parameters, call.operation)
        return parameters

    def _shape(self, service: str, operation: str) -> Value:
        with self._lock:
            if service not in self._models:
                self._models[service] = self._loader.get_service_model(service)
            model = self._models[service]
        return model.operation_model(operation).input_shape

    def _client(self, service: str, region: str) -> Value:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = clients.make(
                    service,
                    region,
                    endpoint_url=self._endpoint_url,
                    access_key_id=self._access_key_id,
                    secret_access_key=self._secret_access_key,
                )
            return self._clients[service, region]


def _changed(inputs: Mapping[str, Any], old: Mapping[str, Any]) -> set[str]:
    return {key for key in inputs.keys() | old if _comparable(inputs.get(key)) != _comparable(old.get(key))}


def _comparable(value: Value) -> Value:
    """Files are the same if their content is, wherever they are."""

    def leaf(item: Value) -> Value:
        return type(item)(hash=item.hash) if isinstance(item, Asset | Archive) and item.hash else item

    return walk(value, leaf)


def _collides(kind: Kind, goal: Goal, old: Resource) -> bool:
    """Whether a successor would bear the same name, which the program has fixed."""
    if kind.naming is None:
        return False
    name = goal.inputs.get(kind.naming.property)
    return name == old.inputs.get(kind.naming.property) and seed(old.urn, old.generation)[:7] not in str(name)


def _is_missing(error: botocore.exceptions.ClientError) -> bool:
    code = str(error.response.get("Error", {}).get("Code"))
    return any(word in code for word in ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "NotExist"))


def _kept(goal: Goal, old: Resource) -> Created:
    """What an update leaves as it was: outputs that are no inputs."""
    inputs = goal.inputs.keys() | old.inputs
    return Created(id=old.id, outputs={key: value for key, value in old.outputs.items() if key not in inputs})


def _done(made: Created | None) -> Created:
    assert made is not None  # noqa: S101  (only a deletion ends without a result)
    return made


def _with(goal: Goal, inputs: Mapping[str, Any]) -> Goal:
    return Goal(urn=goal.urn, type=goal.type, name=goal.name, inputs=inputs, settings=goal.settings)


def _drive(steps: Steps | Removal | Generator[Call, Any, Any], answer: Callable[[Call], Any]) -> Value:
    response: Any = None
    while True:
        try:
            call = steps.send(response)
        except StopIteration as stop:
            return stop.value
        response = answer(call)
