"""The command line, with the real program in an embedded AWS of its own; and what is remembered between commands."""

import json
from pathlib import Path

import pytest

from embedded.engine import Deployment, Resource
from embedded.engine.values import UNKNOWN, Asset, Secret
from embedded.state import Home
from tests.support.product import Product

_CHANGES = ("create ", "update ", "replace ", "delete ", "discard ")


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path / "home")


def test_should_remember_a_deployment_as_it_was(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::example::aws:sqs/queue:Queue::queue"
    resource = Resource(
        urn=urn,
        type="aws:sqs/queue:Queue",
        name="queue",
        custom=True,
        parent="urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev",
        id="https://queue",
        inputs={"secret": Secret({"a": 1}), "file": Asset(path="f", hash="h"), "list": [1, 0.5, None, UNKNOWN]},
        outputs={"arn": "arn"},
        dependencies=("urn:other",),
        property_dependencies={"secret": ("urn:other",)},
        aliases=("urn:old",),
        ignore_changes=("tags",),
        protect=True,
    )
    home = Home(tmp_path)
    home.save(Deployment(stack="dev", project="example", resources=(resource,), outputs={"token": Secret("t")}))
    assert home.resources("dev") == {urn: resource}
    assert home.outputs("dev") == {"token": Secret("t")}
    assert home.project("dev") == "example"
    assert (tmp_path / "stacks" / "dev.json").stat().st_mode & 0o077 == 0
    assert home.resources("prod") == {}
    assert home.outputs("prod") is None


def test_should_refuse_a_second_deployment_at_the_same_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.locked(), pytest.raises(BlockingIOError), home.locked():
        pass


@pytest.mark.parametrize("command", [["logs"], ["serve"], ["resources"]])
def test_should_say_what_to_do_where_nothing_runs(product: Product, command: list[str]) -> None:
    outcome = product.run("embedded", *command)
    assert outcome.code == 1
    assert "python -m embedded up" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stack", "nowhere"], "error: Stack file Pulumi.nowhere.yaml is missing configuration value"),
        (["--config", "logRetentionDays=soon"], "logRetentionDays must be of type integer, not 'soon'"),
        (["--config", "logRetentionDays"], "error: --config logRetentionDays: KEY=VALUE is wanted"),
    ],
)
def test_should_say_which_setting_is_wrong(product: Product, arguments: list[str], message: str) -> None:
    outcome = product.run("embedded", "preview", *arguments)
    assert outcome.code == 1
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_should_deploy_the_program_once_and_then_find_nothing_to_change(product: Product, tmp_path: Path) -> None:
    player = tmp_path / "player"
    player.mkdir()
    (player / "index.html").write_text("<!doctype html>")
    # Promoted images are fixed by digest: edits of the checkout meanwhile change nothing.
    settings = ["--stack", "staging", "--config", f"playerDirectory={player}"]
    try:
        first = product.run("embedded", "up", *settings)
        assert first.code == 0, first.err
        assert "create aws:sfn/stateMachine:StateMachine video-analysis" in first.out
        assert product.stack["outputs"]["region"] == product.stack["aws"]["region"]
        listed = json.loads(product.run("embedded", "resources", "--stack", "staging", "--json").out)
        buckets = [item for item in listed if item["type"] == "aws:s3/bucket:Bucket"]
        found = product.client("s3").list_buckets()["Buckets"]
        assert sorted(item["id"] for item in buckets) == sorted(bucket["Name"] for bucket in found)

        second = product.run("embedded", "up", *settings)
        assert second.code == 0, second.err
        assert not [line for line in second.out.splitlines() if line.startswith(_CHANGES)]

        third = product.run("embedded", "up", *settings, "--config", "logRetentionDays=60")
        lines = [line.split() for line in third.out.splitlines() if line.startswith(_CHANGES)]
        changed = {(what, kind, properties) for what, kind, _, properties in lines}
        assert changed == {("update", "aws:cloudwatch/logGroup:LogGroup", "(retentionInDays)")}, third.err
        groups = product.client("logs").describe_log_groups()["logGroups"]
        assert {group["retentionInDays"] for group in groups} == {60}

        logs = product.run("embedded", "logs", "--stack", "staging", "read-feed")
        assert logs.out.strip().endswith("is empty")
    finally:
        down = product.run("embedded", "down", "--force")
    assert down.out.strip() == "the embedded AWS is down"
    assert not (product.home / "daemon.json").exists()
    assert not (product.home / "stack.json").exists()
