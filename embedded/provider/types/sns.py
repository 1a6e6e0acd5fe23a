"""Topics, their policies and subscriptions."""

import json
from collections.abc import Mapping
from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, undo
from embedded.provider.types.sqs import texts

_ATTRIBUTES = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "fifoTopic": "FifoTopic",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "archivePolicy": "ArchivePolicy",
}
_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}

_STEERING = ("endpointAutoConfirms", "confirmationTimeoutInMinutes")


def _suffix(inputs: Mapping[str, Any]) -> str:
    return ".fifo" if inputs.get("fifoTopic") else ""


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    for attribute, value in texts(request.arguments, _ATTRIBUTES).items():
        params = {"TopicArn": old.id, "AttributeName": attribute, "AttributeValue": value}
        yield Call(operation="SetTopicAttributes", params=params)
    return Created(id=old.id, outputs={})


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="DeleteTopic", params={"TopicArn": request.old.id})


@kind(
    "aws:sns/topic:Topic",
    "sns",
    naming=Naming(longest=256, suffix=_suffix),
    tags=True,
    identity=("fifoTopic",),
    update=_change,
    resets={"displayName": "", "kmsMasterKeyId": "", "deliveryPolicy": "", "tracingConfig": "PassThrough"},
    delete=_remove,
)
def topic(request: Request) -> Steps:
    """A topic."""
    given = request.arguments.take_some("name", "tags")
    attributes = texts(request.arguments, _ATTRIBUTES)
    response = yield Call(operation="CreateTopic", arguments=given, params={"Attributes": attributes or None})
    arn = response["TopicArn"]
    return Created(id=arn, outputs={"arn": arn, "owner": request.account})


def _remove_policy(request: Request) -> Removal:
    """A topic is never without a policy: what it had when it was made lets only its owner in."""
    assert request.old is not None  # noqa: S101
    arn = request.old.id
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": request.account}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
    yield Call(operation="SetTopicAttributes", params=params)


@kind("aws:sns/topicPolicy:TopicPolicy", "sns", put=True, identity=("arn",), delete=_remove_policy)
def topic_policy(request: Request) -> Steps:
    """Who may publish to a topic."""
    arn, policy = request.arguments.take("arn"), request.arguments.take("policy")
    params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
    yield Call(operation="SetTopicAttributes", params=params)
    return Created(id=arn, outputs={"owner": request.account})


def _resubscribe(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101
    request.arguments.take_some("topic", "protocol", "endpoint", *_STEERING)
    for attribute, value in texts(request.arguments, _SUBSCRIPTION).items():
        params = {"SubscriptionArn": old.id, "AttributeName": attribute, "AttributeValue": value}
        yield Call(operation="SetSubscriptionAttributes", params=params)
    return Created(id=old.id, outputs={})


@kind(
    "aws:sns/topicSubscription:TopicSubscription",
    "sns",
    identity=("topic", "protocol", "endpoint"),
    update=_resubscribe,
    removable=_STEERING,
    resets={"filterPolicy": "{}", "rawMessageDelivery": False, "redrivePolicy": "{}", "deliveryPolicy": "{}"},
    delete=undo("Unsubscribe", SubscriptionArn="{id}"),
)
def subscription(request: Request) -> Steps:
    """A subscription, confirmed at once."""
    arguments = request.arguments
    arguments.take_some(*_STEERING)
    attributes = texts(arguments, _SUBSCRIPTION)
    response = yield Call(
        operation="Subscribe",
        arguments=arguments.take_rest(),
        rename={"topic": "TopicArn"},
        params={"Attributes": attributes or None, "ReturnSubscriptionArn": True},
    )
    arn = response["SubscriptionArn"]
    outputs = {"arn": arn, "ownerId": request.account, "pendingConfirmation": False}
    return Created(id=arn, outputs=outputs)
