"""State machines and their aliases."""

from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Arguments, Call, Naming, Removal, Request, Steps, kind, undo


def _given(arguments: Arguments) -> dict[str, Any]:
    given = arguments.take_some("definition", "roleArn", "tracingConfiguration", "encryptionConfiguration", "publish")
    logging = arguments.take("loggingConfiguration")
    if logging:
        part = Arguments(logging)
        destination = part.take("logDestination")
        targets = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}] if destination else []
        given["loggingConfiguration"] = {"destinations": targets, **part.take_rest()}
    return given


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    given = _given(request.arguments)
    response = yield Call(operation="UpdateStateMachine", arguments=given, params={"stateMachineArn": old.id})
    outputs = {"revisionId": response["revisionId"]}
    if given.get("publish"):
        outputs["stateMachineVersionArn"] = response["stateMachineVersionArn"]
    return Created(id=old.id, outputs=outputs)


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="DeleteStateMachine", params={"stateMachineArn": request.old.id})


@kind(
    "aws:sfn/stateMachine:StateMachine",
    "stepfunctions",
    naming=Naming(longest=80),
    tags=True,
    identity=("type",),
    defaults={"type": "STANDARD"},
    update=_change,
    removable=("publish",),
    resets={
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
        "loggingConfiguration": {"level": "OFF"},
        "tracingConfiguration": {"enabled": False},
    },
    volatile=("stateMachineVersionArn", "revisionId"),
    delete=_remove,
)
def state_machine(request: Request) -> Steps:
    """A state machine from its definition."""
    given = _given(request.arguments) | request.arguments.take_rest()
    response = yield Call(operation="CreateStateMachine", arguments=given)
    outputs = {
        "arn": response["stateMachineArn"],
        "creationDate": str(response["creationDate"]),
        "status": "ACTIVE",
    }
    if given.get("publish"):
        outputs["stateMachineVersionArn"] = response["stateMachineVersionArn"]
    described = yield Call(operation="DescribeStateMachine", params={"stateMachineArn": response["stateMachineArn"]})
    outputs["revisionId"] = described["revisionId"]
    return Created(id=response["stateMachineArn"], outputs=outputs)


def _change_alias(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    given = request.arguments.take_some("description", "routingConfigurations")
    request.arguments.take("name")
    yield Call(operation="UpdateStateMachineAlias", arguments=given, params={"stateMachineAliasArn": old.id})
    return Created(id=old.id, outputs={})


@kind(
    "aws:sfn/alias:Alias",
    "stepfunctions",
    naming=Naming(longest=80),
    update=_change_alias,
    resets={"description": ""},
    delete=undo("DeleteStateMachineAlias", stateMachineAliasArn="{id}"),
)
def alias(request: Request) -> Steps:
    """A name for versions of a state machine."""
    response = yield Call(operation="CreateStateMachineAlias", arguments=request.arguments.take_rest())
    outputs = {"arn": response["stateMachineAliasArn"], "creationDate": str(response["creationDate"])}
    return Created(id=response["stateMachineAliasArn"], outputs=outputs)
