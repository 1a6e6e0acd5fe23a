"""The image repositories, the same in every region: what was released is not moved, not expired, and scanned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

TARGETS = ("api", "vision")
UNTAGGED_DAYS = 14
DEV_IMAGES = 30
"""Images of development that are kept; an environment that still runs an older one builds it again."""
RELEASES = 100_000
"""Beyond what a repository holds: releases never expire, since an environment may run any, or be rolled back to it."""

# What a rule of higher priority matches, one of lower never expires: a release keeps its image, which dev tagged first.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
_RULES: Sequence[tuple[str, dict[str, Any]]] = (
    (
        "Releases are kept",
        {
            "tagStatus": "tagged",
            "tagPatternList": ["release-*"],
            "countType": "imageCountMoreThan",
            "countNumber": RELEASES,
        },
    ),
    (
        "Images of development",
        {
            "tagStatus": "tagged",
            "tagPatternList": ["dev-*"],
            "countType": "imageCountMoreThan",
            "countNumber": DEV_IMAGES,
        },
    ),
    (
        "What no tag names any more",
        {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
    ),
)
LIFECYCLE = json.dumps(
    {
        "rules": [
            {"rulePriority": priority, "description": what, "selection": selection, "action": {"type": "expire"}}
            for priority, (what, selection) in enumerate(_RULES, start=1)
        ]
    }
)


@dataclass(frozen=True, kw_only=True)
class Repositories:
    """The repositories of one account: where images are pushed to, and the regions that receive copies."""

    prefix: str
    account: str
    region: str
    replicas: Sequence[str]
    environment_accounts: Sequence[str]
    partition: pulumi.Output[str]
    provider: aws.Provider

    def create(self) -> dict[str, pulumi.Output[str]]:
        """Target → address of the repository that images are pushed to.

        ECR would make a replica's repository by itself: without key, scan, lifecycle or policy. It takes one that is
        there already as it is, so they are there before the first image is copied.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
        """
        made = self._in(self.region, "")
        copies = [copy for region in self.replicas for copy in self._in(region, f"-{region}").values()]
        if self.replicas:
            aws.ecr.ReplicationConfiguration(
                "replication",
                replication_configuration={
                    "rules": [
                        {
                            "destinations": [{"region": one, "registry_id": self.account} for one in self.replicas],
                            "repository_filters": [{"filter": f"{self.prefix}/", "filter_type": "PREFIX_MATCH"}],
                        }
                    ]
                },
                opts=pulumi.ResourceOptions(provider=self.provider, depends_on=copies),
            )
        return {target: repository.repository_url for target, repository in made.items()}

    def _in(self, region: str, suffix: str) -> dict[str, aws.ecr.Repository]:
        key = self._key(region, suffix)
        return {target: self._repository(target, key, region, suffix) for target in TARGETS}

    def _key(self, region: str, suffix: str) -> aws.kms.Key:
        """A key of the region: a repository's key lies where the repository does.

        ECR uses it through grants that it makes for itself, also for images that are copied to it: who pushes, pulls or
        replicates needs no right to it. https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
        """
        statement = {
            "Sid": "AccountPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": self._root(self.account)},
            "Action": "kms:*",
            "Resource": "*",
        }
        key = aws.kms.Key(
            f"images{suffix}",
            region=region,
            description="Container images",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
            opts=pulumi.ResourceOptions(provider=self.provider, protect=True),
        )
        aws.kms.Alias(
            f"images{suffix}",
            region=region,
            name=f"alias/{self.prefix}-images",
            target_key_id=key.id,
            opts=pulumi.ResourceOptions(provider=self.provider),
        )
        return key

    def _repository(self, target: str, key: aws.kms.Key, region: str, suffix: str) -> aws.ecr.Repository:
        options = pulumi.ResourceOptions(provider=self.provider)
        repository = aws.ecr.Repository(
            f"{target}{suffix}",
            region=region,
            # Environments name it in their settings, so it is the same in every account.
            name=f"{self.prefix}/{target}",
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[{"filter": "dev-*", "filter_type": "WILDCARD"}],
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
            opts=pulumi.ResourceOptions(provider=self.provider, protect=True),
        )
        aws.ecr.LifecyclePolicy(
            f"{target}{suffix}", region=region, repository=repository.name, policy=LIFECYCLE, opts=options
        )
        aws.ecr.RepositoryPolicy(
            f"{target}{suffix}",
            region=region,
            repository=repository.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": self._pulling(region)}),
            opts=options,
        )
        return repository

    def _pulling(self, region: str) -> list[dict[str, Any]]:
        # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
        pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        functions = [
            pulumi.Output.concat("arn:", self.partition, f":lambda:{region}:{account}:function:*")
            for account in self.environment_accounts
        ]
        return [
            {
                "Sid": "Deployers",
                "Effect": "Allow",
                "Principal": {"AWS": [self._root(account) for account in self.environment_accounts]},
                "Action": pull,
            },
            {
                "Sid": "Functions",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": pull,
                "Condition": {"StringLike": {"aws:SourceArn": functions}},
            },
        ]

    def _root(self, account: str) -> pulumi.Output[str]:
        """An account, as a principal."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", account, ":root")
