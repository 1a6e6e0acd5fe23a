"""Tables: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/best-practices-security-preventative.html"""

from collections.abc import Iterator

from policy.model import GUARDED, Resource, ResourceRule, Stack, StackRule, environment, every_has, unless

_TABLE = "dynamodb/table:Table"


def _encrypted(table: Resource) -> Iterator[str]:
    yield from unless(
        table.get("serverSideEncryption.enabled") and table.get("serverSideEncryption.kmsKeyArn"), "no key of ours"
    )


def _restorable(table: Resource) -> Iterator[str]:
    yield from unless(table.get("pointInTimeRecovery.enabled") is True, "what is overwritten is gone")


def _scales(table: Resource) -> Iterator[str]:
    yield from unless(table.get("billingMode") == "PAY_PER_REQUEST", "its capacity does not follow demand")


def _expires(table: Resource) -> Iterator[str]:
    yield from unless(table.get("ttl.enabled") is True, "nothing in it ever expires")


def _kept(table: Resource, _stack: Stack) -> Iterator[str]:
    if environment(table) in GUARDED:
        yield from unless(table.protect, "pulumi may delete it")
        yield from unless(table.get("deletionProtectionEnabled") is True, "DynamoDB would delete it on request")


RULES = (
    ResourceRule(
        name="dynamodb-encrypted",
        demands="Tables are encrypted under a key of ours",
        types=(_TABLE,),
        severity="high",
        check=_encrypted,
    ),
    ResourceRule(
        name="dynamodb-recovery",
        demands="Tables can be restored to any second of the last 35 days",
        types=(_TABLE,),
        severity="medium",
        check=_restorable,
    ),
    ResourceRule(
        name="dynamodb-on-demand",
        demands="Capacity follows demand",
        types=(_TABLE,),
        severity="medium",
        check=_scales,
    ),
    ResourceRule(
        name="dynamodb-ttl",
        demands="Items can be given an end",
        types=(_TABLE,),
        severity="low",
        check=_expires,
    ),
    every_has(
        name="dynamodb-insights",
        subject=_TABLE,
        attachment="dynamodb/contributorInsights:ContributorInsights",
        by="tableName",
        severity="low",
        demands="A hot key can be found: every table has contributor insights",
    ),
    StackRule(
        name="dynamodb-kept",
        demands="In staging and prod no update and no call deletes a table",
        types=(_TABLE,),
        severity="high",
        check=_kept,
    ),
)
