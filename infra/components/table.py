"""A DynamoDB table: on demand, encrypted with a customer-managed key, restorable to any second of the last 35 days.

Which keys are throttled is known (Contributor Insights).
"""

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
    max_read_units: int | None = None
    """Request units per second of the table, and of each index; more is throttled. None: the account's quota."""
    max_write_units: int | None = None
    stream: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] | None = None
    """What the stream says of a change; None where nothing reads it, for reads are paid for."""

    def __post_init__(self) -> None:
        for name, units in (("max_read_units", self.max_read_units), ("max_write_units", self.max_write_units)):
            if units is not None and units < 1:
                message = f"{name} is {units}; DynamoDB takes 1 or more, and None for no limit"
                raise ValueError(message)

    def throughput(self) -> aws.dynamodb.TableOnDemandThroughputArgsDict | None:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html"""
        limits: aws.dynamodb.TableOnDemandThroughputArgsDict = {}
        if self.max_read_units is not None:
            limits["max_read_request_units"] = self.max_read_units
        if self.max_write_units is not None:
            limits["max_write_request_units"] = self.max_write_units
        return limits or None


@final
class Table(pulumi.ComponentResource):
    """A table whose keys are all strings."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    """Of a table with a stream."""

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:storage:Table", name, None, opts)
        self.label = name
        self.indexes = tuple(args.indexes)
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
                {
                    "name": index,
                    "hash_key": partition,
                    "range_key": sort,
                    "projection_type": "ALL",
                    "on_demand_throughput": args.throughput(),
                }
                for index, (partition, sort) in args.indexes.items()
            ],
            on_demand_throughput=args.throughput(),
            stream_enabled=True if args.stream else None,
            stream_view_type=args.stream,
            ttl={"attribute_name": args.ttl_attribute, "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.key.arn},
            deletion_protection_enabled=args.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.name = table.name
        self.arn = table.arn
        self.stream_arn = table.stream_arn
        for index in (None, *args.indexes):
            # Of throttled keys only: those cost nothing while nothing is throttled. The keys are written out in the
            # report, which no key of ours encrypts: they are hashes, and names of records.
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
            aws.dynamodb.ContributorInsights(
                f"{name}-{index}" if index else name,
                table_name=table.name,
                index_name=index,
                mode="THROTTLED_KEYS",
                opts=pulumi.ResourceOptions(parent=self),
            )
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
