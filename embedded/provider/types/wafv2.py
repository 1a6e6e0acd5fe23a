"""Web ACLs and their logging."""

from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, undo


def _identity(request: Request) -> dict[str, Any]:
    assert request.old is not None  # noqa: S101  (an update or a deletion has something to change)
    inputs = request.old.inputs
    return {"Name": inputs["name"], "Scope": inputs["scope"], "Id": request.old.id}


def _change(request: Request) -> Steps:
    identity = _identity(request)
    assert request.old is not None  # noqa: S101
    current = yield Call(operation="GetWebACL", params=identity)
    arguments = request.arguments
    arguments.take_some("name", "scope")
    params = {**identity, "LockToken": current["LockToken"]}
    yield Call(operation="UpdateWebACL", arguments=arguments.take_rest(), params=params)
    return Created(id=request.old.id, outputs={})


def _remove(request: Request) -> Removal:
    identity = _identity(request)
    current = yield Call(operation="GetWebACL", params=identity)
    yield Call(operation="DeleteWebACL", params={**identity, "LockToken": current["LockToken"]})


@kind(
    "aws:wafv2/webAcl:WebAcl",
    "wafv2",
    naming=Naming(longest=128),
    tags=True,
    put=True,
    identity=("scope",),
    update=_change,
    delete=_remove,
)
def web_acl(request: Request) -> Steps:
    """A web ACL with its rules."""
    response = yield Call(operation="CreateWebACL", arguments=request.arguments.take_rest())
    summary = response["Summary"]
    return Created(id=summary["Id"], outputs={"arn": summary["ARN"]})


@kind(
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "wafv2",
    put=True,
    identity=("resourceArn",),
    delete=undo("DeleteLoggingConfiguration", ResourceArn="{id}"),
)
def logging_configuration(request: Request) -> Steps:
    """Where a web ACL writes down what it did."""
    arn = request.goal.inputs["resourceArn"]
    yield Call(operation="PutLoggingConfiguration", arguments={"loggingConfiguration": request.arguments.take_rest()})
    return Created(id=arn, outputs={})
