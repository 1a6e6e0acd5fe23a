"""Where a deployment stands and what its things are called.

Stateful resources are named by Pulumi's auto-naming (`pulumi:autonaming` in Pulumi.yaml: project, stack, name, random
suffix). What must be known before it exists gets its name from `Scope.name`. Both carry the stack, so that two stacks
of an account share no name, whichever regions they are in.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

Kind = Literal["state machine", "key alias", "dashboard", "log group", "log delivery", "stage"]
"""What may be named; the service's word for it."""

LIMITS: Mapping[Kind, int] = {
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    "state machine": 80,
    # 256 with `alias/`: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    "key alias": 250,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    "dashboard": 255,
    # 512, with room for a prefix: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    "log group": 400,
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
    "log delivery": 60,
    # https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
    "stage": 128,
}
"""Characters that a name of a kind may have."""

EDGE_REGION = "us-east-1"
"""Where CloudFront has its metrics, logs, certificates and firewall, wherever a stack is:
https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html"""

LONGEST_LOGICAL = 20
"""Characters of the longest name in the program that auto-naming has to fit into 63: S3's limit, and Lambda's and IAM's
are 64. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

_AUTONAMED = 63
_AUTONAMING_ADDS = len("---0123456")
_HASH_LENGTH = 8
_PARTS = re.compile(r"[A-Za-z0-9_-]+")


class NamingError(ValueError):
    """A part of a name that AWS would refuse, or show as something else."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Partition, account and region of a deployment, and the project and environment that it belongs to."""

    project: str
    environment: str
    region: str
    account_id: pulumi.Output[str]
    partition: pulumi.Output[str]

    def arn(self, service: str, resource: pulumi.Input[str], *, region: str | None = None) -> pulumi.Output[str]:
        """`arn:<partition>:<service>:<region>:<account>:<resource>`; `region=""` for a global service."""
        where = self.region if region is None else region
        return pulumi.Output.concat("arn:", self.partition, f":{service}:{where}:", self.account_id, ":", resource)

    def bucket_arn(self, name: pulumi.Input[str]) -> pulumi.Output[str]:
        """S3's ARNs name neither region nor account."""
        return pulumi.Output.concat("arn:", self.partition, ":s3:::", name)

    def service(self, service: str) -> str:
        """The endpoint of a regional service as `kms:ViaService` and log delivery name it."""
        return f"{service}.{self.region}.amazonaws.com"

    def name(self, name: str, *, kind: Kind, of: str = "") -> str:
        """`<project>-<environment>-<name>-<hash>`: one per project, environment, region and name.

        What is longer than the kind allows is cut before the hash, which is that of the whole. `of` names what can only
        be changed by replacing the thing: with it in the hash, the replacement has a name of its own and can be made
        before the old one is deleted. Raises NamingError for what is not ASCII letters, digits, `-` and `_`.
        """
        return physical_name(self.project, self.environment, self.region, name, kind=kind, of=of)


def physical_name(project: str, environment: str, region: str, name: str, *, kind: Kind, of: str = "") -> str:
    """See `Scope.name`; for who stands in no deployment."""
    for part in (project, environment, name):
        if not _PARTS.fullmatch(part):
            message = f"{part!r} cannot be part of the name of a {kind}: use ASCII letters, digits, - and _ only"
            raise NamingError(message)
    suffix = hashlib.sha256(f"{project}/{environment}/{region}/{name}/{of}".encode()).hexdigest()[:_HASH_LENGTH]
    whole = f"{project}-{environment}-{name}"
    return f"{whole[: LIMITS[kind] - _HASH_LENGTH - 1].rstrip('-')}-{suffix}"


def longest_stack(project: str) -> int:
    """Characters that a stack's name may have, so that every auto-named resource fits its service's limit."""
    return _AUTONAMED - len(project) - LONGEST_LOGICAL - _AUTONAMING_ADDS


def title(name: str) -> str:
    """`read-feed` → `ReadFeed`: what statement ids and state-machine placeholders are made of."""
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
