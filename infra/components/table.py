"""A DynamoDB table: on demand, encrypted with a customer-managed key, restorable to any second of the last 35 days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement
from infra.components.key import Key
from infra.naming import title

Operation = Literal[
    "GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"
]

_READS = frozenset[str](("GetItem", "BatchGetItem", "Query", "ConditionCheckItem"))


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    key: Key
    partition_key: str
    sort_key: str
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Global secondary index → its (partition key, sort key); all attributes are projected."""
    ttl_attribute: str = "expires_at"
    """Items with it (epoch seconds) are deleted within days after: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
    deletion_protection: bool


@final
class Table(pulumi.ComponentResource):
    """A table whose keys are all strings."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:storage:Table", name, None, opts)
        self._title = title(name)
        self._key = args.key
        keys = dict.fromkeys(
            (args.partition_key, args.sort_key, *(key for index in args.indexes.values() for key in index))
        )
        table = aws.dynamodb.Table(
            name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.partition_key,
            range_key=args.sort_key,
            attributes=[{"name": key, "type": "S"} for key in keys],
            global_secondary_indexes=[
                {"name": index, "hash_key": partition, "range_key": sort, "projection_type": "ALL"}
                for index, (partition, sort) in args.indexes.items()
            ],
            ttl={"attribute_name": args.ttl_attribute, "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.key.arn},
            deletion_protection_enabled=args.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.name = table.name
        self.arn = table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def access(self, *operations: Operation, index: str | None = None) -> Access:
        """The operations on the table, or on one of its indexes, and the key's use that they need.

        DynamoDB decrypts the table's key for whoever calls it, and only under the table's name:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        """
        what = "".join(sorted(operations))
        return Access(
            (
                Statement(
                    sid=f"{what}On{self._title}{title(index) if index else ''}",
                    actions=tuple(f"dynamodb:{operation}" for operation in operations),
                    resources=(pulumi.Output.concat(self.arn, f"/index/{index}") if index else self.arn,),
                ),
                self._key.via(
                    "dynamodb",
                    ("kms:Decrypt",),
                    purpose=f"Use{self._title}",
                    context={"aws:dynamodb:tableName": self.name},
                ),
            )
        )
