"""What the roles of CI may do. Statements are written for the partition `aws`; who renders them puts in the real one.

A deploy role may change what bears its environment's name, and what has no name where it bears its tags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Statement = dict[str, Any]

EDGE = "us-east-1"
"""Where the certificates, firewalls, logs and alarms of CloudFront are."""

PASSED_TO = (
    "delivery.logs.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "mediaconvert.amazonaws.com",
    "states.amazonaws.com",
)
LINKED = (
    # Each makes its own role in the account the first time that it is used.
    "contributorinsights.dynamodb.amazonaws.com",
    "ops.apigateway.amazonaws.com",
    "wafv2.amazonaws.com",
)

SERVICES = (
    "acm",
    "apigateway",
    "billing",
    "budgets",
    "cloudfront",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "mediaconvert",
    "s3",
    "servicequotas",
    "sns",
    "sqs",
    "ssm",
    "states",
    "wafv2",
)
"""That a role of CI may use at all."""

LOOKING = (
    "acm:DescribeCertificate",
    "billing:GetBillingViewData",
    "cloudwatch:DescribeAlarms",
    "ecr:GetAuthorizationToken",
    "iam:GetAccountSummary",
    "iam:SimulatePrincipalPolicy",
    "kms:ListAliases",
    "lambda:GetAccountSettings",
    "lambda:ListEventSourceMappings",
    "logs:DescribeLogGroups",
    "mediaconvert:ListQueues",
    "s3:ListAllMyBuckets",
    "servicequotas:GetServiceQuota",
    "sns:GetSubscriptionAttributes",
    "ssm:GetParametersByPath",
    "states:ListStateMachines",
    "states:ValidateStateMachineDefinition",
    "wafv2:DescribeManagedRuleGroup",
    "wafv2:ListWebACLs",
)
"""None of these takes a resource, or it is not known before it is found. What `make preflight` asks is among them."""

DELIVERING = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeDeliveries",
    "logs:DescribeDeliveryDestinations",
    "logs:DescribeDeliverySources",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""Logs that AWS writes by itself are set up by whoever turns them on, and these take no resource.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html"""

_PUSHING = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
_ROLES = (
    "iam:*Role",
    "iam:*RolePolicy",
    "iam:*RolePolicies",
    "iam:*RoleTags",
    "iam:UpdateAssumeRolePolicy",
    "iam:ListInstanceProfilesForRole",
)
_ESCALATING = (
    "iam:*User*",
    "iam:*Group*",
    "iam:*AccessKey*",
    "iam:*LoginProfile*",
    "iam:*Provider*",
    "iam:*PolicyVersion*",
    "iam:CreatePolicy",
    "iam:DeletePolicy",
    "iam:AttachRolePolicy",
)


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Of the roles of one account, for environments in some regions."""

    project: str
    account: str
    regions: Sequence[str]
    state_bucket: str
    secrets_key_arn: str

    def preview(self) -> list[Statement]:
        """State and its secrets, to compare with: a preview makes no call to what is deployed."""
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        return [
            allow("ListState", ["s3:ListBucket"], [bucket]),
            allow("ReadState", ["s3:GetObject"], [f"{bucket}/.pulumi/*"]),
            allow("LockState", ["s3:PutObject", "s3:DeleteObject"], [f"{bucket}/.pulumi/locks/*"]),
            allow("ReadSecrets", ["kms:Decrypt"], [self.secrets_key_arn]),
        ]

    def deploy(self, environment: str) -> list[Statement]:
        """What `pulumi up` and `make preflight` of an environment call."""
        name = f"{self.project}-{environment}-*"
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        return [
            allow("State", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{bucket}/.pulumi/*"]),
            allow("ListState", ["s3:ListBucket"], [bucket]),
            allow("Secrets", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], [self.secrets_key_arn]),
            *self._named(name),
            *self._nameless(environment, name),
            allow(
                "Images",
                ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:Describe*"]
                + ([*_PUSHING] if environment == "dev" else []),
                self._regional("ecr", f"repository/{self.project}/*"),
            ),
            allow("Look", [*LOOKING, *DELIVERING], ["*"]),
            *self._roles(name),
        ]

    def boundary(self) -> list[Statement]:
        """What no role of CI may do, whatever its own policy says: people, its own kind, what environments share."""
        mine = f"arn:aws:iam::{self.account}:role/{self.project}-ci-*"
        state = f"arn:aws:s3:::{self.state_bucket}"
        return [
            allow("Services", [f"{service}:*" for service in SERVICES], ["*"]),
            deny("Escalate", _ESCALATING, ["*"]),
            deny("ChangeDeployers", ["iam:*"], [mine]),
            deny(
                "DropImages",
                [
                    "ecr:Delete*",
                    "ecr:BatchDeleteImage",
                    "ecr:SetRepositoryPolicy",
                    "ecr:PutLifecyclePolicy",
                    "ecr:PutImageTagMutability",
                    "ecr:PutReplicationConfiguration",
                ],
                ["*"],
            ),
            deny("DropState", ["s3:DeleteBucket*", "s3:PutBucket*"], [state]),
        ]

    def _named(self, name: str) -> list[Statement]:
        """A version or an alias of a function, an execution of a machine: their ARNs begin with its own."""
        functions = self._regional("lambda", f"function:{name}")
        groups = [f"{at}/{name}" for at in ("/aws/lambda", "/aws/vendedlogs/*", "/aws/apigateway")]
        groups += [f"/aws/vendedlogs/{name}", f"aws-waf-logs-{name}"]
        return [
            allow("Buckets", ["s3:*"], [f"arn:aws:s3:::{name}"]),
            allow("Tables", ["dynamodb:*"], self._regional("dynamodb", f"table/{name}")),
            allow("Functions", ["lambda:*"], functions),
            allow("Machines", ["states:*"], self._regional("states", f"*:{name}")),
            allow("Queues", ["sqs:*"], self._regional("sqs", name)),
            allow("Topics", ["sns:*"], self._regional("sns", name, edge=True)),
            allow("Events", ["events:*"], [f"arn:aws:events:*:{self.account}:{kind}/{name}" for kind in _BUSES]),
            allow("Logs", ["logs:*"], [f"arn:aws:logs:*:{self.account}:log-group:{group}" for group in groups]),
            allow(
                "Deliveries",
                ["logs:*"],
                [
                    f"arn:aws:logs:*:{self.account}:{kind}"
                    for kind in (f"delivery-source:{name}", f"delivery-destination:{name}", "delivery:*")
                ],
            ),
            allow(
                "Watch",
                ["cloudwatch:*"],
                [
                    *self._regional("cloudwatch", f"alarm:{name}", edge=True),
                    f"arn:aws:cloudwatch::{self.account}:dashboard/{name}",
                ],
            ),
            allow("Aliases", ["kms:*Alias"], self._regional("kms", f"alias/{name}", edge=True)),
            allow("Budgets", ["budgets:*"], [f"arn:aws:budgets::{self.account}:budget/{name}"]),
            allow(
                "Firewalls",
                ["wafv2:*"],
                [f"arn:aws:wafv2:{EDGE}:{self.account}:global/{kind}/{name}" for kind in ("webacl", "ipset")],
            ),
        ]

    def _nameless(self, environment: str, name: str) -> list[Statement]:
        """Keys are known by their tags, sources by their function. Of CloudFront and API Gateway, the whole account."""
        keys = self._regional("kms", "key/*", edge=True)
        tags = {"project": self.project, "environment": environment}
        requested = {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}}
        tagged = {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
        return [
            allow("MakeKeys", ["kms:CreateKey", "kms:TagResource"], keys, requested),
            allow("Keys", ["kms:*"], keys, tagged),
            allow(
                "Sources",
                ["lambda:*EventSourceMapping", "lambda:*Tags", "lambda:*Resource"],
                self._regional("lambda", "event-source-mapping:*"),
                {"ArnLike": {"lambda:FunctionArn": self._regional("lambda", f"function:{name}")}},
            ),
            allow("Delivery", ["cloudfront:*"], [f"arn:aws:cloudfront::{self.account}:*"]),
            allow(
                "Apis",
                ["apigateway:*"],
                [f"arn:aws:apigateway:{region}::/{path}" for region in self.regions for path in ("apis*", "tags/*")],
            ),
            allow(
                "ManagedRules",
                ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"],
                [f"arn:aws:wafv2:{EDGE}:{self.account}:global/managedruleset/*"],
            ),
        ]

    def _roles(self, name: str) -> list[Statement]:
        roles = [f"arn:aws:iam::{self.account}:role/{name}"]
        linked = f"arn:aws:iam::{self.account}:role/aws-service-role/*"
        return [
            allow("Roles", _ROLES, roles),
            allow(
                "LinkedRoles",
                ["iam:CreateServiceLinkedRole"],
                [linked],
                {"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
            ),
            allow("PassRoles", ["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}}),
            deny("PassNoOther", ["iam:PassRole"], ["*"], {"StringNotEquals": {"iam:PassedToService": list(PASSED_TO)}}),
        ]

    def _regional(self, service: str, resource: str, *, edge: bool = False) -> list[str]:
        """ARNs in each region; `edge` adds CloudFront's."""
        regions = dict.fromkeys([*self.regions, *([EDGE] if edge else [])])
        return [f"arn:aws:{service}:{region}:{self.account}:{resource}" for region in regions]


_BUSES = ("rule", "event-bus", "archive")


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    """A statement that allows."""
    return _statement("Allow", sid, actions, resources, condition)


def deny(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    """A statement that denies."""
    return _statement("Deny", sid, actions, resources, condition)


def _statement(
    effect: str, sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None
) -> Statement:
    body: Statement = {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": list(resources)}
    return body | ({"Condition": dict(condition)} if condition else {})
