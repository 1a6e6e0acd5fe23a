"""Anomaly monitors, their subscriptions, and cost allocation tags. Cost Explorer is one service in us-east-1."""

from typing import Any

from embedded.engine.model import Created, ProviderError
from embedded.provider.kinds import Arguments, Call, Naming, Removal, Request, Steps, kind, undo

_REGION = "us-east-1"


def _rename(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    yield Call(
        operation="UpdateAnomalyMonitor",
        arguments=request.arguments.take_some("name"),
        rename={"name": "MonitorName"},
        params={"MonitorArn": old.id},
    )
    return Created(id=old.id, outputs={})


@kind(
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
    "ce",
    naming=Naming(longest=1024, changeable=True),
    tags=True,
    region=_REGION,
    identity=("monitorType", "monitorDimension", "monitorSpecification"),
    update=_rename,
    delete=undo("DeleteAnomalyMonitor", MonitorArn="{arn}"),
)
def monitor(request: Request) -> Steps:
    """A monitor."""
    arguments = request.arguments
    tags = arguments.take_some("tags")
    response = yield Call(
        operation="CreateAnomalyMonitor",
        arguments={"anomalyMonitor": arguments.take_rest(), **tags},
        rename={"anomalyMonitor.name": "MonitorName", "tags": "ResourceTags"},
    )
    return Created(id=response["MonitorArn"], outputs={"arn": response["MonitorArn"]})


def _subscribed(arguments: Arguments) -> dict[str, Any]:
    """AWS's names of the arguments, without the tags."""
    expression: dict[str, Any] = arguments.take("thresholdExpression", {})
    subscribers: list[dict[str, str]] = arguments.take("subscribers", [])
    given: dict[str, Any] = {
        "SubscriptionName": arguments.take("name"),
        "Frequency": arguments.take("frequency"),
        "MonitorArnList": arguments.take("monitorArnLists"),
        "Subscribers": [{"Type": one["type"], "Address": one["address"]} for one in subscribers],
    }
    if expression:
        given["ThresholdExpression"] = _expression(expression)
    return given


def _expression(given: dict[str, Any]) -> dict[str, Any]:
    part = Arguments(given)
    both: list[dict[str, Any]] = part.take("ands", [])
    either: list[dict[str, Any]] = part.take("ors", [])
    dimension: dict[str, Any] = part.take("dimension", {})
    part.end("thresholdExpression")
    written: dict[str, Any] = {}
    if dimension:
        names = {"key": "Key", "matchOptions": "MatchOptions", "values": "Values"}
        written["Dimensions"] = {names[name]: value for name, value in dimension.items()}
    if both:
        written["And"] = [_expression(one) for one in both]
    if either:
        written["Or"] = [_expression(one) for one in either]
    return written


def _resubscribe(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101
    given = _subscribed(request.arguments)
    yield Call(operation="UpdateAnomalySubscription", params={"SubscriptionArn": old.id, **given})
    return Created(id=old.id, outputs={})


@kind(
    "aws:costexplorer/anomalySubscription:AnomalySubscription",
    "ce",
    naming=Naming(longest=1024),
    tags=True,
    region=_REGION,
    identity=("accountId",),
    update=_resubscribe,
    delete=undo("DeleteAnomalySubscription", SubscriptionArn="{arn}"),
)
def subscription(request: Request) -> Steps:
    """Who hears of what a monitor finds."""
    arguments = request.arguments
    tags = arguments.take_some("tags")
    response = yield Call(
        operation="CreateAnomalySubscription",
        arguments=tags,
        rename={"tags": "ResourceTags"},
        params={"AnomalySubscription": _subscribed(arguments)},
    )
    outputs = {"arn": response["SubscriptionArn"], "accountId": request.account}
    return Created(id=response["SubscriptionArn"], outputs=outputs)


def _status(key: str, status: str) -> Call:
    entry = {"TagKey": key, "Status": status}
    return Call(operation="UpdateCostAllocationTagsStatus", params={"CostAllocationTagsStatus": [entry]})


def _deactivate(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    yield _status(old.id, "Inactive")


@kind(
    "aws:costexplorer/costAllocationTag:CostAllocationTag",
    "ce",
    region=_REGION,
    identity=("tagKey",),
    put=True,
    delete=_deactivate,
)
def cost_allocation_tag(request: Request) -> Steps:
    """A tag that bills can be told apart by. What AWS cannot do it says in the answer, which is no error by itself."""
    key, status = request.arguments.take("tagKey"), request.arguments.take("status")
    response = yield _status(key, status)
    errors = response.get("Errors")
    if isinstance(errors, list) and errors:
        message = f"{key} cannot be activated: {errors[0]}"
        raise ProviderError(message)
    return Created(id=key, outputs={"type": "UserDefined"})
