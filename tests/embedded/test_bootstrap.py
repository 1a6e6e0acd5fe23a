"""The bootstrap program in an embedded AWS: deployed, deployed again, changed, and kept from removal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.product import Outcome, Product

_CHANGES = ("create ", "update ", "replace ", "delete ", "discard ", "keep ")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "home")
    yield product
    product.run("embedded", "down", "--force")


def _up(product: Product, *settings: str) -> Outcome:
    chosen = [word for setting in settings for word in ("--config", setting)]
    outcome = product.run("embedded", "up", "--project", "bootstrap", "--stack", "shared", *chosen)
    assert outcome.code == 0, outcome.err
    return outcome


def _changes(outcome: Outcome) -> list[str]:
    return [line for line in outcome.out.splitlines() if line.startswith(_CHANGES)]


def _in(product: Product, region: str, service: str) -> Any:
    aws = product.stack["aws"]
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=aws["endpoint_url"],
        aws_access_key_id=aws["aws_access_key_id"],
        aws_secret_access_key=aws["aws_secret_access_key"],
    )


def test_bootstrap_is_deployed_once_and_changed_where_settings_change(product: Product) -> None:
    assert {line.split()[0] for line in _changes(_up(product, "activateCostTags=true"))} == {"create"}
    assert _changes(_up(product, "activateCostTags=true")) == []

    for region in ("eu-central-1", "eu-west-1"):
        found = _in(product, region, "ecr").describe_repositories()["repositories"]
        assert {one["repositoryName"] for one in found} == {"shoppable-video/api", "shoppable-video/vision"}
        keys = {one["encryptionConfiguration"]["kmsKey"] for one in found}
        assert {key.split(":")[3] for key in keys} == {region}
    registry = product.client("ecr").describe_registry()
    (rule,) = registry["replicationConfiguration"]["rules"]
    assert [one["region"] for one in rule["destinations"]] == ["eu-west-1"]
    ce = product.client("ce")
    (monitor,) = ce.get_anomaly_monitors()["AnomalyMonitors"]
    (told,) = ce.get_anomaly_subscriptions()["AnomalySubscriptions"]
    assert told["MonitorArnList"] == [monitor["MonitorArn"]]
    tags = {
        tag["Key"]: tag["Value"] for tag in ce.list_tags_for_resource(ResourceArn=monitor["MonitorArn"])["ResourceTags"]
    }
    assert tags["environment"] == "shared"
    active = ce.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]
    assert {one["TagKey"] for one in active} == {"project", "environment", "cost-centre"}

    changed = _up(product, "activateCostTags=true", "costAlertUsd=500", "owner=another", 'environments=["dev", "prod"]')
    kinds = {tuple(line.split()[:2]) for line in _changes(changed)}
    assert kinds >= {
        ("update", "aws:costexplorer/anomalySubscription:AnomalySubscription"),
        ("update", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"),
        ("update", "aws:iam/policy:Policy"),
        ("delete", "aws:iam/role:Role"),
        ("delete", "aws:iam/rolePolicy:RolePolicy"),
    }
    assert not {kind for what, kind in kinds if what in ("create", "replace")}
    (told,) = ce.get_anomaly_subscriptions()["AnomalySubscriptions"]
    assert told["ThresholdExpression"]["Dimensions"]["Values"] == ["500"]
    iam = product.client("iam")
    (issuer,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=issuer["Arn"])["Tags"]
    assert {"Key": "owner", "Value": "another"} in found


def test_bootstrap_lets_go_of_nothing_that_environments_run(product: Product) -> None:
    _up(product)
    down = product.run("embedded", "down")
    assert down.code == 1
    for name in ("api", "vision", "api-eu-west-1", "vision-eu-west-1"):
        assert f"aws:ecr/repository:Repository {name}" in down.err
    assert len(product.client("ecr").describe_repositories()["repositories"]) == 2
    rest = product.run("embedded", "down", "--exclude-protected")
    assert rest.code == 1
    assert len(product.client("ecr").describe_repositories()["repositories"]) == 2
    assert not product.client("ce").get_anomaly_monitors()["AnomalyMonitors"]
    assert not product.client("iam").list_roles()["Roles"]
