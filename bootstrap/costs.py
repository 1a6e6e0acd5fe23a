"""Whether spending departs from the account's habit, and bills that can be told apart by tag."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

TAGS = ("project", "environment", "cost-centre")
"""That bills can be told apart by; default tags put them on everything."""


def watch(
    name: str, *, emails: Sequence[str], threshold_usd: int, monitor_arn: str, options: pulumi.ResourceOptions
) -> None:
    """The account's monitor of its services, of which there is one, and who hears of it.

    https://docs.aws.amazon.com/cost-management/latest/userguide/getting-started-ad.html
    """
    monitor: pulumi.Input[str] = monitor_arn
    if not monitor_arn:
        monitor = aws.costexplorer.AnomalyMonitor(
            "services", name=f"{name}-services", monitor_type="DIMENSIONAL", monitor_dimension="SERVICE", opts=options
        ).arn
    if emails:
        aws.costexplorer.AnomalySubscription(
            "anomalies",
            name=f"{name}-anomalies",
            # Mails are sent daily or weekly; only a topic is told at once.
            frequency="DAILY",
            monitor_arn_lists=[monitor],
            subscribers=[{"type": "EMAIL", "address": address} for address in emails],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [str(threshold_usd)],
                }
            },
            opts=options,
        )


def activate_tags(options: pulumi.ResourceOptions) -> None:
    """Cost allocation tags.

    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
    """
    for tag in TAGS:
        aws.costexplorer.CostAllocationTag(tag, tag_key=tag, status="Active", opts=options)
