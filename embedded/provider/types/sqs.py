"""Queues and their policies."""

from collections.abc import Callable, Mapping
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
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    resets={
        "visibilityTimeoutSeconds": 30,
        "messageRetentionSeconds": 345600,
        "maxMessageSize": 262144,
        "delaySeconds": 0,
        "receiveWaitTimeSeconds": 0,
        "redrivePolicy": "",
        "redriveAllowPolicy": "",
        "policy": "",
        "kmsMasterKeyId": "",
        "kmsDataKeyReusePeriodSeconds": 300,
    },
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


def _set_attribute(attribute: str, argument: str) -> Callable[[Request], Steps]:
    def steps(request: Request) -> Steps:
        url, value = request.arguments.take("queueUrl"), request.arguments.take(argument)
        yield Call(operation="SetQueueAttributes", params={"QueueUrl": url, "Attributes": {attribute: value}})
        return Created(id=url, outputs={})

    return steps


def _clear_attribute(attribute: str) -> Callable[[Request], Removal]:
    def steps(request: Request) -> Removal:
        assert request.old is not None  # noqa: S101
        params = {"QueueUrl": request.old.id, "Attributes": {attribute: ""}}
        yield Call(operation="SetQueueAttributes", params=params)

    return steps


for _token, _attribute in (
    ("aws:sqs/queuePolicy:QueuePolicy", "Policy"),
    ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "RedriveAllowPolicy"),
    ("aws:sqs/redrivePolicy:RedrivePolicy", "RedrivePolicy"),
):
    kind(_token, "sqs", put=True, identity=("queueUrl",), delete=_clear_attribute(_attribute))(
        _set_attribute(_attribute, f"{_attribute[0].lower()}{_attribute[1:]}")
    )
