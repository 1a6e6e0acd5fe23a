"""KMS keys, their aliases and policies."""

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, nothing, simple, undo

_STEERING = ("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck")


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    arguments = request.arguments
    arguments.take_some(*_STEERING)
    identity = {"KeyId": old.id}
    description = arguments.take("description")
    if description != old.inputs.get("description"):
        yield Call(operation="UpdateKeyDescription", params={**identity, "Description": description or ""})
    policy = arguments.take("policy")
    if policy and policy != old.inputs.get("policy"):
        yield Call(operation="PutKeyPolicy", params={**identity, "PolicyName": "default", "Policy": policy})
    enabled = arguments.take("isEnabled", True)
    if enabled != old.inputs.get("isEnabled", True):
        yield Call(operation="EnableKey" if enabled else "DisableKey", params=identity)
    yield from _rotation(request, old.id)
    return Created(id=old.id, outputs={"policy": policy} if policy else {})


def _rotation(request: Request, key_id: str) -> Steps:
    period = request.arguments.take("rotationPeriodInDays")
    enabled = request.arguments.take("enableKeyRotation", False)
    if enabled:
        params = {"KeyId": key_id, "RotationPeriodInDays": period}
        yield Call(operation="EnableKeyRotation", params=params)
    elif request.old is not None:
        yield Call(operation="DisableKeyRotation", params={"KeyId": key_id})
    return Created(id=key_id, outputs={"enableKeyRotation": enabled})


def _forget(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    days = old.inputs.get("deletionWindowInDays")
    yield Call(operation="ScheduleKeyDeletion", params={"KeyId": old.id, "PendingWindowInDays": days})


@kind(
    "aws:kms/key:Key",
    "kms",
    tags=True,
    update=_change,
    identity=("keyUsage", "customerMasterKeySpec", "multiRegion"),
    removable=("description", "enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays", "isEnabled"),
    delete=_forget,
)
def key(request: Request) -> Steps:
    """A customer-managed key, with its rotation."""
    arguments = request.arguments
    arguments.take("deletionWindowInDays")
    given = arguments.take_some("bypassPolicyLockoutSafetyCheck")
    given |= arguments.take_some("description", "keyUsage", "customerMasterKeySpec", "policy", "multiRegion", "tags")
    enabled = arguments.take("isEnabled", True)
    response = yield Call(operation="CreateKey", arguments=given)
    metadata = response["KeyMetadata"]
    yield from _rotation(request, metadata["KeyId"])
    if enabled is False:
        yield Call(operation="DisableKey", params={"KeyId": metadata["KeyId"]})
    current = yield Call(operation="GetKeyPolicy", params={"KeyId": metadata["KeyId"], "PolicyName": "default"})
    outputs = {
        "arn": metadata["Arn"],
        "keyId": metadata["KeyId"],
        "policy": given.get("policy") or current["Policy"],
        "isEnabled": enabled,
        "keyUsage": given.get("keyUsage", "ENCRYPT_DECRYPT"),
        "customerMasterKeySpec": given.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        "multiRegion": given.get("multiRegion", False),
    }
    return Created(id=metadata["KeyId"], outputs=outputs)


simple(
    "aws:kms/alias:Alias",
    "kms",
    "CreateAlias",
    naming=Naming(longest=256, prefix="alias/"),
    rename={"name": "AliasName"},
    id="{name}",
    outputs={"arn": "arn:{partition}:kms:{region}:{account}:{name}"},
    update=("UpdateAlias", {}),
    delete=undo("DeleteAlias", AliasName="{id}"),
)

simple(
    "aws:kms/keyPolicy:KeyPolicy",
    "kms",
    "PutKeyPolicy",
    params={"PolicyName": "default"},
    id="{keyId}",
    put=True,
    identity=("keyId",),
    # A key is never without a policy: this one goes with the key.
    delete=nothing,
)
