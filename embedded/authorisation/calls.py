"""Which API operation a raw HTTP request is, and with which parameters: read by botocore's own service models.

Only what an authorisation depends on is read: names, identifiers, options; never the content of an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

import botocore.session
from botocore.model import OperationModel, ServiceModel

from embedded.cloud.messages import Request

Params = Mapping[str, Any]

# The signing name is not botocore's name everywhere.
_NAMES = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "apigateway": "apigatewayv2",
    "tagging": "resourcegroupstaggingapi",
}
_XML_BODIES_MAX = 8 * 1024 * 1024


class UnreadableError(Exception):
    """The request is no operation that botocore knows, or its parameters cannot be read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call. `service` and `params` are botocore's names; `region` is where the request was sent."""

    service: str
    operation: str
    params: Params
    region: str
    account: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    source_ip: str = ""
    presigned: bool = False

    def text(self, name: str) -> str:
        """A parameter as text; empty if it is missing."""
        value = self.params.get(name)
        return "" if value is None else str(value)


@lru_cache(maxsize=64)
def model_of(service: str) -> ServiceModel:
    """Botocore's model of a service by its signing name. Errors: UnreadableError."""
    try:
        return botocore.session.get_session().get_service_model(_NAMES.get(service, service))
    except Exception as error:
        message = f"there is no service {service!r}"
        raise UnreadableError(message) from error


def read_call(request: Request) -> Call:
    """The call that a request is. Errors: UnreadableError."""
    model = model_of(request.service)
    try:
        operation, params = _read(model, request)
    except (ValueError, ET.ParseError) as error:
        message = f"{request.service}: the request cannot be read: {error}"
        raise UnreadableError(message) from error
    finally:
        request.body.seek(0)
    return Call(
        model.service_name,
        operation,
        params,
        request.region,
        request.caller.account_id if request.caller else "",
        request.headers,
        request.source_ip,
        presigned="authorization" not in request.headers,
    )


def _read(model: ServiceModel, request: Request) -> tuple[str, Params]:
    if request.target:
        body: Any = request.json()
        return _known(model, request.target), cast("Params", body) if isinstance(body, dict) else {}
    protocol = str(model.metadata["protocol"])
    if protocol.startswith("rest"):
        return _rest(model, request)
    content_type = request.headers.get("content-type", "")
    text = request.read().decode() if content_type.startswith("application/x-www-form-urlencoded") else ""
    form = {name: values[0] for name, values in parse_qs(text or request.query, keep_blank_values=True).items()}
    return _known(model, form.get("Action", "")), form


def _known(model: ServiceModel, operation: str) -> str:
    if operation not in model.operation_names:
        message = f"{model.service_name} has no operation {operation!r}"
        raise UnreadableError(message)
    return operation


@dataclass(frozen=True, slots=True)
class _Route:
    name: str
    pattern: re.Pattern[str]
    flags: Mapping[str, str]
    """Words that the query must hold, with their value, or an empty one for any."""
    queries: frozenset[str]
    headers: frozenset[str]
    literal: int


@lru_cache(maxsize=16)
def _routes(model: ServiceModel) -> dict[str, tuple[_Route, ...]]:
    """By method; what asks for more comes first."""
    found: dict[str, list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = str(operation.http["requestUri"]).partition("?")
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", _label, re.escape(path.rstrip("/") or "/"))
        flags = {word: values[0] for word, values in parse_qs(query, keep_blank_values=True).items()}
        route = _Route(
            name,
            re.compile(pattern),
            flags,
            frozenset(_required(operation, "querystring")),
            frozenset(_required(operation, "header")) if model.service_name == "s3" else frozenset(),
            len(re.sub(r"\{[^}]*\}", "", path)),
        )
        found.setdefault(str(operation.http["method"]), []).append(route)
    return {
        method: tuple(
            sorted(
                routes,
                key=lambda each: (
                    -len(each.flags),
                    -each.literal,
                    -len(each.queries) - len(each.headers),
                    # Of two operations that look the same the model calls the older one deprecated.
                    model.operation_model(each.name).deprecated,
                    each.name,
                ),
            )
        )
        for method, routes in found.items()
    }


def _label(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>.+)" if found[2] else f"(?P<{found[1]}>[^/]+)"


def _required(operation: OperationModel, location: str) -> Iterable[str]:
    shape: Any = operation.input_shape
    if shape is None:
        return
    for name in shape.required_members:
        serialization = shape.members[name].serialization
        if serialization.get("location") == location:
            yield serialization.get("name", name).lower() if location == "header" else serialization.get("name", name)


def _rest(model: ServiceModel, request: Request) -> tuple[str, Params]:
    query = request.params()
    path = _trimmed(request.path, objects=model.service_name == "s3")
    for route in _routes(model).get(request.method, ()):
        found = route.pattern.fullmatch(path)
        if found is None or not route.queries <= query.keys() or not route.headers <= request.headers.keys():
            continue
        if all(word in query and (not value or value in query[word]) for word, value in route.flags.items()):
            labels = {name: unquote(value) for name, value in found.groupdict().items()}
            return route.name, _members(model.operation_model(route.name), labels, query, request)
    message = f"{model.service_name} has no operation at {request.method} {request.path}"
    raise UnreadableError(message)


def _trimmed(path: str, *, objects: bool) -> str:
    if objects and path.count("/") > 2:
        return path  # slashes belong to the key
    return path.rstrip("/") or "/"


def _members(
    operation: OperationModel, labels: Mapping[str, str], query: Mapping[str, list[str]], request: Request
) -> Params:
    params: dict[str, Any] = {}
    shape: Any = operation.input_shape
    if shape is None:
        return params
    for name, member in shape.members.items():
        place, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri" and wire in labels:
            params[name] = labels[wire]
        elif place == "querystring" and wire in query:
            params[name] = query[wire] if member.type_name == "list" else query[wire][0]
        elif place == "header" and wire.lower() in request.headers:
            params[name] = request.headers[wire.lower()]
    if operation.name == "DeleteObjects":
        params["Delete"] = {"Objects": _named_objects(request.read())}
    elif str(operation.service_model.metadata["protocol"]) == "rest-json" and "payload" not in shape.serialization:
        body = request.json()
        wires = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        params |= {wires[wire]: value for wire, value in body.items() if wire in wires}
    return params


def _named_objects(body: bytes) -> list[dict[str, str]]:
    """Key and version of what a DeleteObjects names: a flat document of S3's own."""
    if len(body) > _XML_BODIES_MAX or b"<!" in body:
        message = "the list of objects is no plain XML"
        raise ValueError(message)
    return [
        {child.tag.rpartition("}")[2]: child.text or "" for child in node}
        for node in ET.fromstring(body)  # noqa: S314 - without a document type there is nothing to expand
        if node.tag.rpartition("}")[2] == "Object"
    ]
