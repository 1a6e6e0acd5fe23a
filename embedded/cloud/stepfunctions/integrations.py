"""Task resources: which AWS call each one is, how parameters become its input and errors become error names.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html and supported-services-awssdk.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from embedded.cloud.stepfunctions.errors import StateError
from embedded.cloud.stepfunctions.intrinsics import dumps

Json = Any
_TASK = re.compile(
    r"arn:aws[\w-]*:states:[\w-]*:\d*:(?P<sdk>aws-sdk:)?(?P<service>\w+):(?P<action>\w+)(?:\.(?P<pattern>[\w:]+))?"
)
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")


@dataclass(frozen=True, slots=True)
class Optimised:
    """A service that Step Functions integrates by itself: its error prefix, its actions and their patterns."""

    client: str
    prefix: str
    generic: str
    """The error name of what the service model does not name."""
    actions: Mapping[str, tuple[str, ...]]


_TOKEN = "waitForTaskToken"  # noqa: S105 - a pattern's name
OPTIMISED = {
    "lambda": Optimised("lambda", "Lambda", "AWSLambdaException", {"invoke": ("", _TOKEN)}),
    "dynamodb": Optimised(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBException",
        dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), ("",)),
    ),
    "events": Optimised("events", "EventBridge", "AmazonEventBridgeException", {"putEvents": ("", _TOKEN)}),
    "sqs": Optimised("sqs", "SQS", "AmazonSQSException", {"sendMessage": ("", _TOKEN)}),
    "sns": Optimised("sns", "SNS", "AmazonSNSException", {"publish": ("", _TOKEN)}),
    "mediaconvert": Optimised("mediaconvert", "MediaConvert", "AWSMediaConvertException", {"createJob": ("", "sync")}),
    "states": Optimised(
        "stepfunctions",
        "StepFunctions",
        "AWSStepFunctionsException",
        {"startExecution": ("", "sync", "sync:2", _TOKEN)},
    ),
}
_SDK_CLIENTS = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "elasticloadbalancingv2": "elbv2",
}
# Members that take any JSON in an optimised integration although the API wants text.
_JSON_TEXT = {("events", "Detail"), ("sqs", "MessageBody"), ("sns", "Message"), ("states", "input")}


class UnrecognisedError(Exception):
    """The resource of a task is none that is served."""


class UnusableError(Exception):
    """The parameters of a task do not fit the call."""


class CallError(Exception):
    """An AWS call failed; `modeled` says that the service model names `code`."""

    def __init__(
        self, code: str, message: str, status: int = 400, request_id: str = "", *, modeled: bool = True
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.modeled = modeled


@dataclass(frozen=True, slots=True)
class Integration:
    """A task resource, understood."""

    service: str
    """`lambda-function` for a function's ARN, else the name in the resource."""
    action: str
    pattern: str
    client: str
    operation: str
    sdk: bool = False

    @property
    def resource_type(self) -> str:
        return f"aws-sdk:{self.service}" if self.sdk else self.service

    @property
    def resource(self) -> str:
        return f"{self.action}.{self.pattern}" if self.pattern else self.action

    def failure(self, error: CallError) -> StateError:
        """The name under which a Retry or Catch sees it."""
        if self.sdk:
            prefix = _sdk_prefix(service_model(self.client).service_id)
            code = error.code if error.code.endswith("Exception") else f"{error.code}Exception"
            generic = f"{prefix}Exception"
        else:
            service = OPTIMISED["lambda" if self.service == "lambda-function" else self.service]
            prefix, code, generic = service.prefix, error.code, service.generic
        name = code if error.modeled else generic
        cause = f"{error.message} (Service: {prefix}, Status Code: {error.status}, Request ID: {error.request_id})"
        return StateError(f"{prefix}.{name}", cause, task=True)


@lru_cache(maxsize=256)
def parse(resource: str) -> Integration:
    """Understand a task's `Resource`. Errors: UnrecognisedError."""
    if _FUNCTION.fullmatch(resource):
        return Integration("lambda-function", "invoke", "", "lambda", "Invoke")
    found = _TASK.fullmatch(resource)
    if found is None:
        raise UnrecognisedError(
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN"
        )
    service, action, pattern = found["service"], found["action"], found["pattern"] or ""
    if found["sdk"]:
        client = _sdk_client(service)
        operation = _operation_name(client, action) if client else None
        if client is None or operation is None or pattern not in ("", _TOKEN):
            raise UnrecognisedError(f"The resource provided {resource} is not recognized.")
        return Integration(service, action, pattern, client, operation, sdk=True)
    optimised = OPTIMISED.get(service)
    if optimised is None or pattern not in optimised.actions.get(action, ()):
        raise UnrecognisedError(f"The resource provided {resource} is not recognized.")
    return Integration(service, action, pattern, optimised.client, f"{action[0].upper()}{action[1:]}")


def request(integration: Integration, params: Json) -> dict[str, Json]:
    """`params`, as the state machine names them, as botocore names them. Errors: UnusableError."""
    if not isinstance(params, Mapping):
        raise UnusableError("Parameters must be an object")
    shape = service_model(integration.client).operation_model(integration.operation).input_shape
    if shape is None:
        return {}
    return _inward(shape, params, "" if integration.sdk else integration.service)


def response(integration: Integration, answer: Mapping[str, Json]) -> dict[str, Json]:
    """What botocore gave, as the state machine sees it."""
    model: OperationModel = service_model(integration.client).operation_model(integration.operation)
    shape = model.output_shape
    body = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    result: dict[str, Json] = _outward(shape, body) if shape is not None else {}
    if not integration.sdk:
        about: dict[str, Json] = answer.get("ResponseMetadata", {})
        result["SdkHttpMetadata"] = {"HttpStatusCode": about.get("HTTPStatusCode", 200)}
        result["SdkResponseMetadata"] = {"RequestId": about.get("RequestId", "")}
    return result


@lru_cache(maxsize=64)
def service_model(client: str) -> ServiceModel:
    """Botocore's model of a service by its boto3 name."""
    return botocore.session.get_session().get_service_model(client)


@lru_cache(maxsize=64)
def _sdk_client(service: str) -> str | None:
    name = _SDK_CLIENTS.get(service, service)
    available = botocore.session.get_session().get_available_services()
    return next((client for client in available if client.replace("-", "") == name.replace("-", "")), None)


def _operation_name(client: str, action: str) -> str | None:
    return next((name for name in service_model(client).operation_names if name.lower() == action.lower()), None)


def _sdk_prefix(service_id: str) -> str:
    words = re.sub(r"[A-Z]{2,}(?![a-z])", lambda found: found.group().capitalize(), service_id).split()
    return "".join(word[0].upper() + word[1:] for word in words)


def _inward(shape: Shape, value: Json, service: str) -> Json:
    if isinstance(shape, StructureShape):
        if not isinstance(value, Mapping):
            raise UnusableError(f"The value for {shape.name} must be an object")
        names = {name.lower(): name for name in shape.members}
        made: dict[str, Json] = {}
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            name = names.get(str(key).lower())  # pyright: ignore[reportUnknownArgumentType]
            if name is None or not str(key)[:1].isupper():  # pyright: ignore[reportUnknownArgumentType]
                raise UnusableError(f"The field '{key}' is not supported by Step Functions")
            free = (service, name) in _JSON_TEXT and not isinstance(inner, str)
            made[name] = dumps(inner) if free else _inward(shape.members[name], inner, service)
        missing = [name for name in shape.required_members if name not in made]
        if missing:
            raise UnusableError(f"The field '{missing[0][:1].upper()}{missing[0][1:]}' is required but was missing")
        return made
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_inward(shape.member, inner, service) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): _inward(shape.value, inner, service) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else dumps(value).encode()
    if shape.type_name in ("integer", "long") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _outward(shape: Shape, value: Json) -> Json:
    if isinstance(shape, StructureShape):
        members = shape.members
        return {
            f"{name[0].upper()}{name[1:]}": _outward(members[name], inner)
            for name, inner in value.items()
            if name in members
        }
    if isinstance(shape, ListShape):
        return [_outward(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape):
        return {key: _outward(shape.value, inner) for key, inner in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value


def parsed(text: str) -> Json:
    """JSON, or the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
