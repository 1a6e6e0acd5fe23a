"""The image repositories, and who deploys. Not in an environment: taking down dev must not take prod's images."""

import json

import pulumi
import pulumi_aws as aws
from deployers import Deployers

TARGETS = ("api", "vision")
UNTAGGED_DAYS = 14
DEV_IMAGES = 30
"""Images of development that are kept; an environment that still runs an older one builds it again."""
RELEASES = 100_000

config = pulumi.Config()
region = pulumi.Config("aws").require("region")
account = config.require("accountId")
environment_accounts: list[str] = config.require_object("environmentAccounts")
provider = aws.Provider(
    "aws",
    region=region,
    allowed_account_ids=[account],
    default_tags={
        "tags": {
            "project": "shoppable-video",
            "environment": "shared",
            "owner": config.require("owner"),
            "cost-centre": config.require("costCentre"),
        }
    },
)
options = pulumi.ResourceOptions(provider=provider)
partition = aws.get_partition_output(opts=pulumi.InvokeOptions(provider=provider)).partition


def root(of: str) -> pulumi.Output[str]:
    """An account, as a principal."""
    return pulumi.Output.concat("arn:", partition, ":iam::", of, ":root")


# ECR uses the key through grants that it makes for itself: whoever pulls needs no right to it.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
key = aws.kms.Key(
    "images",
    description="Container images",
    enable_key_rotation=True,
    deletion_window_in_days=30,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountPolicies",
                    "Effect": "Allow",
                    "Principal": {"AWS": root(account)},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    ),
    opts=pulumi.ResourceOptions(provider=provider, protect=True),
)
aws.kms.Alias("images", name="alias/shoppable-video-images", target_key_id=key.id, opts=options)

for target in TARGETS:
    repository = aws.ecr.Repository(
        target,
        # Environments name it in their settings, so it is the same in every account.
        name=f"{config.get('repositoryPrefix') or 'shoppable-video'}/{target}",
        image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        image_tag_mutability_exclusion_filters=[{"filter": "dev-*", "filter_type": "WILDCARD"}],
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
        opts=pulumi.ResourceOptions(provider=provider, protect=True),
    )
    # Releases are never expired: an environment may run, or be rolled back to, any of them.
    aws.ecr.LifecyclePolicy(
        target,
        repository=repository.name,
        policy=json.dumps(
            {
                "rules": [
                    {
                        # What a rule of higher priority matches, one of lower never expires: a release keeps its
                        # image, which dev tagged first. The number is beyond what a repository holds.
                        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
                        "rulePriority": 1,
                        "description": "Releases are kept",
                        "selection": {
                            "tagStatus": "tagged",
                            "tagPatternList": ["release-*"],
                            "countType": "imageCountMoreThan",
                            "countNumber": RELEASES,
                        },
                        "action": {"type": "expire"},
                    },
                    {
                        "rulePriority": 2,
                        "description": "Images of development",
                        "selection": {
                            "tagStatus": "tagged",
                            "tagPatternList": ["dev-*"],
                            "countType": "imageCountMoreThan",
                            "countNumber": DEV_IMAGES,
                        },
                        "action": {"type": "expire"},
                    },
                    {
                        "rulePriority": 3,
                        "description": "What no tag names any more",
                        "selection": {
                            "tagStatus": "untagged",
                            "countType": "sinceImagePushed",
                            "countUnit": "days",
                            "countNumber": UNTAGGED_DAYS,
                        },
                        "action": {"type": "expire"},
                    },
                ]
            }
        ),
        opts=options,
    )
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    functions = [
        pulumi.Output.concat("arn:", partition, f":lambda:{region}:{account_id}:function:*")
        for account_id in environment_accounts
    ]
    aws.ecr.RepositoryPolicy(
        target,
        repository=repository.name,
        policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Deployers",
                        "Effect": "Allow",
                        "Principal": {"AWS": [root(account_id) for account_id in environment_accounts]},
                        "Action": pull,
                    },
                    {
                        "Sid": "Functions",
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": pull,
                        "Condition": {"StringLike": {"aws:SourceArn": functions}},
                    },
                ],
            }
        ),
        opts=options,
    )
    pulumi.export(f"repository_{target}", repository.repository_url)

if repository_on_github := config.get("repository"):
    Deployers(
        project=config.get("repositoryPrefix") or "shoppable-video",
        repository=repository_on_github,
        environments=config.require_object("environments"),
        account=account,
        region=region,
        partition=partition,
        state_bucket=config.get("stateBucket") or "",
        secrets_key_arn=config.get("secretsKeyArn") or "",
        options=options,
    ).create()
