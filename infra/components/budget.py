"""A monthly budget of what carries this environment's tags. People are told; nothing is stopped.

A tag counts only after it was activated as a cost allocation tag, once per account and up to a day before it shows:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

_ACTUAL_PERCENT = (80, 100)
_FORECAST_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    monthly_usd: int
    tags: Mapping[str, str]
    """What a resource must carry to be counted: all of them."""
    topic: pulumi.Input[str]
    """ARN of the topic that is told. Its policy and its key must let `budgets.amazonaws.com` in."""

    def __post_init__(self) -> None:
        if self.monthly_usd < 1:
            message = f"monthly_usd is {self.monthly_usd}; a budget has 1 or more"
            raise ValueError(message)
        if len(self.tags) < 2:
            message = f"a budget of {dict(self.tags)}: give two tags or more, one alone is also on what is not ours"
            raise ValueError(message)


@final
class Budget(pulumi.ComponentResource):
    """Says when 80 % and 100 % are spent, and when 100 % is forecast to be."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:operations:Budget", name, None, opts)
        kinds = [*(("ACTUAL", percent) for percent in _ACTUAL_PERCENT), ("FORECASTED", _FORECAST_PERCENT)]
        aws.budgets.Budget(
            name,
            budget_type="COST",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            # An expression says that both tags are wanted; what several TagKeyValue filters mean is not documented.
            # https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Expression.html
            filter_expression={
                "ands": [
                    {"tags": {"key": key, "values": [value], "match_options": ["EQUALS"]}}
                    for key, value in args.tags.items()
                ]
            },
            metrics="UnblendedCost",
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic],
                }
                for kind, percent in kinds
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
