"""Queues and their policies."""

from collections.abc import Mapping
from typing import Any

from embedded.engine.model import Created
from embedded.engine.values import Value
from embedded.provider.kinds import Arguments, Call, Naming, Removal, Request, Steps, kind

_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "maxMessageSize": "MaximumMessageSize",
    "delaySeconds": "DelaySeconds",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "policy": "Policy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "fifoQueue": "FifoQueue",
}


def text(value: Value) -> str:
    """An attribute's value as the text that SQS and SNS want."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts(arguments: Arguments, names: Mapping[str, str]) -> dict[str, str]:
    """Those arguments that are attributes, by AWS's names."""
    return {names[key]: text(value) for key, value in arguments.take_some(*names).items()}


def _suffix(inputs: Mapping[str, Any]) -> str:
    return ".fifo" if inputs.get("fifoQueue") else ""


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    # A queue keeps its kind: FifoQueue cannot be set again.
    attributes = texts(request.arguments, {key: name for key, name in _ATTRIBUTES.items() if key != "fifoQueue"})
    yield Call(operation="SetQueueAttributes", params={"QueueUrl": old.id, "Attributes": attributes})
    return Created(id=old.id, outputs={})


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="DeleteQueue", params={"QueueUrl": request.old.id})


@kind(
    "aws:sqs/queue:Queue",
    "sqs",
    naming=Naming(longest=80, suffix=_suffix),
    tags=True,
    identity=("fifoQueue",),
    update=_change,
    delete=_remove,
)
def queue(request: Request) -> Steps:
    """A queue; what it is about goes by attributes."""
    name = request.arguments.take("name")
    tags = request.arguments.take("tags")
    attributes = texts(request.arguments, _ATTRIBUTES)
    response = yield Call(
        operation="CreateQueue", params={"QueueName": name, "tags": tags, "Attributes": attributes or None}
    )
    url = response["QueueUrl"]
    return Created(id=url, outputs={"arn": request.arn("sqs", name), "url": url, "name": name})


def _set_attribute(attribute: str, argument: str):  # noqa: ANN202
    def steps(request: Request) -> Steps:
        url, value = request.arguments.take("queueUrl"), request.arguments.take(argument)
        yield Call(operation="SetQueueAttributes", params={"QueueUrl": url, "Attributes": {attribute: value}})
        return Created(id=url, outputs={})

    return steps


kind("aws:sqs/queuePolicy:QueuePolicy", "sqs", put=True, identity=("queueUrl",))(_set_attribute("Policy", "policy"))
kind("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "sqs", put=True, identity=("queueUrl",))(
    _set_attribute("RedriveAllowPolicy", "redriveAllowPolicy")
)
kind("aws:sqs/redrivePolicy:RedrivePolicy", "sqs", put=True, identity=("queueUrl",))(
    _set_attribute("RedrivePolicy", "redrivePolicy")
)
