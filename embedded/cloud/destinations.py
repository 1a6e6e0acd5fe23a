"""Delivery of a document to what an ARN names: a queue, a topic, a function, a state machine, a bus, a log group."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from embedded.cloud import authority
from embedded.cloud.context import Cloud
from embedded.cloud.credentials import assume_role
from embedded.cloud.locks import lock_of

_endpoint_url = ""


def install(cloud: Cloud) -> None:
    """Learn where the cloud answers."""
    global _endpoint_url  # noqa: PLW0603 - one cloud per process: moto's own state is global too
    _endpoint_url = cloud.endpoint_url


class DeliveryError(Exception):
    """The target did not take it. `lasting` tells that trying again is no use (the target does not exist)."""

    def __init__(self, message: str, *, code: str, lasting: bool) -> None:
        super().__init__(message)
        self.code = code
        self.lasting = lasting


Sender = Callable[[str, str], None]
"""Raises NotPermittedError unless who sends may send this body to this ARN."""

_SENDING: dict[str, tuple[str, Callable[[str, str], dict[str, Any]]]] = {
    "sqs": ("sqs:SendMessage", lambda arn, _body: {"QueueUrl": arn.rpartition(":")[2]}),
    "sns": ("sns:Publish", lambda arn, _body: {"TopicArn": arn}),
    "lambda": ("lambda:Invoke", lambda arn, _body: {"FunctionName": arn}),
    "events": ("events:PutEvents", lambda arn, body: {"Entries": [_entry(arn, json.loads(body))]}),
}
"""Service → the call by which it is sent to. State machines are started, and log groups written to, by other ways."""


def _entry(bus_arn: str, event: Mapping[str, Any]) -> dict[str, Any]:
    return {"EventBusName": bus_arn, "Source": event.get("source"), "DetailType": event.get("detail-type")}


def service_sender(name: str, source: str) -> Sender:
    """A service that sends on behalf of `source`, as in a rule of EventBridge."""

    def sender(arn: str, body: str) -> None:
        kind, region = arn.split(":")[2:4]
        if kind in _SENDING:
            api, params = _SENDING[kind]
            authority.as_service(name, region=region, api=api, params=params(arn, body), source=source)

    return sender


def role_sender(role_arn: str, session_name: str) -> Sender:
    """Whoever sends under a role, as Lambda does to a function's destinations."""

    def sender(arn: str, body: str) -> None:
        kind, region = arn.split(":")[2:4]
        if kind in _SENDING:
            api, params = _SENDING[kind]
            authority.as_role(role_arn, session_name, region=region, api=api, params=params(arn, body))

    return sender


def deliver(
    arn: str,
    body: str,
    *,
    attributes: Mapping[str, str] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    role_arn: str | None = None,
    sender: Sender,
) -> None:
    """Give `body` (usually JSON) to the target; raises `DeliveryError`, also if `sender` may not.

    `attributes` go along to queues and topics; a state machine is started under `role_arn`.
    """
    service, region, account = arn.split(":")[2:5]
    try:
        sender(arn, body)
        if service == "sqs":
            _to_queue(arn, body, attributes or {}, group_id, deduplication_id)
        elif service == "sns":
            topics: Any = sns_backends[account][region]
            with lock_of("sns"):
                topics.publish(message=body, arn=arn, message_attributes=_attributes(attributes or {}))
        elif service == "lambda":
            _to_function(arn, body)
        elif service == "states":
            _to_state_machine(arn, body, role_arn or "")
        elif service == "logs":
            _to_log_group(arn, body)
        elif service == "events":
            _to_bus(arn, body)
        else:
            raise DeliveryError(f"The embedded AWS delivers nothing to {arn}", code="NOT_SUPPORTED", lasting=True)
    except DeliveryError:
        raise
    except authority.NotPermittedError as error:
        raise DeliveryError(error.message, code="NO_PERMISSIONS", lasting=True) from error
    except Exception as error:
        words = ("NotFound", "NotExist", "Unknown", "KeyError", "NotAssumable")
        missing = any(word in type(error).__name__ for word in words)
        code = "RESOURCE_NOT_FOUND" if missing else type(error).__name__
        raise DeliveryError(f"{arn}: {error}", code=code, lasting=missing) from error


def _to_queue(arn: str, body: str, attributes: Mapping[str, str], group_id: str | None, dedupe: str | None) -> None:
    _, _, _, region, account, name = arn.split(":")
    queues: Any = sqs_backends[account][region]
    queues.send_message(
        name,
        body,
        message_attributes=_attributes(attributes),
        group_id=group_id,
        deduplication_id=dedupe,
    )


def _attributes(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}


def _to_function(arn: str, body: str) -> None:
    from embedded.cloud import lambdas

    try:
        lambdas.invoke(arn, body.encode(), "Event")
    except lambdas.InvocationRefused as error:
        missing = error.code == "ResourceNotFoundException"
        raise DeliveryError(error.message, code=error.code, lasting=missing) from error


def _to_state_machine(arn: str, body: str, role_arn: str) -> None:
    """As EventBridge does it: under the target's role, with a name of its own making."""
    credentials = assume_role(role_arn, "EventBridge", service="events.amazonaws.com")
    client: Any = boto3.client(  # pyright: ignore[reportUnknownMemberType]
        "stepfunctions",
        endpoint_url=_endpoint_url,
        region_name=arn.split(":")[3],
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
    client.start_execution(stateMachineArn=arn, name=f"{uuid.uuid4()}_{uuid.uuid4()}", input=body)


def _to_log_group(arn: str, body: str) -> None:
    region, account, _, group = arn.split(":")[3:7]
    backend: Any = logs_backends[account][region]
    with lock_of("logs"):
        stream = str(uuid.uuid4())
        backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": body}])


def _to_bus(arn: str, body: str) -> None:
    from embedded.cloud import events

    events.put_event(json.loads(body), arn)
