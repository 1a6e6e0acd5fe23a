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
    metrics: Sequence[str]
    """Their sum is compared."""
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    """`Sum`, `Maximum` …"""
    threshold: float
    """The alarm is raised above it."""
    actions: Sequence[pulumi.Input[str]]


@final
class Alarm(pulumi.ComponentResource):
    """One CloudWatch alarm. Missing data is no alarm: most of these metrics exist only when something happens."""

    def __init__(self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:operations:Alarm", name, None, opts)
        identifiers = [f"m{index}" for index in range(len(args.metrics))]
        # An auto-named alarm cannot replace another's: PutMetricAlarm is an upsert by name.
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=args.description,
            comparison_operator="GreaterThanThreshold",
            threshold=args.threshold,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            metric_queries=[
                {
                    "id": "total",
                    "expression": " + ".join(f"FILL({identifier}, 0)" for identifier in identifiers),
                    "label": name,
                    "return_data": True,
                },
                *(
                    {
                        "id": identifier,
                        "metric": {
                            "namespace": args.namespace,
                            "metric_name": metric,
                            "dimensions": args.dimensions,
                            "period": _PERIOD_SECONDS,
                            "stat": args.statistic,
                        },
                    }
                    for identifier, metric in zip(identifiers, args.metrics, strict=True)
                ),
            ],
            alarm_actions=list(args.actions),
            ok_actions=list(args.actions),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
