"""Alarms and dashboards."""

from embedded.provider.kinds import Naming, simple, undo

simple(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "cloudwatch",
    "PutMetricAlarm",
    naming=Naming(longest=255),
    tags=True,
    rename={
        "name": "AlarmName",
        "metricQueries": "Metrics",
        "metricQueries.metric": "MetricStat",
        "metricQueries.metric.metricName": "Metric.MetricName",
        "metricQueries.metric.namespace": "Metric.Namespace",
        "metricQueries.metric.dimensions": "Metric.Dimensions",
    },
    id="{name}",
    outputs={"arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"},
    put=True,
    delete=undo("DeleteAlarms", AlarmNames=["{id}"]),
)

simple(
    "aws:cloudwatch/dashboard:Dashboard",
    "cloudwatch",
    "PutDashboard",
    naming=Naming(property="dashboardName", longest=255),
    id="{dashboardName}",
    outputs={"dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}"},
    put=True,
    delete=undo("DeleteDashboards", DashboardNames=["{id}"]),
)
