"""From an upload to one execution: S3 → EventBridge → queue → `start` → state machine.

A rule can target a state machine, but cannot name the execution, and only a named one is started once. The queue gives
back-pressure and a dead-letter queue. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from dataclasses import dataclass
from typing import Literal, final

import pulumi

from functions.intake.start.env import Environment
from infra.components.bucket import Bucket
from infra.components.event_rule import EventRule, EventRuleArgs, QueueTarget, QueueTargetArgs
from infra.components.function import Consumer, ConsumerArgs
from infra.components.queue import Queue, QueueArgs
from infra.components.state_machine import StateMachine
from infra.foundation import Foundation

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class IntakeArgs:
    foundation: Foundation
    pipeline: Literal["catalogue", "video"]
    bucket: Bucket
    prefix: str
    """Uploads below it start an execution."""
    machine: StateMachine


@final
class Intake(pulumi.ComponentResource):
    """The way in of one pipeline."""

    queue: Queue

    def __init__(self, name: str, args: IntakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Intake", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation = args.foundation
        rule = EventRule(
            f"{args.pipeline}-uploads",
            EventRuleArgs(
                description=f"Uploads that start {args.pipeline}",
                pattern={
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [args.bucket.name]}, "object": {"key": [{"prefix": args.prefix}]}},
                },
            ),
            child,
        )
        self.queue = Queue(
            f"{args.pipeline}-intake",
            QueueArgs(key=foundation.data_key, visibility_timeout_seconds=6 * _TIMEOUT_SECONDS, senders=(rule.arn,)),
            child,
        )
        QueueTarget(f"{args.pipeline}-uploads", QueueTargetArgs(rule=rule, queue=self.queue), child)
        self.start = foundation.function(
            f"{args.pipeline}-start",
            parent=self,
            description=f"Starts one execution of {args.pipeline} per version of an upload",
            environment=Environment,
            image="api",
            memory_mb=256,
            timeout_seconds=_TIMEOUT_SECONDS,
            values={
                "STATE_MACHINE_ARN": args.machine.live_arn,
                "PIPELINE": args.pipeline,
                "ANALYSIS_REVISION": foundation.settings.analysis_revision,
            },
            access=(self.queue.receive_access(), args.machine.start_access()),
        )
        Consumer(
            f"{args.pipeline}-intake",
            ConsumerArgs(queue=self.queue, function=self.start, max_concurrency=foundation.settings.intake_concurrency),
            child,
        )
        self.register_outputs({})
