"""`logs`: what a function wrote, or what an execution went through."""

import json
from collections.abc import Iterator
from typing import Any

import botocore.exceptions

from embedded.commands import CommandError, daemon
from embedded.engine import Resource
from embedded.engine.values import Value
from embedded.provider import clients
from embedded.state import Daemon, Home

_FUNCTION = "aws:lambda/function:Function"
_MACHINE = "aws:sfn/stateMachine:StateMachine"
_LONGEST = 300


def logs(stack: str, subject: str | None) -> None:
    """Print the log of a function (its name in the program or on AWS) or the history of an execution (name or ARN).

    Without a subject: the functions and the executions that there are.
    """
    home = Home.of_environment()
    running = daemon.required(home)
    deployed = home.resources(stack).values()
    functions = [resource for resource in deployed if resource.type == _FUNCTION]
    executions = list(_executions(running, [resource for resource in deployed if resource.type == _MACHINE]))
    if subject is None:
        for function in functions:
            print(f"function   {function.name} {function.id}")
        for execution in executions:
            print(f"execution  {execution['name']} {execution['status']} {execution['startDate']:%Y-%m-%d %H:%M:%S}")
        return
    for function in functions:
        if subject in (function.id, function.name, function.outputs.get("arn")):
            _print_log(running, function)
            return
    for execution in executions:
        if subject in (execution["name"], execution["executionArn"]):
            _print_history(running, execution)
            return
    message = f"no function and no execution is called {subject!r}: `python -m embedded logs` lists them"
    raise CommandError(message)


def _client(running: Daemon, service: str, region: str) -> Value:
    return clients.make(
        service,
        region,
        endpoint_url=running.endpoint_url,
        access_key_id=running.access_key_id,
        secret_access_key=running.secret_access_key,
    )


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _executions(running: Daemon, machines: list[Resource]) -> Iterator[dict[str, Any]]:
    for machine in machines:
        client = _client(running, "stepfunctions", _region(machine.id))
        for page in client.get_paginator("list_executions").paginate(stateMachineArn=machine.id):
            yield from page["executions"]


def _print_log(running: Daemon, function: Resource) -> None:
    configured: dict[str, Any] = function.inputs.get("loggingConfig") or {}
    group = configured.get("logGroup") or f"/aws/lambda/{function.id}"
    client = _client(running, "logs", _region(function.outputs["arn"]))
    try:
        pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=group))
    except botocore.exceptions.ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        pages = []
    events = sorted((event for page in pages for event in page["events"]), key=lambda event: event["timestamp"])
    for event in events:
        print(event["message"].rstrip("\n"))
    if not events:
        print(f"{group} is empty")


def _print_history(running: Daemon, execution: dict[str, Any]) -> None:
    arn = execution["executionArn"]
    client = _client(running, "stepfunctions", _region(arn))
    print(f"{execution['name']} {execution['status']}")
    began = None
    for page in client.get_paginator("get_execution_history").paginate(executionArn=arn):
        for event in page["events"]:
            began = began or event["timestamp"]
            seconds = (event["timestamp"] - began).total_seconds()
            print(f"{seconds:9.3f} s  {event['type']:32} {_details(event)}".rstrip())


def _details(event: dict[str, Any]) -> str:
    details: dict[str, Any] = {}
    for key, value in event.items():
        if key.endswith("EventDetails"):
            details = value
    parts: list[str] = []
    for key in ("name", "resource", "error", "cause", "input", "output"):
        value = details.get(key)
        if value:
            text = value if isinstance(value, str) else json.dumps(value)
            parts.append(f"{key}={text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}")
    return " ".join(parts)
