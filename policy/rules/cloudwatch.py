"""Logs and alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""

from collections.abc import Iterator

from policy.model import Resource, ResourceRule, Stack, StackRule, environment, unless
from policy.rules.sqs import ends_here

_GROUP = "cloudwatch/logGroup:LogGroup"
_ALARM = "cloudwatch/metricAlarm:MetricAlarm"
_PROD_DAYS = 365


def _encrypted(group: Resource) -> Iterator[str]:
    yield from unless(group.get("kmsKeyId"), "no key of ours")


def _ends(group: Resource) -> Iterator[str]:
    yield from unless(group.get("retentionInDays"), "it is kept, and paid for, for ever")


def _long_enough(group: Resource, _stack: Stack) -> Iterator[str]:
    if environment(group) == "prod":
        days = group.get("retentionInDays") or 0
        yield from unless(days >= _PROD_DAYS, f"gone after {days} days")


def _acts(alarm: Resource) -> Iterator[str]:
    yield from unless(alarm.each("alarmActions"), "nobody hears of it")
    yield from unless(alarm.get("actionsEnabled") is not False, "its actions are off")


def _says_what(alarm: Resource) -> Iterator[str]:
    yield from unless("docs/runbooks/" in str(alarm.get("alarmDescription")), "no runbook says what to do")


def _dead_letters_alarm(queue: Resource, stack: Stack) -> Iterator[str]:
    if ends_here(queue, stack):
        watched = any(queue.urn in alarm.sources.get("metricQueries", ()) for alarm in stack.of(_ALARM)) or any(
            queue.urn in alarm.sources.get("dimensions", ()) for alarm in stack.of(_ALARM)
        )
        yield from unless(watched, "nobody hears of what lands in it")


RULES = (
    ResourceRule(
        name="logs-encrypted",
        demands="Logs are encrypted under a key of ours",
        types=(_GROUP,),
        severity="medium",
        check=_encrypted,
    ),
    ResourceRule(
        name="logs-end",
        demands="Logs have an end",
        types=(_GROUP,),
        severity="low",
        check=_ends,
    ),
    StackRule(
        name="logs-kept",
        demands="In prod logs are kept for a year",
        types=(_GROUP,),
        severity="medium",
        check=_long_enough,
    ),
    ResourceRule(
        name="alarm-acts",
        demands="Alarms tell somebody",
        types=(_ALARM, "cloudwatch/compositeAlarm:CompositeAlarm"),
        severity="medium",
        check=_acts,
    ),
    ResourceRule(
        name="alarm-runbook",
        demands="Alarms name the page that says what to do",
        types=(_ALARM,),
        severity="low",
        check=_says_what,
    ),
    StackRule(
        name="dead-letters-alarm",
        demands="Every queue of what was given up has an alarm",
        types=("sqs/queue:Queue",),
        severity="high",
        check=_dead_letters_alarm,
    ),
)
