"""Tables."""

from collections.abc import Mapping
from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Arguments, Call, Naming, Removal, Request, Steps, kind

_FIXED = ("hashKey", "rangeKey", "attributes", "localSecondaryIndexes", "globalSecondaryIndexes", "billingMode")


def _keys(given: Arguments) -> list[dict[str, str]]:
    names = {"HASH": given.take("hashKey"), "RANGE": given.take("rangeKey")}
    return [{"AttributeName": name, "KeyType": role} for role, name in names.items() if name]


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    given = Arguments(index)
    schema = [
        {"AttributeName": part["attributeName"], "KeyType": part["keyType"]} for part in given.take("keySchemas", [])
    ]
    name = given.take("name")
    projection = {"projectionType": given.take("projectionType")} | given.take_some("nonKeyAttributes")
    units = {"readCapacityUnits": given.take("readCapacity"), "writeCapacityUnits": given.take("writeCapacity")}
    result: dict[str, Any] = {"indexName": name, "keySchema": [*schema, *_keys(given)], "projection": projection}
    if any(units.values()):
        result["provisionedThroughput"] = units
    return result | given.take_rest()


def _features(request: Request, name: str) -> Steps:
    ttl = request.arguments.take("ttl")
    if ttl:
        rename = {"timeToLiveSpecification.attributeName": "AttributeName"}
        specification = {"timeToLiveSpecification": {"enabled": True, **ttl}}
        yield Call(operation="UpdateTimeToLive", params={"TableName": name}, arguments=specification, rename=rename)
    recovery = request.arguments.take("pointInTimeRecovery")
    if recovery:
        yield Call(
            operation="UpdateContinuousBackups",
            params={"TableName": name},
            arguments={"pointInTimeRecoverySpecification": recovery},
            rename={"pointInTimeRecoverySpecification.enabled": "PointInTimeRecoveryEnabled"},
        )
    return Created(id=name, outputs={})


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    name = request.arguments.take("name")
    protected = request.arguments.take("deletionProtectionEnabled")
    if protected != old.inputs.get("deletionProtectionEnabled"):
        params = {"TableName": name, "DeletionProtectionEnabled": bool(protected)}
        yield Call(operation="UpdateTable", params=params)
    changed = {key: request.goal.inputs.get(key) != old.inputs.get(key) for key in ("ttl", "pointInTimeRecovery")}
    request.arguments.take_some(*[key for key, differs in changed.items() if not differs])
    yield from _features(request, name)
    return Created(id=old.id, outputs={})


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="DeleteTable", params={"TableName": request.old.id})


@kind(
    "aws:dynamodb/table:Table",
    "dynamodb",
    naming=Naming(longest=255),
    tags=True,
    identity=(*_FIXED, "streamEnabled", "streamViewType", "tableClass", "serverSideEncryption"),
    update=_change,
    removable=("deletionProtectionEnabled",),
    delete=_remove,
)
def table(request: Request) -> Steps:
    """A table with its indexes, recovery and expiry."""
    arguments = request.arguments
    name = arguments.take("name")
    attributes = arguments.take("attributes", [])
    params: dict[str, Any] = {"TableName": name, "KeySchema": _keys(arguments)}
    given: dict[str, Any] = {"attributeDefinitions": attributes}
    for key in ("globalSecondaryIndexes", "localSecondaryIndexes"):
        indexes: list[Mapping[str, Any]] = arguments.take(key, [])
        if indexes:
            given[key] = [_index(index) for index in indexes]
    units = {"readCapacityUnits": arguments.take("readCapacity"), "writeCapacityUnits": arguments.take("writeCapacity")}
    if any(units.values()):
        given["provisionedThroughput"] = units
    encryption = Arguments(arguments.take("serverSideEncryption", {}))
    if encryption.take("enabled"):
        given["sSESpecification"] = {"enabled": True, "sSEType": "KMS", "kMSMasterKeyId": encryption.take("kmsKeyArn")}
    encryption.end("serverSideEncryption")
    if arguments.take("streamEnabled"):
        given["streamSpecification"] = {"streamEnabled": True, "streamViewType": arguments.take("streamViewType")}
    given |= arguments.take_some("billingMode", "tableClass", "deletionProtectionEnabled", "tags", "onDemandThroughput")
    rename = {
        "attributeDefinitions.name": "AttributeName",
        "attributeDefinitions.type": "AttributeType",
    }
    response = yield Call(operation="CreateTable", arguments=given, rename=rename, params=params)
    yield from _features(request, name)
    outputs = {
        "arn": response["TableDescription"]["TableArn"],
        "billingMode": given.get("billingMode", "PROVISIONED"),
    }
    if "streamSpecification" in given:
        outputs["streamArn"] = response["TableDescription"]["LatestStreamArn"]
        outputs["streamLabel"] = response["TableDescription"]["LatestStreamLabel"]
    return Created(id=name, outputs=outputs)
