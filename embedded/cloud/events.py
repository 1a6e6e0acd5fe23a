"""EventBridge: what is put on a bus reaches the targets of the rules that match."""

from __future__ import annotations

import json
import logging
import random
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from embedded.cloud import patterns
from embedded.cloud.context import Cloud
from embedded.cloud.destinations import DeliveryError, Sender, deliver, role_sender, service_sender
from embedded.cloud.documents import part
from embedded.cloud.event_targets import BadPathError, target_input
from embedded.cloud.later import Later
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback, service

logger = logging.getLogger(__name__)

ENTRY_BYTES_MAX = 1_048_576  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
ATTEMPTS_MAX = 5
FIRST_RETRY_SECONDS = 0.5
SERVICE = "events.amazonaws.com"
_NEEDS_ROLE = ("states", "events")
_TARGET_SERVICES = ("sqs", "sns", "lambda", "states", "logs", "events")

_later: Later | None = None
_region = "us-east-1"


def install(cloud: Cloud) -> None:
    """Start delivering."""
    global _later, _region  # noqa: PLW0603 - one cloud per process: moto's own state is global too
    _region = cloud.region
    _later = Later("events", 4)
    cloud.on_stop(_later.stop)


def put_event(event: Mapping[str, Any], bus: str = "default", *, region: str | None = None) -> str:
    """Publish one event inside the process and return its id; delivery is asynchronous.

    `event` has the shape that a rule sees: `source`, `detail-type` and `detail` (a mapping) are required, `resources`
    and `time` (ISO 8601) optional; `version`, `id`, `account` and `region` are filled in. `bus` is a name or an ARN.
    """
    whole = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": event["detail-type"],
        "source": event["source"],
        "account": DEFAULT_ACCOUNT_ID,
        "time": event.get("time") or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": bus.split(":")[3] if bus.startswith("arn:") else region or _region,
        "resources": list(event.get("resources", [])),
        "detail": event["detail"],
    }
    if _later is not None:
        _later.run(lambda: _dispatch(whole, bus))
    return str(whole["id"])


def put_entries(entries: list[dict[str, Any]], region: str) -> list[dict[str, Any]]:
    """PutEvents: one result per entry, an error for those that are not taken."""
    return [_put_entry(entry, region) for entry in entries]


def _put_entry(entry: dict[str, Any], region: str) -> dict[str, Any]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
    if str(entry["Source"]).startswith("aws."):
        message = "Not authorized to put events whose source begins with 'aws.'"
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": message}
    if sum(len(str(entry[name]).encode()) for name in ("Source", "DetailType", "Detail")) > ENTRY_BYTES_MAX:
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": "Total size of the entry is too large"}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    bus = str(entry.get("EventBusName") or "default")
    if _bus(bus, region) is None:
        logger.warning("an event %r was put on the bus %s, which does not exist", entry["DetailType"], bus)
    event: dict[str, Any] = {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": detail,
        "resources": entry.get("Resources") or [],
    }
    if entry.get("Time"):
        event["time"] = f"{datetime.fromtimestamp(float(entry['Time']), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"EventId": put_event(event, bus, region=region)}


def _bus(bus: str, region: str) -> Any | None:  # noqa: ANN401 - moto's own bus
    account, name = DEFAULT_ACCOUNT_ID, bus
    if bus.startswith("arn:"):
        region, account = bus.split(":")[3:5]
        name = bus.partition("event-bus/")[2]
    backend: Any = events_backends[account][region]
    return backend.event_buses.get(name)


def _dispatch(event: dict[str, Any], bus_name: str) -> None:
    with lock_of("events"):
        bus = _bus(bus_name, event["region"])
        rules = [] if bus is None else [(rule, list(rule.targets)) for rule in bus.rules.values()]
    for rule, targets in rules:
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            continue
        if not patterns.matches(rule.event_pattern.get_pattern(), event):
            continue
        for target in targets:
            _deliver(target, event, rule.arn, 1)


def _deliver(target: dict[str, Any], event: dict[str, Any], rule_arn: str, attempt: int) -> None:
    most = min(int(part(target, "RetryPolicy").get("MaximumRetryAttempts", ATTEMPTS_MAX)), ATTEMPTS_MAX)
    try:
        body = target_input(target, event, rule_arn)
        group = part(target, "SqsParameters").get("MessageGroupId")
        token = event["id"] if group else None
        deliver(
            target["Arn"],
            body,
            group_id=group,
            deduplication_id=token,
            role_arn=target.get("RoleArn"),
            sender=_sender(target, rule_arn),
        )
    except BadPathError as error:
        _bury(target, event, rule_arn, "INVALID_JSON", str(error), attempt)
    except DeliveryError as error:
        if error.lasting or attempt > most or _later is None:
            _bury(target, event, rule_arn, error.code, str(error), attempt)
            return
        wait = FIRST_RETRY_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        _later.run(lambda: _deliver(target, event, rule_arn, attempt + 1), after_seconds=wait)


def _sender(target: dict[str, Any], rule_arn: str) -> Sender:
    """EventBridge sends as itself, on the rule's behalf, or under the role that the target names.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    role = target.get("RoleArn")
    return role_sender(str(role), "EventBridge") if role else service_sender(SERVICE, rule_arn)


def _bury(target: dict[str, Any], event: dict[str, Any], rule: str, code: str, message: str, attempt: int) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    logger.error("%s did not take an event of %s after %d attempts: %s", target["Arn"], rule, attempt, message)
    queue = part(target, "DeadLetterConfig").get("Arn")
    if not queue:
        return
    attributes = {
        "RULE_ARN": rule,
        "TARGET_ARN": str(target["Arn"]),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message[:1024],
        "RETRY_ATTEMPTS": str(attempt - 1),
    }
    try:
        deliver(queue, json.dumps(event), attributes=attributes, sender=service_sender(SERVICE, rule))
    except DeliveryError:
        logger.exception("and neither did its dead-letter queue")


@service("events")
def serve(request: Request) -> Response:
    """Refuse what would never be delivered; moto keeps the rules."""
    body = cast("dict[str, Any]", request.json())
    if request.target == "PutTargets":
        for target in body.get("Targets", []):
            problem = _target_problem(target)
            if problem:
                return Response.of_error("ValidationException", problem)
    if request.target == "PutRule" and body.get("ScheduleExpression"):
        return Response.of_error("ValidationException", "The embedded AWS runs no schedules: give an EventPattern")
    if request.target == "PutEvents" and len(body.get("Entries", [])) > 10:
        return Response.of_error("ValidationException", "PutEvents takes at most 10 entries")
    if request.target == "TestEventPattern":
        return _test_pattern(body)
    return fallback(request)


def _test_pattern(body: dict[str, Any]) -> Response:
    try:
        pattern = json.loads(body["EventPattern"])
        patterns.check(pattern)
    except ValueError as error:
        return Response.of_error("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}")
    matched = patterns.matches(pattern, json.loads(body["Event"]))
    return Response.of_json({"Result": matched}, content_type="application/x-amz-json-1.1")


def _target_problem(target: dict[str, Any]) -> str | None:
    arn = str(target.get("Arn", ""))
    parts = arn.split(":")
    if not re.match(r"arn:aws[\w-]*:[a-z]+:", arn) or parts[2] not in _TARGET_SERVICES:
        return f"The embedded AWS delivers no events to {arn!r}"
    if parts[2] in _NEEDS_ROLE and not target.get("RoleArn"):
        return f"RoleArn is required for target {arn}."
    if sum(bool(target.get(name)) for name in ("Input", "InputPath", "InputTransformer")) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {target.get('Id')}."
    if parts[2] == "sqs" and parts[-1].endswith(".fifo") and not target.get("SqsParameters"):
        return f"Parameter(s) SqsParameters must be specified for target: {target.get('Id')}."
    if target.get("Input"):
        try:
            json.loads(target["Input"])
        except ValueError:
            return f"JSON syntax error in input for target {target.get('Id')}"
    return None
