"""Who deploys: GitHub's OIDC provider, and per environment a role that deploys and one that only previews.

A role is for jobs of one GitHub environment and for nothing else: `sub` is compared as a whole, never by pattern.
https://docs.github.com/en/actions/reference/security/oidc
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
SESSION_SECONDS = 3600
PASSED_TO = ("lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com", "mediaconvert.amazonaws.com")


@dataclass(frozen=True, kw_only=True)
class Deployers:
    """`repository` is what GitHub puts between `repo:` and `:environment:`."""

    project: str
    repository: str
    environments: Sequence[str]
    account: str
    region: str
    partition: pulumi.Output[str]
    state_bucket: str
    secrets_key_arn: str
    options: pulumi.ResourceOptions

    def __post_init__(self) -> None:
        if not self.state_bucket or not self.secrets_key_arn:
            message = "repository is set: deploy roles also need stateBucket and secretsKeyArn"
            raise ValueError(message)

    def create(self) -> None:
        """The provider, the boundary and the roles; their ARNs are outputs of the stack."""
        provider = aws.iam.OpenIdConnectProvider(
            "github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=self.options
        )
        boundary = aws.iam.Policy(
            "deployers", name=f"{self.project}-ci-boundary", policy=self._document(self._boundary()), opts=self.options
        )
        for environment in self.environments:
            for kind, subject, statements in (
                ("deploy", environment, self._deploy(environment)),
                ("preview", f"{environment}-preview", self._preview()),
            ):
                role = aws.iam.Role(
                    f"{environment}-{kind}",
                    # Not below `<project>-<environment>-`: a deploy role may change the roles that are.
                    name=f"{self.project}-ci-{environment}-{kind}",
                    description=f"GitHub environment {subject}",
                    assume_role_policy=self._trust(provider.arn, subject),
                    permissions_boundary=boundary.arn,
                    max_session_duration=SESSION_SECONDS,
                    opts=self.options,
                )
                aws.iam.RolePolicy(
                    f"{environment}-{kind}", role=role.id, policy=self._document(statements), opts=self.options
                )
                pulumi.export(f"{kind}_role_{environment}", role.arn)

    def _trust(self, provider: pulumi.Output[str], environment: str) -> pulumi.Output[str]:
        claims = {
            f"{ISSUER}:aud": AUDIENCE,
            f"{ISSUER}:sub": f"repo:{self.repository}:environment:{environment}",
        }
        return pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "JobsOfOneEnvironment",
                        "Effect": "Allow",
                        "Principal": {"Federated": provider},
                        "Action": "sts:AssumeRoleWithWebIdentity",
                        "Condition": {"StringEquals": claims},
                    }
                ],
            }
        )

    def _document(self, statements: Sequence[Mapping[str, Any]]) -> pulumi.Output[str]:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))
        return self.partition.apply(lambda partition: text.replace("arn:aws:", f"arn:{partition}:"))

    def _preview(self) -> list[dict[str, Any]]:
        """State and its secrets, to compare with: a preview makes no call to what is deployed."""
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        return [
            _allow("ListState", ["s3:ListBucket"], [bucket]),
            _allow("ReadState", ["s3:GetObject"], [f"{bucket}/.pulumi/*"]),
            _allow("LockState", ["s3:PutObject", "s3:DeleteObject"], [f"{bucket}/.pulumi/locks/*"]),
            _allow("ReadSecrets", ["kms:Decrypt"], [self.secrets_key_arn]),
        ]

    def _deploy(self, environment: str) -> list[dict[str, Any]]:
        """What is called as this environment's things are; on what has no name, what is tagged so."""
        name = f"{self.project}-{environment}-*"
        here = f"{self.region}:{self.account}"
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        tags = {"project": self.project, "environment": environment}
        requested = {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}}
        tagged = {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
        groups = [f"arn:aws:logs:{here}:log-group:{at}/{name}" for at in ("/aws/lambda", "/aws/vendedlogs/states")]
        functions = f"arn:aws:lambda:{here}:function:{name}"
        keys = f"arn:aws:kms:{here}:key/*"
        repositories = [f"arn:aws:ecr:{here}:repository/{self.project}/*"]
        pushing = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ]
        statements = [
            _allow("State", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{bucket}/.pulumi/*"]),
            _allow("ListState", ["s3:ListBucket"], [bucket]),
            _allow("Secrets", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], [self.secrets_key_arn]),
            _allow("Buckets", ["s3:*"], [f"arn:aws:s3:::{name}"]),
            _allow("Tables", ["dynamodb:*"], [f"arn:aws:dynamodb:{here}:table/{name}"]),
            _allow("Functions", ["lambda:*"], [functions]),
            _allow(
                "Sources",
                ["lambda:*EventSourceMapping", "lambda:*Tags", "lambda:*Resource"],
                [f"arn:aws:lambda:{here}:event-source-mapping:*"],
                {"ArnLike": {"lambda:FunctionArn": functions}},
            ),
            _allow(
                "Roles",
                [
                    "iam:*Role",
                    "iam:*RolePolicy",
                    "iam:*RolePolicies",
                    "iam:*RoleTags",
                    "iam:UpdateAssumeRolePolicy",
                    "iam:ListInstanceProfilesForRole",
                ],
                [f"arn:aws:iam::{self.account}:role/{name}"],
            ),
            _allow("Machines", ["states:*"], [f"arn:aws:states:{here}:*:{name}"]),
            _allow("Queues", ["sqs:*"], [f"arn:aws:sqs:{here}:{name}"]),
            _allow("Topics", ["sns:*"], [f"arn:aws:sns:{here}:{name}"]),
            _allow(
                "Events",
                ["events:*"],
                [f"arn:aws:events:{here}:{one}/{name}" for one in ("rule", "event-bus")],
            ),
            _allow("Logs", ["logs:*"], [one for group in groups for one in (group, f"{group}:*")]),
            _allow(
                "Watch",
                ["cloudwatch:*"],
                [f"arn:aws:cloudwatch:{here}:alarm:{name}", f"arn:aws:cloudwatch::{self.account}:dashboard/{name}"],
            ),
            _allow("MakeKeys", ["kms:CreateKey", "kms:TagResource"], [keys], requested),
            _allow("Keys", ["kms:*"], [keys], tagged),
            _allow("Aliases", ["kms:*Alias"], [f"arn:aws:kms:{here}:alias/{name}"]),
            _allow("Delivery", ["cloudfront:*"], [f"arn:aws:cloudfront::{self.account}:*"]),
            _allow(
                "Images",
                ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:Describe*"]
                + (pushing if environment == "dev" else []),
                repositories,
            ),
            # None of these takes a resource, or it is not known before it is found.
            _allow("Look", [*_LOOKING], ["*"]),
        ]
        passing = {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}}
        role = f"arn:aws:iam::{self.account}:role/{name}"
        denied = {"StringNotEquals": {"iam:PassedToService": list(PASSED_TO)}}
        return [
            *statements,
            _allow("PassRoles", ["iam:PassRole"], [role], passing),
            _deny("PassNoOther", ["iam:PassRole"], ["*"], denied),
        ]

    def _boundary(self) -> list[dict[str, Any]]:
        """What no role of CI may do, whatever its own policy says: people, its own kind, what environments share."""
        mine = f"arn:aws:iam::{self.account}:role/{self.project}-ci-*"
        return [
            _allow("Services", [f"{service}:*" for service in _SERVICES], ["*"]),
            _deny(
                "Escalate",
                [
                    "iam:*User*",
                    "iam:*Group*",
                    "iam:*AccessKey*",
                    "iam:*LoginProfile*",
                    "iam:*Provider*",
                    "iam:*PolicyVersion*",
                    "iam:CreatePolicy",
                    "iam:DeletePolicy",
                    "iam:AttachRolePolicy",
                ],
                ["*"],
            ),
            _deny("ChangeDeployers", ["iam:*"], [mine]),
            _deny(
                "DropImages",
                ["ecr:Delete*", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:PutLifecyclePolicy"],
                ["*"],
            ),
            _deny("DropState", ["s3:DeleteBucket*", "s3:PutBucket*"], [f"arn:aws:s3:::{self.state_bucket}"]),
        ]


_SERVICES = (
    "acm",
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
)
_LOOKING = (
    "acm:DescribeCertificate",
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
    "ssm:GetParametersByPath",
    "states:ListStateMachines",
    "states:ValidateStateMachineDefinition",
)
"""What `make preflight` asks, too."""


def _allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return _statement("Allow", sid, actions, resources, condition)


def _deny(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return _statement("Deny", sid, actions, resources, condition)


def _statement(
    effect: str, sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None
) -> dict[str, Any]:
    body: dict[str, Any] = {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": list(resources)}
    return body | ({"Condition": dict(condition)} if condition else {})
