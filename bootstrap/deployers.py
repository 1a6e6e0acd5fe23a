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

from bootstrap.permissions import Permissions

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
SESSION_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Deployers:
    """`repository` is what GitHub puts between `repo:` and `:environment:`. `regions`: where environments may be."""

    project: str
    repository: str
    oidc_provider_arn: str
    environments: Sequence[str]
    account: str
    regions: Sequence[str]
    partition: pulumi.Output[str]
    state_bucket: str
    secrets_key_arn: str
    options: pulumi.ResourceOptions

    def create(self) -> dict[str, pulumi.Output[str]]:
        """The provider, the boundary and the roles; the roles' ARNs as `<kind>_role_<environment>`."""
        permissions = Permissions(
            project=self.project,
            account=self.account,
            regions=self.regions,
            state_bucket=self.state_bucket,
            secrets_key_arn=self.secrets_key_arn,
        )
        trusted = self._provider()
        boundary = aws.iam.Policy(
            "deployers",
            name=f"{self.project}-ci-boundary",
            description="What no role of CI may do, whatever its own policy says",
            policy=self._document(permissions.boundary()),
            opts=self.options,
        )
        arns: dict[str, pulumi.Output[str]] = {}
        for environment in self.environments:
            for kind, subject, statements in (
                ("deploy", environment, permissions.deploy(environment)),
                ("preview", f"{environment}-preview", permissions.preview()),
            ):
                role = aws.iam.Role(
                    f"{environment}-{kind}",
                    # Not below `<project>-<environment>-`: a deploy role may change the roles that are.
                    name=f"{self.project}-ci-{environment}-{kind}",
                    description=f"GitHub environment {subject}",
                    assume_role_policy=self._trust(trusted, subject),
                    permissions_boundary=boundary.arn,
                    max_session_duration=SESSION_SECONDS,
                    opts=self.options,
                )
                aws.iam.RolePolicy(
                    f"{environment}-{kind}", role=role.id, policy=self._document(statements), opts=self.options
                )
                arns[f"{kind}_role_{environment}"] = role.arn
        return arns

    def _provider(self) -> pulumi.Input[str]:
        """No thumbprint: AWS trusts GitHub's certificate by its root.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
        """
        if self.oidc_provider_arn:
            return self.oidc_provider_arn
        return aws.iam.OpenIdConnectProvider(
            "github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=self.options
        ).arn

    def _trust(self, provider: pulumi.Input[str], environment: str) -> pulumi.Output[str]:
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
