"""An EventBridge rule, and what it delivers to. What cannot be delivered lands in a dead-letter queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.components.function import Function
    from infra.components.queue import DeadLetters, Queue

_MAX_AGE_SECONDS = 24 * 3600
_MAX_ATTEMPTS = 185
"""EventBridge's own defaults, and its limits: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"""


@dataclass(frozen=True, kw_only=True)
class EventRuleArgs:
    description: str
    pattern: Mapping[str, Any]
    """An event pattern, which may hold outputs: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html"""


@final
class EventRule(pulumi.ComponentResource):
    """A rule on the account's default bus, where the events of AWS services arrive."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EventRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:EventRule", name, None, opts)
        rule = aws.cloudwatch.EventRule(
            name,
            description=args.description,
            event_pattern=pulumi.Output.json_dumps(args.pattern),
            state="ENABLED",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = rule.name
        self.arn = rule.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class QueueTargetArgs:
    rule: EventRule
    queue: "Queue"
    """Its `senders` must name the rule, or EventBridge may not send to it."""


@final
class QueueTarget(pulumi.ComponentResource):
    """Delivers a rule's events to a queue; what the queue refuses goes to its dead-letter queue."""

    def __init__(self, name: str, args: QueueTargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:QueueTarget", name, None, opts)
        _target(name, args.rule, args.queue.arn, args.queue.dead_letters, parent=self)
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class FunctionTargetArgs:
    rule: EventRule
    function: "Function"
    dead_letters: "DeadLetters"


@final
class FunctionTarget(pulumi.ComponentResource):
    """Invokes a function with a rule's events."""

    def __init__(self, name: str, args: FunctionTargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:FunctionTarget", name, None, opts)
        permission = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=args.function.name,
            qualifier=args.function.live,
            principal="events.amazonaws.com",
            source_arn=args.rule.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        _target(name, args.rule, args.function.live_arn, args.dead_letters, parent=self, after=permission)
        self.register_outputs({})


def _target(
    name: str,
    rule: EventRule,
    arn: pulumi.Input[str],
    dead_letters: "DeadLetters",
    *,
    parent: pulumi.Resource,
    after: pulumi.Resource | None = None,
) -> None:
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        arn=arn,
        target_id=name,
        dead_letter_config={"arn": dead_letters.arn},
        retry_policy={"maximum_event_age_in_seconds": _MAX_AGE_SECONDS, "maximum_retry_attempts": _MAX_ATTEMPTS},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[after] if after else None),
    )
