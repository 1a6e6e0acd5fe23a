"""A dashboard built from what exists: a row per kind of resource, a line per resource."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from infra.naming import Scope

_WIDTH = 12
_HEIGHT = 6
_COLUMNS = 2
_PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph: a metric (or several) of several resources."""

    title: str
    namespace: str
    metrics: Sequence[str]
    dimension: str
    resources: Sequence[pulumi.Input[str]]
    """Values of the dimension."""
    statistic: str


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    scope: Scope
    graphs: Sequence[Graph]


@final
class Dashboard(pulumi.ComponentResource):
    """A CloudWatch dashboard."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:operations:Dashboard", name, None, opts)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            # PutDashboard is an upsert by name; this one is unique to project and environment.
            dashboard_name=args.scope.name(name, kind="dashboard"),
            dashboard_body=pulumi.Output.json_dumps(
                {"widgets": [_widget(index, graph, args.scope.region) for index, graph in enumerate(args.graphs)]}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def _widget(index: int, graph: Graph, region: str) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": index % _COLUMNS * _WIDTH,
        "y": index // _COLUMNS * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": graph.title,
            "region": region,
            "view": "timeSeries",
            "stat": graph.statistic,
            "period": _PERIOD_SECONDS,
            "metrics": [
                [graph.namespace, metric, graph.dimension, resource]
                for metric in graph.metrics
                for resource in graph.resources
            ],
        },
    }
