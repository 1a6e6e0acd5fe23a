"""The real program under its own settings: deployed, deployed again, changed, beside a second stack, and removed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.product import ROOT, Outcome, Product

_CHANGES = ("create ", "update ", "replace ", "delete ", "discard ", "keep ")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "home")
    player = tmp_path / "player"
    player.mkdir()
    (player / "index.html").write_text("<!doctype html>")
    yield product
    product.run("embedded", "down", "--force")


def _run(product: Product, command: str, stack: str, *more: str, settings: str = "") -> Outcome:
    """A command on a stack with a player of its own; the checkout's may change meanwhile."""
    player = f"shoppable-video:playerDirectory={product.home.parent / 'player'}"
    file = ["--config-file", str(ROOT / f"Pulumi.{settings or stack}.yaml")]
    return product.run("embedded", command, "--stack", stack, "--config", player, *file, *more)


def _changes(outcome: Outcome) -> set[tuple[str, ...]]:
    """What has changed: the lines of it without the resources' names."""
    assert outcome.code == 0, outcome.err
    lines = [line.split(maxsplit=3) for line in outcome.out.splitlines() if line.startswith(_CHANGES)]
    return {(what, kind, *properties) for what, kind, _, *properties in lines}


def _amazons_own(kms: Any) -> set[str]:
    return {name for found in kms.list_aliases()["Aliases"] if (name := found["AliasName"]).startswith("alias/aws/")}


def _names(product: Product) -> dict[str, set[str]]:
    """Everything that AWS holds, by kind."""
    client: Any = product.client
    iam, kms, cdn = client("iam"), client("kms"), client("cloudfront")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return {
        "buckets": {found["Name"] for found in client("s3").list_buckets()["Buckets"]},
        "tables": set(client("dynamodb").list_tables()["TableNames"]),
        "queues": set(client("sqs").list_queues().get("QueueUrls", [])),
        "topics": {found["TopicArn"] for found in client("sns").list_topics()["Topics"]},
        "roles": {found["RoleName"] for found in iam.list_roles()["Roles"]},
        "functions": {
            found["FunctionName"]
            for page in client("lambda").get_paginator("list_functions").paginate()
            for found in page["Functions"]
        },
        "sources": {found["UUID"] for found in client("lambda").list_event_source_mappings()["EventSourceMappings"]},
        "machines": {found["name"] for found in client("stepfunctions").list_state_machines()["stateMachines"]},
        "groups": {found["logGroupName"] for found in client("logs").describe_log_groups()["logGroups"]},
        "buses": {found["Name"] for found in client("events").list_event_buses()["EventBuses"]} - {"default"},
        "rules": {found["Name"] for found in client("events").list_rules()["Rules"]},
        "alarms": {found["AlarmName"] for found in client("cloudwatch").describe_alarms()["MetricAlarms"]},
        "keys": {key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion"},
        "aliases": {found["AliasName"] for found in kms.list_aliases()["Aliases"]} - _amazons_own(kms),
        "distributions": {found["Id"] for found in cdn.list_distributions()["DistributionList"].get("Items", [])},
    }


def test_should_deploy_two_stacks_side_by_side_and_remove_each_alone(product: Product) -> None:
    first = _changes(_run(product, "up", "dev"))
    assert {what for what, *_ in first} == {"create"}
    alone = _names(product)
    assert all(alone.values()), {kind for kind, found in alone.items() if not found}

    assert _changes(_run(product, "up", "dev")) == set()
    assert _changes(_run(product, "preview", "dev")) == set()
    longer = ["--config", "shoppable-video:logRetentionDays=14"]
    expected = {("update", "aws:cloudwatch/logGroup:LogGroup", "(retentionInDays)")}
    assert _changes(_run(product, "preview", "dev", *longer)) == expected
    assert _changes(_run(product, "up", "dev", *longer)) == expected
    assert _changes(_run(product, "up", "dev", *longer)) == set()

    # One variable of one function that a state machine calls: a version of each, and their aliases.
    shorter = ["--config", "shoppable-video:segmentSeconds=40", *longer]
    expected = {
        ("update", "aws:lambda/function:Function", "(environment)"),
        ("update", "aws:lambda/alias:Alias", "(functionVersion)"),
        ("update", "aws:sfn/stateMachine:StateMachine", "(definition)"),
        ("update", "aws:sfn/alias:Alias", "(routingConfigurations)"),
    }
    outcome = _run(product, "up", "dev", *shorter)
    assert _changes(outcome) == expected
    assert "4 updated" in outcome.out
    assert _changes(_run(product, "up", "dev", *shorter)) == set()

    # The same settings under another name: nothing of the first may be in the way of the second.
    second = _changes(_run(product, "up", "dev-two", settings="dev"))
    assert second == first
    both = _names(product)
    assert {kind: len(found) for kind, found in both.items()} == {kind: 2 * len(found) for kind, found in alone.items()}
    assert product.stack["stack"] == "dev-two"
    assert json.loads((product.home / "shop" / "dev.json").read_text())["stack"] == "dev"

    down = product.run("embedded", "down", "--stack", "dev")
    assert down.code == 0, down.err
    assert "the embedded AWS runs on with dev-two" in down.out
    left = _names(product)
    assert left == {kind: found - alone[kind] for kind, found in both.items()}
    assert _changes(_run(product, "up", "dev-two", settings="dev")) == set()

    last = product.run("embedded", "down")
    assert last.code == 0, last.err
    assert last.out.endswith("the embedded AWS is down\n")
    assert not list((product.home).glob("stacks/*"))


def test_should_not_let_go_of_what_production_protects(product: Product) -> None:
    assert {what for what, *_ in _changes(_run(product, "up", "prod"))} == {"create"}
    assert _changes(_run(product, "up", "prod")) == set()
    listed = json.loads(product.run("embedded", "resources", "--stack", "prod", "--json").out)
    kinds = ("aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:kms/key:Key")
    precious = {(item["type"], item["name"]) for item in listed if item["type"] in kinds}
    assert {kind for kind, _ in precious} == set(kinds)
    before = _names(product)

    down = product.run("embedded", "down")
    assert down.code == 1
    lines = [line for line in down.err.splitlines() if line.startswith("aws:")]
    assert {tuple(line.split()[:2]) for line in lines} >= precious
    assert all("it is protected (the option `protect`)" in line for line in lines)
    assert _names(product) == before

    rest = product.run("embedded", "down", "--exclude-protected")
    assert rest.code == 1
    after = _names(product)
    for kind in ("buckets", "tables", "keys"):
        assert after[kind] == before[kind]
    assert not after["functions"]
    assert not after["machines"]
    # What is left is still known, and comes back whole.
    assert _run(product, "up", "prod").code == 0
    assert {kind: len(found) for kind, found in _names(product).items()} == {
        kind: len(found) for kind, found in before.items()
    }
