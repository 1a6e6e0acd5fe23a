"""SQS, SNS, EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Facts
from embedded.authorisation.requests.passing import passes
from embedded.authorisation.requests.rows import Implied, Need, Row, Table, arn, parameter, same, via_kms

_SQS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html"
_SQS_KEYS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"
_SNS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html"
_SNS_KEYS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
_EVENTS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html"


def _queue(call: Call, _facts: Facts) -> str:
    name = call.text("QueueUrl").rpartition("/")[2] or call.text("QueueName")
    return f"arn:aws:sqs:{call.region}:{call.account}:{name or '*'}"


def _queue_key(*operations: str) -> Implied:
    def implied(call: Call, facts: Facts) -> Iterable[Need]:
        queue = _queue(call, facts)
        return via_kms(call, "sqs", facts.key_of(queue), operations, {"aws:sqs:arn": queue})

    return implied


_sends, _receives = _queue_key("GenerateDataKey", "Decrypt"), _queue_key("Decrypt")

SQS: Table = {
    "SendMessage": Row(_SQS_KEYS, "sqs:SendMessage", _queue, implied=(_sends,)),
    # A batch is checked as its single operation.
    "SendMessageBatch": Row(_SQS_KEYS, "sqs:SendMessage", _queue, implied=(_sends,)),
    "ReceiveMessage": Row(_SQS_KEYS, "sqs:ReceiveMessage", _queue, implied=(_receives,)),
    "DeleteMessage": Row(_SQS, "sqs:DeleteMessage", _queue),
    "DeleteMessageBatch": Row(_SQS, "sqs:DeleteMessage", _queue),
    "ChangeMessageVisibility": Row(_SQS, "sqs:ChangeMessageVisibility", _queue),
    "ChangeMessageVisibilityBatch": Row(_SQS, "sqs:ChangeMessageVisibility", _queue),
    **same(
        "sqs",
        _SQS,
        _queue,
        "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl SetQueueAttributes PurgeQueue TagQueue UntagQueue "
        "ListQueueTags ListDeadLetterSourceQueues AddPermission RemovePermission",
    ),
    "ListQueues": Row(_SQS, "sqs:ListQueues"),
}

_topic = parameter("TopicArn")


def _published(call: Call, facts: Facts) -> Iterable[Need]:
    topic = call.text("TopicArn")
    return via_kms(call, "sns", facts.key_of(topic), ("GenerateDataKey", "Decrypt"), {"aws:sns:topicArn": topic})


SNS: Table = {
    "Publish": Row(_SNS_KEYS, "sns:Publish", _topic, implied=(_published,)),
    "PublishBatch": Row(_SNS_KEYS, "sns:Publish", _topic, implied=(_published,)),
    "CreateTopic": Row(_SNS, "sns:CreateTopic", arn("arn:aws:sns:{region}:{account}:{Name}")),
    **same(
        "sns",
        _SNS,
        _topic,
        "DeleteTopic GetTopicAttributes SetTopicAttributes Subscribe ListSubscriptionsByTopic AddPermission "
        "RemovePermission GetDataProtectionPolicy",
    ),
    **same("sns", _SNS, parameter("ResourceArn"), "TagResource UntagResource ListTagsForResource"),
    **same("sns", _SNS, None, "ListTopics ListSubscriptions"),
    **same(
        "sns", _SNS, parameter("SubscriptionArn"), "Unsubscribe GetSubscriptionAttributes SetSubscriptionAttributes"
    ),
}


def _bus_arn(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:events:{call.region}:{call.account}:event-bus/{name}"


def _bus(name: str) -> Callable[[Call, Facts], str]:
    return lambda call, _facts: _bus_arn(call, call.text(name) or "default")


def _rule(call: Call, _facts: Facts) -> str:
    bus = call.text("EventBusName").rpartition("/")[2]
    inside = f"{bus}/" if bus and bus != "default" else ""
    return f"arn:aws:events:{call.region}:{call.account}:rule/{inside}{call.text('Name') or call.text('Rule') or '*'}"


def _put(call: Call, _facts: Facts) -> Iterable[Need]:
    """One check per entry: buses, sources and detail types differ."""
    entries: list[dict[str, Any]] = call.params["Entries"]
    for entry in entries:
        yield Need(
            "events:PutEvents",
            _bus_arn(call, str(entry.get("EventBusName") or "default")),
            {
                "events:source": (str(entry.get("Source", "")),),
                "events:detail-type": (str(entry.get("DetailType", "")),),
            },
        )


def _target_roles(call: Call, _facts: Facts) -> Iterable[Need]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html"""
    targets: list[dict[str, Any]] = call.params.get("Targets", [])
    for role in dict.fromkeys(str(target["RoleArn"]) for target in targets if target.get("RoleArn")):
        yield passes(role, "events.amazonaws.com")


EVENTS: Table = {
    "PutEvents": Row(_EVENTS, implied=(_put,)),
    "PutTargets": Row(_EVENTS, "events:PutTargets", _rule, implied=(_target_roles,)),
    **same(
        "events",
        _EVENTS,
        _rule,
        "PutRule DescribeRule DeleteRule EnableRule DisableRule RemoveTargets ListTargetsByRule",
    ),
    **same("events", _EVENTS, _bus("Name"), "CreateEventBus DescribeEventBus UpdateEventBus DeleteEventBus"),
    **same("events", _EVENTS, _bus("EventBusName"), "PutPermission RemovePermission"),
    **same("events", _EVENTS, parameter("ResourceARN"), "TagResource UntagResource ListTagsForResource"),
    **same(
        "events",
        _EVENTS,
        arn("arn:aws:events:{region}:{account}:archive/{ArchiveName}"),
        "CreateArchive DescribeArchive UpdateArchive DeleteArchive",
    ),
    **same("events", _EVENTS, None, "ListRules ListEventBuses ListArchives ListRuleNamesByTarget TestEventPattern"),
}
