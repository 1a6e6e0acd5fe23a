"""DynamoDB: items, transactions, batches; KMS itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Facts
from embedded.authorisation.requests.rows import Keys, Need, Row, Table, arn, same, via_kms

_DYNAMODB = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"
_TRANSACTIONS = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"
_KMS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"


def _table_arn(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{call.region}:{call.account}:table/{name}"


def _table(call: Call, _facts: Facts) -> str:
    named = call.text("TableName") or call.text("ResourceArn")
    return _table_arn(call, named) if named else "*"


def _decrypted(call: Call, facts: Facts, tables: Iterable[str]) -> Iterable[Need]:
    """DynamoDB decrypts a table's key in the name of whoever calls it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    for table in tables:
        context = {"aws:dynamodb:tableName": table.rpartition("/")[2], "aws:dynamodb:subscriberId": call.account}
        yield from via_kms(call, "dynamodb", facts.key_of(table), ("Decrypt",), context)


def _leading(facts: Facts, table: str, items: Iterable[Any]) -> Keys:
    """The partition keys that a call names.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    partition = facts.table_keys(table)[:1]
    values = [item[name] for item in items for name in partition if name in item]
    found = tuple(dict.fromkeys(str(next(iter(value.values()))) for value in values))
    return {"dynamodb:leadingkeys": found} if found else {}


def _item(call: Call, facts: Facts) -> Iterable[Need]:
    table = _table(call, facts)
    given: Any = call.params.get("Key") or call.params.get("Item")
    yield Need(f"dynamodb:{call.operation}", table, _leading(facts, table, [given] if given else []))
    yield from _decrypted(call, facts, [table])


def _read(call: Call, facts: Facts) -> Iterable[Need]:
    table, index = _table(call, facts), call.text("IndexName")
    yield Need(f"dynamodb:{call.operation}", f"{table}/index/{index}" if index else table)
    yield from _decrypted(call, facts, [table])


def _batch(call: Call, facts: Facts) -> Iterable[Need]:
    asked: dict[str, Any] = call.params["RequestItems"]
    tables = [_table_arn(call, name) for name in asked]
    yield from (Need(f"dynamodb:{call.operation}", table) for table in tables)
    yield from _decrypted(call, facts, tables)


_TRANSACTED = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _transaction(call: Call, facts: Facts) -> Iterable[Need]:
    """A transaction needs what its items need; there is no action of its own."""
    items: list[dict[str, Any]] = call.params["TransactItems"]
    seen: dict[str, None] = {}
    for item in items:
        for kind, body in item.items():
            table = _table_arn(call, body["TableName"])
            seen[table] = None
            given: Any = body.get("Key") or body.get("Item")
            yield Need(f"dynamodb:{_TRANSACTED[kind]}", table, _leading(facts, table, [given]))
    yield from _decrypted(call, facts, seen)


DYNAMODB: Table = {
    **{name: Row(_DYNAMODB, implied=(_item,)) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
    **{name: Row(_DYNAMODB, implied=(_read,)) for name in ("Query", "Scan")},
    **{name: Row(_DYNAMODB, implied=(_batch,)) for name in ("BatchGetItem", "BatchWriteItem")},
    **{name: Row(_TRANSACTIONS, implied=(_transaction,)) for name in ("TransactGetItems", "TransactWriteItems")},
    **same(
        "dynamodb",
        _DYNAMODB,
        _table,
        "CreateTable UpdateTable DeleteTable DescribeTable UpdateContinuousBackups DescribeContinuousBackups "
        "UpdateTimeToLive DescribeTimeToLive UpdateContributorInsights DescribeContributorInsights "
        "TagResource UntagResource ListTagsOfResource PutResourcePolicy GetResourcePolicy DeleteResourcePolicy",
    ),
    **same("dynamodb", _DYNAMODB, None, "ListTables DescribeLimits ListContributorInsights"),
}


def _key(call: Call, facts: Facts) -> str:
    return facts.key_arn(call.text("KeyId") or call.text("TargetKeyId"), call.region)


def _cryptography(call: Call) -> Keys:
    given: Any = call.params.get("EncryptionContext") or {}
    return {
        "kms:calleraccount": (call.account,),
        "kms:encryptioncontextkeys": tuple(given),
        **{f"kms:encryptioncontext:{name.lower()}": (str(value),) for name, value in given.items()},
    }


_alias = arn("arn:aws:kms:{region}:{account}:{AliasName}")


def _aliased(call: Call, facts: Facts) -> Iterable[Need]:
    """An alias is made, moved and dropped under two resources: itself and its key.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
    """
    yield Need(f"kms:{call.operation}", _alias(call, facts))
    yield Need(f"kms:{call.operation}", facts.key_arn(call.text("TargetKeyId") or call.text("AliasName"), call.region))


KMS: Table = {
    **{
        name: Row(_KMS, f"kms:{name}", _key, _cryptography)
        for name in ("Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant")
    },
    **same(
        "kms",
        _KMS,
        _key,
        "DescribeKey GetKeyPolicy PutKeyPolicy ListKeyPolicies EnableKeyRotation DisableKeyRotation "
        "GetKeyRotationStatus EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion UpdateKeyDescription "
        "TagResource UntagResource ListResourceTags ListGrants RevokeGrant RetireGrant",
    ),
    **{name: Row(_KMS, implied=(_aliased,)) for name in ("CreateAlias", "UpdateAlias", "DeleteAlias")},
    **same("kms", _KMS, None, "CreateKey ListKeys ListAliases"),
}
