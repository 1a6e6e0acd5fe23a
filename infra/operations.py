"""What tells people that something is wrong: uncaught deaths of executions, alarms, a budget, and a dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import pulumi

from functions.intake.record_failure.env import Environment as RecordFailure
from infra.advice import SettingsError
from infra.catalogue import Catalogue
from infra.components.budget import Budget, BudgetArgs
from infra.components.dashboard import Dashboard, DashboardArgs, Graph
from infra.components.event_rule import EventRule, EventRuleArgs, FunctionTarget, FunctionTargetArgs
from infra.components.function import Function
from infra.components.queue import DeadLetters, DeadLettersArgs
from infra.components.topic import AlarmTopic, AlarmTopicArgs
from infra.foundation import Foundation
from infra.settings import Settings
from infra.video import Video
from infra.watch import Watch, WatchArgs


@dataclass(frozen=True, kw_only=True)
class OperationsArgs:
    foundation: Foundation
    catalogue: Catalogue
    video: Video


@final
class Operations(pulumi.ComponentResource):
    """The recorder of failures, alarms and their topic, the budget, and one dashboard."""

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Operations", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation = args.foundation
        self.machines = (args.catalogue.machine, args.video.machine)
        self._record_failures(args)
        topic = AlarmTopic(
            "alarms",
            AlarmTopicArgs(scope=foundation.scope, key=foundation.data_key, emails=foundation.settings.alarm_emails),
            child,
        )
        self.dead_letters = (
            args.catalogue.intake.queue.dead_letters,
            args.video.intake.queue.dead_letters,
            self._failures,
            foundation.bus_dead_letters,
        )
        self.queues = (args.catalogue.intake.queue, args.video.intake.queue)
        self.tables = (args.catalogue.imports, args.catalogue.products, args.video.videos)
        self.functions = (
            *args.catalogue.functions,
            args.catalogue.intake.start,
            *args.video.functions,
            args.video.intake.start,
            self.record_failure,
        )
        _check_reservations(foundation.settings, self.functions)
        Watch(
            "watch",
            WatchArgs(
                machines=self.machines,
                functions=self.functions,
                queues=self.queues,
                dead_letters=self.dead_letters,
                tables=self.tables,
                topic=topic.arn,
            ),
            child,
        )
        settings = foundation.settings
        Budget(
            "monthly",
            BudgetArgs(
                monthly_usd=settings.monthly_budget_usd,
                tags={"project": foundation.scope.project, "environment": settings.environment},
                topic=topic.arn,
            ),
            child,
        )
        Dashboard("overview", DashboardArgs(scope=foundation.scope, graphs=self._graphs()), child)
        self.register_outputs({})

    def _record_failures(self, args: OperationsArgs) -> None:
        """No Catch sees a timeout, an abort or a broken state: the status record learns of them from here."""
        foundation, child = args.foundation, pulumi.ResourceOptions(parent=self)
        rule = EventRule(
            "failed-executions",
            EventRuleArgs(
                description="Executions that ended without success",
                pattern={
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                        "stateMachineArn": [machine.arn for machine in self.machines],
                    },
                },
            ),
            child,
        )
        self._failures = DeadLetters(
            "record-failure-dead", DeadLettersArgs(key=foundation.data_key, senders=(rule.arn,)), child
        )
        imports, videos = args.catalogue.imports, args.video.videos
        self.record_failure = foundation.function(
            "record-failure",
            parent=self,
            description="Records in the status why an execution died",
            environment=RecordFailure,
            image="api",
            memory_mb=256,
            timeout_seconds=30,
            values={"IMPORTS_TABLE": imports.name, "VIDEOS_TABLE": videos.name},
            access=(
                imports.access("UpdateItem"),
                videos.access("UpdateItem"),
                *(machine.describe_access() for machine in self.machines),
            ),
            on_failure=self._failures,
        )
        FunctionTarget(
            "failed-executions",
            FunctionTargetArgs(rule=rule, function=self.record_failure, dead_letters=self._failures),
            child,
        )

    def _graphs(self) -> tuple[Graph, ...]:
        functions = [function.name for function in self.functions]
        queues = [queue.name for queue in self.queues]
        tables = [table.name for table in self.tables]
        machines = [machine.arn for machine in self.machines]

        started = ("ExecutionsStarted", "ExecutionsSucceeded")
        failed = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled")
        visible, age = ("ApproximateNumberOfMessagesVisible",), ("ApproximateAgeOfOldestMessage",)
        dead = [queue.name for queue in self.dead_letters]
        states, sqs, compute, storage = (
            partial(Graph, namespace="AWS/States", dimension="StateMachineArn", resources=machines),
            partial(Graph, namespace="AWS/SQS", dimension="QueueName"),
            partial(Graph, namespace="AWS/Lambda", dimension="FunctionName", resources=functions),
            partial(Graph, namespace="AWS/DynamoDB", dimension="TableName", resources=tables),
        )
        return (
            states(title="Executions", metrics=started, statistic="Sum"),
            states(title="Failed executions", metrics=failed, statistic="Sum"),
            states(title="Time of executions (ms)", metrics=("ExecutionTime",), statistic="p90"),
            sqs(title="Waiting uploads", resources=queues, metrics=visible, statistic="Maximum"),
            sqs(title="Oldest waiting upload (s)", resources=queues, metrics=age, statistic="Maximum"),
            sqs(title="Dead letters", resources=dead, metrics=visible, statistic="Maximum"),
            compute(title="Invocations", metrics=("Invocations",), statistic="Sum"),
            compute(title="Errors", metrics=("Errors", "Throttles"), statistic="Sum"),
            compute(title="Duration (ms)", metrics=("Duration",), statistic="p90"),
            storage(title="Writes to tables", metrics=("ConsumedWriteCapacityUnits",), statistic="Sum"),
            storage(title="Throttled requests", metrics=("ReadThrottleEvents", "WriteThrottleEvents"), statistic="Sum"),
            storage(title="Conditions that failed", metrics=("ConditionalCheckFailedRequests",), statistic="Sum"),
        )


def _check_reservations(settings: Settings, functions: Sequence[Function]) -> None:
    """Raises SettingsError for what would reserve nothing."""
    known = sorted(function.label for function in functions)
    for name in settings.reservations:
        if name not in known:
            message = f"reservedConcurrency: there is no function {name}; there are {', '.join(known)}"
            raise SettingsError(message)
