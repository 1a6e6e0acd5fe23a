"""Event buses, rules and targets."""

from embedded.engine.model import Created, ProviderError
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, simple, undo

simple(
    "aws:cloudwatch/eventBus:EventBus",
    "events",
    "CreateEventBus",
    naming=Naming(longest=256),
    tags=True,
    id="{name}",
    outputs={"arn": "{response[EventBusArn]}"},
    identity=("eventSourceName",),
    update=("UpdateEventBus", {}),
    resets={"description": "", "kmsKeyIdentifier": ""},
    delete=undo("DeleteEventBus", Name="{id}"),
)


def _remove_rule(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    inputs = request.old.inputs
    yield Call(operation="DeleteRule", params={"Name": inputs["name"], "EventBusName": inputs.get("eventBusName")})


@kind(
    "aws:cloudwatch/eventRule:EventRule",
    "events",
    naming=Naming(longest=64),
    tags=True,
    put=True,
    identity=("eventBusName",),
    delete=_remove_rule,
)
def rule(request: Request) -> Steps:
    """A rule, by pattern or schedule."""
    arguments = request.arguments
    arguments.take_some("forceDestroy")
    enabled = arguments.take("isEnabled")
    state = arguments.take("state") or ("DISABLED" if enabled is False else "ENABLED")
    bus, name = request.goal.inputs.get("eventBusName"), request.goal.inputs["name"]
    response = yield Call(operation="PutRule", arguments=arguments.take_rest(), params={"State": state})
    identity = name if bus in (None, "default") else f"{bus}/{name}"
    outputs = {"arn": response["RuleArn"], "eventBusName": bus or "default", "state": state}
    return Created(id=identity, outputs=outputs)


def _remove_target(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    inputs = request.old.inputs
    params = {"Rule": inputs["rule"], "EventBusName": inputs.get("eventBusName"), "Ids": [inputs["targetId"]]}
    yield Call(operation="RemoveTargets", params=params)


@kind(
    "aws:cloudwatch/eventTarget:EventTarget",
    "events",
    naming=Naming(property="targetId", longest=64),
    put=True,
    identity=("rule", "eventBusName"),
    delete=_remove_target,
)
def target(request: Request) -> Steps:
    """One target of a rule."""
    arguments = request.arguments
    arguments.take_some("forceDestroy")
    rule_name, bus = arguments.take("rule"), arguments.take("eventBusName")
    rename = {
        "targets.targetId": "Id",
        "targets.inputTransformer.inputPaths": "InputPathsMap",
        "targets.sqsTarget": "SqsParameters",
        "targets.kinesisTarget": "KinesisParameters",
        "targets.httpTarget": "HttpParameters",
    }
    response = yield Call(
        operation="PutTargets",
        arguments={"targets": [arguments.take_rest()]},
        rename=rename,
        params={"Rule": rule_name, "EventBusName": bus},
    )
    if not request.dry and response.get("FailedEntryCount"):
        message = f"PutTargets: {response['FailedEntries']}"
        raise ProviderError(message)
    parts = [rule_name, request.goal.inputs["targetId"]]
    return Created(id="-".join(parts if bus in (None, "default") else [bus, *parts]), outputs={})
