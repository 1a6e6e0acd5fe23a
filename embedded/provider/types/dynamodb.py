"""Tables."""

from collections.abc import Mapping
from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Arguments, Call, Naming, Removal, Request, Steps, kind, undo

_LIMITS = "onDemandThroughput"
_UNLIMITED = {"maxReadRequestUnits": -1, "maxWriteRequestUnits": -1}
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html"""
_RENAME = {"attributeDefinitions.name": "AttributeName", "attributeDefinitions.type": "AttributeType"}


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


def _settings(arguments: Arguments) -> dict[str, Any]:
    """What CreateTable and UpdateTable say in the same words."""
    given = arguments.take_some("billingMode", "tableClass", "deletionProtectionEnabled", "onDemandThroughput")
    units = {"readCapacityUnits": arguments.take("readCapacity"), "writeCapacityUnits": arguments.take("writeCapacity")}
    if any(units.values()):
        given["provisionedThroughput"] = units
    encryption = arguments.take("serverSideEncryption")
    if encryption is not None:
        part = Arguments(encryption)
        enabled, key = part.take("enabled"), part.take("kmsKeyArn")
        given["sSESpecification"] = {"enabled": True, "sSEType": "KMS", "kMSMasterKeyId": key} if enabled else {}
        part.end("serverSideEncryption")
    stream, view = arguments.take("streamEnabled"), arguments.take("streamViewType")
    if stream is not None:
        given["streamSpecification"] = {"streamEnabled": stream} | ({"streamViewType": view} if stream else {})
    return given


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    arguments, before = request.arguments, old.inputs
    arguments.take_some("localSecondaryIndexes", "hashKey", "rangeKey")
    name = arguments.take("name")
    attributes = arguments.take("attributes", [])
    wanted: list[Mapping[str, Any]] = arguments.take("globalSecondaryIndexes", [])
    now, then = _settings(arguments), _settings(Arguments(before))
    # Each change is a call of its own: DynamoDB refuses several at once.
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    for key in [key for key in now if now[key] != then.get(key)]:
        yield Call(operation="UpdateTable", params={"TableName": name}, arguments={key: now[key]})
    present: list[Mapping[str, Any]] = before.get("globalSecondaryIndexes", [])
    for update in _index_updates(present, wanted):
        change = {"attributeDefinitions": attributes, "globalSecondaryIndexUpdates": [update]}
        yield Call(operation="UpdateTable", params={"TableName": name}, arguments=change, rename=_RENAME)
    if before.get("ttl") and not request.goal.inputs.get("ttl"):
        specification = {"Enabled": False, "AttributeName": before["ttl"]["attributeName"]}
        params = {"TableName": name, "TimeToLiveSpecification": specification}
        yield Call(operation="UpdateTimeToLive", params=params)
    changed = {key: request.goal.inputs.get(key) != before.get(key) for key in ("ttl", "pointInTimeRecovery")}
    arguments.take_some(*[key for key, differs in changed.items() if not differs])
    yield from _features(request, name)
    return Created(id=old.id, outputs={})


def _but_limits(index: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in index.items() if key != _LIMITS and value is not None}


def _index_updates(present: list[Mapping[str, Any]], wanted: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Indexes to delete, then those to create; one that differs is both, unless it differs in its limits only."""
    gone = [index for index in present if index not in wanted]
    new = [index for index in wanted if index not in present]
    limited = [(old, index) for old in gone for index in new if _but_limits(old) == _but_limits(index)]
    for old, index in limited:
        gone.remove(old)
        new.remove(index)
    return [
        *(
            {"update": {"indexName": index["name"], "onDemandThroughput": index.get(_LIMITS) or _UNLIMITED}}
            for _, index in limited
        ),
        *({"delete": {"indexName": index["name"]}} for index in gone),
        *({"create": _index(index)} for index in new),
    ]


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    yield Call(operation="DeleteTable", params={"TableName": request.old.id})


@kind(
    "aws:dynamodb/table:Table",
    "dynamodb",
    naming=Naming(longest=255),
    tags=True,
    identity=("hashKey", "rangeKey", "localSecondaryIndexes"),
    update=_change,
    removable=("globalSecondaryIndexes", "streamViewType", "ttl"),
    resets={
        "deletionProtectionEnabled": False,
        "onDemandThroughput": _UNLIMITED,
        "pointInTimeRecovery": {"enabled": False},
        "serverSideEncryption": {"enabled": False},
        "streamEnabled": False,
        "tableClass": "STANDARD",
    },
    volatile=("streamArn", "streamLabel"),
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
    given |= _settings(arguments) | arguments.take_some("tags")
    response = yield Call(operation="CreateTable", arguments=given, rename=_RENAME, params=params)
    yield from _features(request, name)
    outputs = {
        "arn": response["TableDescription"]["TableArn"],
        "billingMode": given.get("billingMode", "PROVISIONED"),
    }
    if given.get("streamSpecification", {}).get("streamEnabled"):
        outputs["streamArn"] = response["TableDescription"]["LatestStreamArn"]
        outputs["streamLabel"] = response["TableDescription"]["LatestStreamLabel"]
    return Created(id=name, outputs=outputs)


@kind(
    "aws:dynamodb/contributorInsights:ContributorInsights",
    "dynamodb",
    put=True,
    identity=("tableName", "indexName"),
    delete=undo(
        "UpdateContributorInsights",
        TableName="{tableName}",
        IndexName="{indexName}",
        ContributorInsightsAction="DISABLE",
    ),
)
def contributor_insights(request: Request) -> Steps:
    """Which keys of a table or an index are asked for most, or throttled."""
    given = request.arguments.take_rest()
    rename = {"mode": "ContributorInsightsMode"}
    params = {"ContributorInsightsAction": "ENABLE"}
    yield Call(operation="UpdateContributorInsights", arguments=given, rename=rename, params=params)
    return Created(id=f"name:{given['tableName']}/index:{given.get('indexName', '')}/{request.account}", outputs={})
