"""Container repositories and their policies."""

from embedded.provider.kinds import Naming, simple

_REGISTRY = {"registryId": "{account}"}

simple(
    "aws:ecr/repository:Repository",
    "ecr",
    "CreateRepository",
    naming=Naming(longest=256, lower=True),
    tags=True,
    rename={"name": "repositoryName", "encryptionConfigurations": "encryptionConfiguration"},
    ignore=("forceDelete",),
    identity=("encryptionConfigurations",),
    id="{name}",
    outputs={
        **_REGISTRY,
        "arn": "arn:{partition}:ecr:{region}:{account}:repository/{name}",
        "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
    },
    delete=("DeleteRepository", {"repositoryName": "{id}"}),
)

for _token, _operation, _member in (
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "PutLifecyclePolicy", "lifecyclePolicyText"),
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "SetRepositoryPolicy", "policyText"),
):
    simple(
        _token,
        "ecr",
        _operation,
        rename={"repository": "repositoryName", "policy": _member},
        id="{repository}",
        outputs=_REGISTRY,
        put=True,
        identity=("repository",),
    )
