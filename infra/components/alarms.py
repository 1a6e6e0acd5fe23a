"""Alarms that mean something: each says what happened and which page says what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

_PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class AlarmArgs:
    description: str
    """What happened and what to do; shown in the notification."""
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    """`Sum`, `Maximum` …"""
    threshold: float
    """The alarm is raised above it."""
    lasting: bool = False
    """Raised only when two of the last three periods of five minutes are above: for what passes by itself."""
    actions: Sequence[pulumi.Input[str]]


@final
class Alarm(pulumi.ComponentResource):
    """One CloudWatch alarm on one metric. Missing data is no alarm: many metrics exist only when something happens.

    Several metrics are several alarms: a sum of them has no value until each has had one, and would stay silent when
    the first execution of a machine failed that never timed out. A metric costs the same either way.
    DynamoDB's alarms alone stay as they are while data is missing, whatever they say.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """

    def __init__(self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:operations:Alarm", name, None, opts)
        # An auto-named alarm cannot replace another's: PutMetricAlarm is an upsert by name.
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=args.description,
            namespace=args.namespace,
            metric_name=args.metric,
            dimensions=args.dimensions,
            statistic=args.statistic,
            period=_PERIOD_SECONDS,
            comparison_operator="GreaterThanThreshold",
            threshold=args.threshold,
            evaluation_periods=3 if args.lasting else 1,
            datapoints_to_alarm=2 if args.lasting else 1,
            treat_missing_data="notBreaching",
            alarm_actions=list(args.actions),
            ok_actions=list(args.actions),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
