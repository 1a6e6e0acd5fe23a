"""The JSON protocols of AWS, driven by botocore's own service models: awsJson1.x and restJson1.

A service of ours is an object with a method per operation in snake case: `def start_execution(self, params) -> dict`.
It receives and returns botocore's member names. What does not fit the model is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from embedded.cloud.messages import Request, Response

Json = Any


class RefusedError(Exception):
    """An API error: `code` is its name in the service model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class UnknownMemberError(Exception):
    """A request names a member that the operation does not have, or an enum value that does not exist."""


@dataclass(frozen=True, slots=True)
class JsonService:
    """Answers the requests of one service."""

    model: ServiceModel
    implementation: object
    invalid: str = "ValidationException"
    """Code of the error for input that does not fit the model."""

    def __call__(self, request: Request) -> Response:
        rest = self.model.metadata["protocol"] == "rest-json"
        content_type = "application/json" if rest else f"application/x-amz-json-{self.model.metadata['jsonVersion']}"
        try:
            operation, params = self._rest(request) if rest else self._rpc(request)
            answer = self._call(operation, params)
        except RefusedError as error:
            # Later error shapes name their text `message`, some older ones `Message`: clients read both.
            return Response.of_error(error.code, error.message, error.status)
        shape = operation.output_shape
        return Response.of_json(outward(shape, answer) if shape else {}, _status(operation), content_type)

    def _rpc(self, request: Request) -> tuple[OperationModel, Json]:
        if request.target not in self.model.operation_names:
            raise RefusedError("UnknownOperationException", f"Unknown operation {request.target!r}")
        operation = self.model.operation_model(request.target)
        try:
            return operation, inward(operation.input_shape, request.json())
        except (UnknownMemberError, ValueError) as error:
            raise RefusedError(self.invalid, str(error)) from error

    def _rest(self, request: Request) -> tuple[OperationModel, Json]:
        found = _match(self.model, request.method, request.path)
        if found is None:
            raise RefusedError("NotFoundException", f"No operation at {request.method} {request.path}", 404)
        operation, labels = found
        shape = operation.input_shape
        if shape is None:
            return operation, {}
        query = request.params()
        params: dict[str, Json] = {}
        body_members: set[str] = set()
        try:
            for name, member in shape.members.items():
                place = member.serialization.get("location")
                wire = member.serialization.get("name", name)
                if place == "uri":
                    params[name] = labels[wire]
                elif place == "querystring" and wire in query:
                    params[name] = _from_text(member, query[wire])
                elif place is None:
                    body_members.add(wire)
            body: Json = request.json() if body_members else {}
            unknown = sorted(set(body) - body_members)
            if unknown:
                raise UnknownMemberError(f"Unknown member {unknown[0]!r}")
            params |= inward(shape, body)
        except (UnknownMemberError, ValueError) as error:
            raise RefusedError(self.invalid, str(error)) from error
        return operation, params

    def _call(self, operation: OperationModel, params: Json) -> Json:
        if operation.input_shape is not None:
            report = ParamValidator().validate(params, operation.input_shape)
            if report.has_errors():
                raise RefusedError(self.invalid, report.generate_report())
        method: Callable[[Json], Json] | None = getattr(self.implementation, xform_name(operation.name), None)
        if method is None:
            raise RefusedError("UnknownOperationException", f"{operation.name} is not served by the embedded AWS", 501)
        return method(params)


@lru_cache(maxsize=16)
def service_model(name: str) -> ServiceModel:
    """Botocore's model of a service by its boto3 name."""
    return botocore.session.get_session().get_service_model(name)


def _status(operation: OperationModel) -> int:
    return int(operation.http.get("responseCode", 200))


@lru_cache(maxsize=8)
def _routes(model: ServiceModel) -> list[tuple[str, re.Pattern[str], str]]:
    routes: list[tuple[str, re.Pattern[str], str]] = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = str(http["requestUri"]).partition("?")[0].rstrip("/") or "/"
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        routes.append((str(http["method"]), re.compile(pattern), name))
    # A route with fewer labels is the more specific one.
    return sorted(routes, key=lambda route: route[1].groups)


def _match(model: ServiceModel, method: str, path: str) -> tuple[OperationModel, dict[str, str]] | None:
    for wanted, pattern, name in _routes(model):
        found = pattern.fullmatch(path.rstrip("/")) if wanted == method else None
        if found:
            return model.operation_model(name), {key: unquote(value) for key, value in found.groupdict().items()}
    return None


def _from_text(shape: Shape, values: list[str]) -> Json:
    if isinstance(shape, ListShape):
        return values
    text = values[0]
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def inward(shape: Shape | None, value: Json) -> Json:
    """Wire names → botocore's member names. Errors: UnknownMemberError."""
    if shape is None or value is None:
        return {} if shape is None else None
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        made: dict[str, Json] = {}
        for wire, inner in cast("Mapping[str, Json]", value).items():
            if wire not in members:
                raise UnknownMemberError(f"Unknown member {wire!r} of {shape.name}")
            if inner is not None:
                made[members[wire]] = inward(shape.members[members[wire]], inner)
        return made
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [inward(shape.member, inner) for inner in cast("list[Json]", value)]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: inward(shape.value, inner) for name, inner in cast("Mapping[str, Json]", value).items()}
    if isinstance(shape, StringShape) and shape.enum and isinstance(value, str) and value not in shape.enum:
        raise UnknownMemberError(f"{value!r} is no {shape.name}: expected one of {', '.join(shape.enum)}")
    return value


def outward(shape: Shape, value: Json) -> Json:
    """Botocore's member names → wire names; times as epoch seconds; None is left out."""
    if isinstance(shape, StructureShape):
        made: dict[str, Json] = {}
        for name, inner in cast("Mapping[str, Json]", value).items():
            if inner is not None:
                member = shape.members[name]
                made[str(member.serialization.get("name", name))] = outward(member, inner)
        return made
    if isinstance(shape, ListShape):
        return [outward(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape):
        return {name: outward(shape.value, inner) for name, inner in cast("Mapping[str, Json]", value).items()}
    if isinstance(value, datetime):
        return value.timestamp()
    return value
