"""Repositories, of bootstrap/: https://docs.aws.amazon.com/AmazonECR/latest/userguide/security.html"""

from collections.abc import Iterator

from policy.document import allowed
from policy.model import Resource, ResourceRule, every_has, unless

_REPOSITORY = "ecr/repository:Repository"
MUTABLE_TAGS = ("dev-*",)
"""What development may move; releases are never moved, and run by digest."""


def _immutable(repository: Resource) -> Iterator[str]:
    mutability = repository.get("imageTagMutability")
    excluded = [one.get("filter") for one in repository.each("imageTagMutabilityExclusionFilters")]
    whole = mutability == "IMMUTABLE" or (
        mutability == "IMMUTABLE_WITH_EXCLUSION" and set(excluded) <= set(MUTABLE_TAGS)
    )
    yield from unless(whole, f"tags can be moved: {mutability} {excluded}")


def _scanned(repository: Resource) -> Iterator[str]:
    yield from unless(repository.get("imageScanningConfiguration.scanOnPush") is True, "images are not scanned")


def _encrypted(repository: Resource) -> Iterator[str]:
    found = repository.each("encryptionConfigurations")
    yield from unless(
        found and all(one.get("encryptionType") == "KMS" and one.get("kmsKey") for one in found), "no key of ours"
    )


def _private(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy.get("policy")):
        yield from unless(not statement.anyone, f"{statement.sid} lets anyone pull")
        for action in statement.actions:
            reads = action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
            yield from unless(reads, f"{statement.sid} allows {action} from other accounts")


RULES = (
    ResourceRule(
        name="ecr-immutable",
        demands="Tags of releases are never moved",
        types=(_REPOSITORY,),
        severity="high",
        check=_immutable,
    ),
    ResourceRule(
        name="ecr-scanned",
        demands="Images are scanned when they are pushed",
        types=(_REPOSITORY,),
        severity="medium",
        check=_scanned,
    ),
    ResourceRule(
        name="ecr-encrypted",
        demands="Images are encrypted under a key of ours",
        types=(_REPOSITORY,),
        severity="low",
        check=_encrypted,
    ),
    every_has(
        name="ecr-lifecycle",
        subject=_REPOSITORY,
        attachment="ecr/lifecyclePolicy:LifecyclePolicy",
        by="repository",
        severity="low",
        demands="A repository cleans up after itself",
    ),
    ResourceRule(
        name="ecr-private",
        demands="Other accounts may pull, and nothing else",
        types=("ecr/repositoryPolicy:RepositoryPolicy",),
        severity="high",
        check=_private,
    ),
)
