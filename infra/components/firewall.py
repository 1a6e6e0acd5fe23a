"""AWS WAF before a distribution: what is known to be hostile and what asks too often is blocked, and written down.

Web ACLs of CloudFront, and their logs, are in us-east-1: make it with a provider and a scope of that region.
"""

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.components.key import Key
from infra.naming import EDGE_REGION, Scope

_WINDOW_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    scope: Scope
    logs_key: Key
    """Of us-east-1; must allow `logs_service`."""
    log_retention_days: int
    requests_per_window: int
    """From one address in five minutes; more are blocked until there are fewer."""

    def __post_init__(self) -> None:
        if self.scope.region != EDGE_REGION:
            message = f"the firewall of a distribution is in {EDGE_REGION}, not in {self.scope.region}"
            raise ValueError(message)
        # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
        if not 10 <= self.requests_per_window <= 2_000_000_000:
            message = f"requests_per_window is {self.requests_per_window}; WAF takes 10 to 2000000000"
            raise ValueError(message)


@final
class Firewall(pulumi.ComponentResource):
    """A web ACL with AWS's common rules and a limit per address, and the log of what it stopped."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:delivery:Firewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            name,
            scope="CLOUDFRONT",
            default_action={"allow": {}},
            rules=[
                {
                    "name": "rate",
                    "priority": 0,
                    "action": {"block": {}},
                    "statement": {
                        "rate_based_statement": {
                            "limit": args.requests_per_window,
                            "evaluation_window_sec": _WINDOW_SECONDS,
                            "aggregate_key_type": "IP",
                        }
                    },
                    "visibility_config": _visible(f"{name}-rate"),
                },
                {
                    # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
                    "name": "common",
                    "priority": 1,
                    "override_action": {"none": {}},
                    "statement": {
                        "managed_rule_group_statement": {"vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet"}
                    },
                    "visibility_config": _visible(f"{name}-common"),
                },
            ],
            visibility_config=_visible(name),
            opts=child,
        )
        logs = aws.cloudwatch.LogGroup(
            name,
            # WAF takes no other name, and lets itself write there by a resource policy that it sets as whoever turns
            # logging on: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
            name_prefix=f"aws-waf-logs-{args.scope.project}-{args.scope.environment}-{name}-",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key.arn,
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            # What was let through is in the distribution's own log.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in ("BLOCK", "COUNT")],
                    }
                ],
            },
            opts=child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})


def _visible(metric: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}
