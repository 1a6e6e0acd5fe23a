"""May the caller make what the program makes?"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from release.preflight.finding import Finding, Target
from release.stacks import PROJECT

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "arn:aws:s3:::{name}": (
        "s3:CreateBucket",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketPolicy",
        "s3:PutEncryptionConfiguration",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutLifecycleConfiguration",
    ),
    "arn:aws:s3:::{name}/player/index.html": ("s3:PutObject",),
    "arn:aws:dynamodb:{here}:table/{name}": (
        "dynamodb:CreateTable",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateContributorInsights",
    ),
    "arn:aws:lambda:{here}:function:{name}": (
        "lambda:AddPermission",
        "lambda:CreateAlias",
        "lambda:CreateFunction",
        "lambda:PublishVersion",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionEventInvokeConfig",
    ),
    "arn:aws:lambda:{here}:event-source-mapping:*": ("lambda:CreateEventSourceMapping",),
    "arn:aws:iam::{account}:role/{name}": ("iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy"),
    "arn:aws:states:{here}:stateMachine:{name}": (
        "states:CreateStateMachine",
        "states:CreateStateMachineAlias",
        "states:PublishStateMachineVersion",
    ),
    "arn:aws:sqs:{here}:{name}": ("sqs:CreateQueue", "sqs:SetQueueAttributes"),
    "arn:aws:sns:{here}:{name}": ("sns:CreateTopic",),
    "arn:aws:events:{here}:event-bus/{name}": ("events:CreateEventBus",),
    "arn:aws:events:{here}:rule/{name}": ("events:PutRule", "events:PutTargets"),
    "arn:aws:logs:{here}:log-group:/aws/lambda/{name}": ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    "arn:aws:logs:{here}:log-group:/aws/vendedlogs/states/{name}": ("logs:CreateLogGroup",),
    "arn:aws:cloudwatch:{here}:alarm:{name}": ("cloudwatch:PutMetricAlarm",),
    "arn:aws:cloudwatch::{account}:dashboard/{name}": ("cloudwatch:PutDashboard",),
    # The last two for state machines under a key: their caller needs them.
    "arn:aws:kms:{here}:key/*": ("kms:CreateKey", "kms:PutKeyPolicy", "kms:DescribeKey", "kms:GenerateDataKey"),
    "arn:aws:kms:{here}:alias/{name}": ("kms:CreateAlias",),
    "arn:aws:logs:us-east-1:{account}:delivery-source:{name}": ("logs:PutDeliverySource",),
    "arn:aws:wafv2:us-east-1:{account}:global/webacl/{name}/*": ("wafv2:CreateWebACL", "wafv2:PutLoggingConfiguration"),
    "arn:aws:budgets::{account}:budget/{name}": ("budgets:ModifyBudget",),
    "*": ("logs:CreateLogDelivery", "logs:PutResourcePolicy"),
    "arn:aws:cloudfront::{account}:*": (
        "cloudfront:CreateCachePolicy",
        "cloudfront:CreateDistribution",
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:CreateResponseHeadersPolicy",
    ),
}
"""One or more actions per kind of resource, on a name as the program makes them; what reads, tags and deletes goes with
them in every sensible policy."""


def resource(template: str, target: Target) -> str:
    """An ARN of this stack."""
    account, region = target.settings.account_id, target.settings.region
    return template.format(name=f"{PROJECT}-{target.stack}-preflight", here=f"{region}:{account}", account=account)


def context(target: Target) -> dict[str, str]:
    """What a deployment's requests carry and conditions look at."""
    tags = {"project": PROJECT, "environment": target.settings.environment}
    return {
        "iam:PassedToService": "lambda.amazonaws.com",
        "lambda:FunctionArn": resource("arn:aws:lambda:{here}:function:{name}", target),
        **{f"aws:{of}/{key}": value for of in ("RequestTag", "ResourceTag") for key, value in tags.items()},
    }


def permissions(target: Target) -> Iterator[Finding]:
    """Actions that the caller's own policies, boundary and organisation deny.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    identity: dict[str, str] = target.regional("sts").get_caller_identity()
    caller = identity["Arn"]
    if caller.endswith(":root"):
        yield Finding(what="caller", problem="these are the root user's credentials", fix="use a role")
        return
    iam = target.client("iam", None)
    source = _role_of(iam, caller)
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context(target).items()
    ]
    for template, actions in ACTIONS.items():
        answer: dict[str, Any] = iam.simulate_principal_policy(
            PolicySourceArn=source,
            ActionNames=list(actions),
            ResourceArns=[resource(template, target)],
            ContextEntries=entries,
        )
        results: list[dict[str, Any]] = answer["EvaluationResults"]
        for result in results:
            if result["EvalDecision"] != "allowed":
                yield Finding(
                    what=f"permission {result['EvalActionName']}",
                    problem=f"{source.rsplit('/', 1)[-1]} may not on {resource(template, target)}",
                    fix="deploy with the role that bootstrap/ makes for the environment, or have it added",
                )


def _role_of(iam: Any, caller: str) -> str:  # noqa: ANN401  (a boto3 client)
    """The simulator takes users and roles; a session names its role without the path that the role's ARN has."""
    session = re.fullmatch(r"arn:[^:]+:sts::\d{12}:assumed-role/([^/]+)/.+", caller)
    return str(iam.get_role(RoleName=session.group(1))["Role"]["Arn"]) if session else caller
