"""What people are told of: an alarm on every way in which a machine, function, queue or table fails or falls behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi

from infra.components.alarms import Alarm, AlarmArgs
from infra.components.function import Function
from infra.components.queue import DeadLetters, Queue
from infra.components.state_machine import StateMachine
from infra.components.table import Table

_LATE_SECONDS = 900
"""Longer than the five tries that an upload's event has: what is older is not being worked on."""


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    machines: Sequence[StateMachine]
    functions: Sequence[Function]
    queues: Sequence[Queue]
    dead_letters: Sequence[DeadLetters]
    tables: Sequence[Table]
    topic: pulumi.Output[str]
    """ARN of the topic that every alarm tells, also when it is over."""


@final
class Watch(pulumi.ComponentResource):
    """Alarms; each names its runbook. Some 0.10 USD a month for each."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Watch", name, None, opts)
        self._topic = args.topic
        for machine in args.machines:
            self._machine(machine)
        for function in args.functions:
            self._function(function)
        for queue in args.queues:
            self._queue(queue)
        for dead in args.dead_letters:
            self._dead_letters(dead)
        for table in args.tables:
            self._table(table)
        self.register_outputs({})

    def _machine(self, machine: StateMachine) -> None:
        for metric, what, runbook in (
            ("ExecutionsFailed", "an execution failed", "failed-execution"),
            ("ExecutionsTimedOut", "an execution timed out", "failed-execution"),
            ("ExecutionsAborted", "an execution was aborted", "failed-execution"),
            ("ExecutionThrottled", "more is started than the account may", "throttling"),
        ):
            dimensions = {"StateMachineArn": machine.arn}
            self._alarm(machine.label, what, runbook, "AWS/States", metric, dimensions)

    def _function(self, function: Function) -> None:
        # What calls a function tries again: one error or throttle is no news, two periods of them are.
        for metric, what, runbook in (
            ("Errors", "it keeps failing", "function-errors"),
            ("Throttles", "it keeps being refused concurrency", "throttling"),
        ):
            dimensions = {"FunctionName": function.name}
            self._alarm(function.label, what, runbook, "AWS/Lambda", metric, dimensions, lasting=True)

    def _queue(self, queue: Queue) -> None:
        self._alarm(
            queue.label,
            f"an upload has been waiting for more than {_LATE_SECONDS // 60} minutes",
            "waiting-queue",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": queue.name},
            statistic="Maximum",
            threshold=_LATE_SECONDS,
        )

    def _dead_letters(self, dead: DeadLetters) -> None:
        # A queue with a message in it is active, and an active queue has metrics:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
        self._alarm(
            dead.label,
            "something was given up",
            "dead-letter-queue",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": dead.name},
            statistic="Maximum",
        )

    def _table(self, table: Table) -> None:
        # An index counts for itself: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        for index in (None, *table.indexes):
            dimensions = {"TableName": table.name} | ({"GlobalSecondaryIndexName": index} if index else {})
            for metric, what in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes")):
                label = f"{table.label}-{index}" if index else table.label
                self._alarm(label, f"{what} are throttled", "throttling", "AWS/DynamoDB", metric, dimensions)

    def _alarm(
        self,
        label: str,
        what: str,
        runbook: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        *,
        statistic: str = "Sum",
        threshold: float = 0,
        lasting: bool = False,
    ) -> None:
        Alarm(
            f"{label}-{metric}",
            AlarmArgs(
                description=f"{label}: {what}. See docs/runbooks/{runbook}.md",
                namespace=namespace,
                metric=metric,
                dimensions=dimensions,
                statistic=statistic,
                threshold=threshold,
                lasting=lasting,
                actions=[self._topic],
            ),
            pulumi.ResourceOptions(parent=self),
        )
