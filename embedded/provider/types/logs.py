"""Log groups, their policies and metric filters."""

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, simple, undo


def _retention(request: Request, name: str) -> Steps:
    days = request.arguments.take("retentionInDays")
    if days:
        yield Call(operation="PutRetentionPolicy", params={"logGroupName": name, "retentionInDays": days})
    return Created(id=name, outputs={})


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    request.arguments.take_some("skipDestroy")
    key = request.arguments.take("kmsKeyId")
    if key != old.inputs.get("kmsKeyId"):
        operation = "AssociateKmsKey" if key else "DisassociateKmsKey"
        yield Call(operation=operation, params={"logGroupName": old.id, "kmsKeyId": key})
    if not request.goal.inputs.get("retentionInDays") and old.inputs.get("retentionInDays"):
        yield Call(operation="DeleteRetentionPolicy", params={"logGroupName": old.id})
    yield from _retention(request, old.id)
    return Created(id=old.id, outputs={})


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    if not request.old.inputs.get("skipDestroy"):
        yield Call(operation="DeleteLogGroup", params={"logGroupName": request.old.id})


@kind(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs",
    naming=Naming(longest=512),
    tags=True,
    identity=("logGroupClass",),
    update=_change,
    removable=("retentionInDays", "kmsKeyId", "skipDestroy"),
    delete=_remove,
)
def log_group(request: Request) -> Steps:
    """A log group and its retention."""
    arguments = request.arguments
    arguments.take_some("skipDestroy")
    days = arguments.take_some("retentionInDays")
    name = request.goal.inputs["name"]
    yield Call(operation="CreateLogGroup", arguments=arguments.take_rest(), rename={"name": "logGroupName"})
    if days.get("retentionInDays"):
        yield Call(operation="PutRetentionPolicy", arguments=days, params={"logGroupName": name})
    return Created(id=name, outputs={"arn": request.arn("logs", f"log-group:{name}"), "retentionInDays": 0, **days})


simple(
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "logs",
    "PutResourcePolicy",
    id="{policyName}",
    put=True,
    identity=("policyName", "resourceArn"),
    delete=undo("DeleteResourcePolicy", policyName="{policyName}", resourceArn="{resourceArn}"),
)

simple(
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "logs",
    "PutMetricFilter",
    naming=Naming(longest=512),
    rename={
        "name": "filterName",
        "pattern": "filterPattern",
        "metricTransformation": "metricTransformations",
        "metricTransformation.name": "metricName",
        "metricTransformation.namespace": "metricNamespace",
        "metricTransformation.value": "metricValue",
    },
    id="{name}",
    put=True,
    identity=("logGroupName",),
    delete=undo("DeleteMetricFilter", logGroupName="{logGroupName}", filterName="{name}"),
)
