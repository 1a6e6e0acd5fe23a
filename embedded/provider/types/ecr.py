"""Container repositories and their policies."""

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, simple, undo

_REGISTRY = {"registryId": "{account}"}


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    where = {"repositoryName": old.id}
    request.arguments.take_some("name", "forceDelete", "encryptionConfigurations")
    mutability = request.arguments.take_some("imageTagMutability", "imageTagMutabilityExclusionFilters")
    if mutability:
        yield Call(operation="PutImageTagMutability", arguments=mutability, params=where)
    scanning = request.arguments.take_some("imageScanningConfiguration")
    if scanning:
        yield Call(operation="PutImageScanningConfiguration", arguments=scanning, params=where)
    return Created(id=old.id, outputs={})


@kind(
    "aws:ecr/repository:Repository",
    "ecr",
    naming=Naming(longest=256, lower=True),
    tags=True,
    identity=("encryptionConfigurations",),
    update=_change,
    removable=("forceDelete",),
    resets={"imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}},
    delete=undo("DeleteRepository", repositoryName="{id}", force="{forceDelete}"),
)
def repository(request: Request) -> Steps:
    """A repository."""
    request.arguments.take("forceDelete")
    name = request.goal.inputs["name"]
    yield Call(
        operation="CreateRepository",
        arguments=request.arguments.take_rest(),
        rename={"name": "repositoryName", "encryptionConfigurations": "encryptionConfiguration"},
    )
    host = f"{request.account}.dkr.ecr.{request.region}.amazonaws.com"
    outputs = {
        "arn": request.arn("ecr", f"repository/{name}"),
        "registryId": request.account,
        "repositoryUrl": f"{host}/{name}",
    }
    return Created(id=name, outputs=outputs)


for _token, _operation, _member, _undone in (
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "PutLifecyclePolicy", "lifecyclePolicyText", "DeleteLifecyclePolicy"),
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "SetRepositoryPolicy", "policyText", "DeleteRepositoryPolicy"),
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
        delete=undo(_undone, repositoryName="{repository}"),
    )


def _no_rules(request: Request) -> Removal:  # noqa: ARG001  (a registry has one replication: there is nothing to name)
    yield Call(operation="PutReplicationConfiguration", params={"replicationConfiguration": {"rules": []}})


simple(
    "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    "ecr",
    "PutReplicationConfiguration",
    id="{account}",
    outputs={"registryId": "{account}"},
    put=True,
    delete=_no_rules,
)
