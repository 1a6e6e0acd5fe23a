"""Where a deployment stands and what its things are called.

Stateful resources are named by Pulumi's auto-naming (`pulumi:autonaming` in Pulumi.yaml: project, stack, name, random
suffix). What must be known before it exists gets its name from `Scope.name`.
"""

import hashlib
from dataclasses import dataclass

import pulumi

_SUFFIX_LENGTH = 6


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

    def name(self, name: str, *, of: str = "", limit: int = 64) -> str:
        """`<project>-<environment>-<name>-<hash>`: ASCII, at most `limit` characters, one per project and environment.

        `of` names what can only be changed by replacing the thing: with it in the hash, the replacement has a name of
        its own and can be made before the old one is deleted. Raises ValueError when the name does not fit: a
        shortened name could be another's.
        """
        return physical_name(self.project, self.environment, name, of=of, limit=limit)


def physical_name(project: str, environment: str, name: str, *, of: str = "", limit: int = 64) -> str:
    """See `Scope.name`; for who stands in no deployment."""
    suffix = hashlib.sha256(f"{project}/{environment}/{name}/{of}".encode()).hexdigest()[:_SUFFIX_LENGTH]
    full = f"{project}-{environment}-{name}-{suffix}"
    if not full.isascii() or len(full) > limit:
        message = f"name {full!r} must be ASCII and at most {limit} characters ({len(full)}): shorten {name!r}"
        raise ValueError(message)
    return full


def title(name: str) -> str:
    """`read-feed` → `ReadFeed`: what statement ids and state-machine placeholders are made of."""
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
