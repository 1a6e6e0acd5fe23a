"""What environments share: repositories in every region, who hears of costs, and settings held to their schema."""

from typing import Any

import pytest
import yaml

from bootstrap.settings import Settings, fields, parse
from embedded.engine.project import load_project
from infra.advice import SettingsError
from tests.support.recorder import ROOT, Recording, record_project

_PROJECT = "shoppable-video-bootstrap"
_TYPES = {"str": "string", "int": "integer", "bool": "boolean"}
_GIVEN = {
    "region": "eu-central-1",
    "accountId": "123456789012",
    "owner": "team",
    "costCentre": "shared",
    "environmentAccounts": '["123456789012"]',
}


def _record(**settings: str) -> Recording:
    return record_project(ROOT / "bootstrap", "shared", **settings)


@pytest.fixture(scope="module")
def bootstrap() -> Recording:
    return _record()


def _entry(key: str) -> dict[str, Any]:
    field = fields()[key]
    annotation: Any = field.annotation
    entry: dict[str, Any] = {"type": _TYPES.get(getattr(annotation, "__name__", ""), "string")}
    if getattr(annotation, "__origin__", None) is tuple:
        entry = {"type": "array", "items": {"type": "string"}}
    if not field.is_required():
        entry["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    return entry | {"description": " ".join((field.description or "").split())}


def test_pulumi_yaml_declares_exactly_the_settings() -> None:
    declared = yaml.safe_load((ROOT / "bootstrap" / "Pulumi.yaml").read_text())["config"]
    assert {key for key in declared if ":" not in key} == set(fields()) - {"region"}


@pytest.mark.parametrize("key", sorted(set(fields()) - {"region"}))
def test_pulumi_yaml_says_what_the_model_says(key: str) -> None:
    declared = yaml.safe_load((ROOT / "bootstrap" / "Pulumi.yaml").read_text())["config"]
    assert declared[key] == _entry(key)
    assert len(declared[key]["description"]) >= 30


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repositry": "a/b"}, "unknown setting repositry; did you mean repository?"),
        ({"accountId": "1"}, "shoppable-video-bootstrap:accountId: String should match pattern"),
        ({"replicationRegions": '["eu-central-1"]'}, "replicationRegions names eu-central-1, where images are pushed"),
        ({"replicationRegions": '["eu-west-1", "eu-west-1"]'}, "replicationRegions names a region twice"),
        ({"repository": "a/*"}, "repository: String should match pattern"),
        ({"repository": "a/b"}, "deploy roles also need stateBucket and secretsKeyArn"),
        ({"oidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/example.com"}, "oidcProviderArn: String should"),
        ({"costAlertUsd": "0"}, "costAlertUsd: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_refused_and_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.shared\.yaml") as refused:
        parse({**_GIVEN, **given}, "shared", _PROJECT)
    assert said in str(refused.value)


def test_settings_come_as_pulumi_passes_them() -> None:
    settings = parse({**_GIVEN, "activateCostTags": "true", "costAlertUsd": "5"}, "shared", _PROJECT)
    assert settings == Settings(
        region="eu-central-1",
        account_id="123456789012",
        owner="team",
        cost_centre="shared",
        environment_accounts=("123456789012",),
        activate_cost_tags=True,
        cost_alert_usd=5,
    )


def test_the_example_stack_is_valid() -> None:
    config = load_project(ROOT / "bootstrap", "shared", {}).config
    own = {key.split(":", 1)[1]: value for key, value in config.items() if key.startswith(_PROJECT)}
    assert parse(own | {"region": config["aws:region"]}, "shared", _PROJECT).repository


def test_images_are_copied_to_repositories_that_are_there_and_are_no_less_strict(bootstrap: Recording) -> None:
    replication = bootstrap.one("ecr/replicationConfiguration:ReplicationConfiguration", "replication")
    (rule,) = replication.inputs["replicationConfiguration"]["rules"]
    assert rule == {
        "destinations": [{"region": "eu-west-1", "registryId": "123456789012"}],
        "repositoryFilters": [{"filter": "shoppable-video/", "filterType": "PREFIX_MATCH"}],
    }
    key = bootstrap.one("kms/key:Key", "images-eu-west-1")
    assert key.inputs["region"] == "eu-west-1"
    assert key.protect is True
    assert key.inputs["enableKeyRotation"] is True
    for target in ("api", "vision"):
        source = bootstrap.one("ecr/repository:Repository", target)
        copy = bootstrap.one("ecr/repository:Repository", f"{target}-eu-west-1")
        assert copy.urn in replication.dependencies
        assert copy.protect is True
        assert copy.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key.arn}]
        other = {"region", "encryptionConfigurations"}
        assert {name: copy.inputs[name] for name in copy.inputs.keys() - other} == {
            name: source.inputs[name] for name in source.inputs.keys() - other
        }
        lifecycle = "ecr/lifecyclePolicy:LifecyclePolicy"
        assert bootstrap.one(lifecycle, target).inputs["policy"] == bootstrap.one(lifecycle, copy.name).inputs["policy"]
        policy = bootstrap.one("ecr/repositoryPolicy:RepositoryPolicy", copy.name).document("policy")
        assert policy["Statement"][1]["Condition"] == {
            "StringLike": {"aws:SourceArn": ["arn:aws:lambda:eu-west-1:123456789012:function:*"]}
        }


def test_without_other_regions_the_registry_is_left_as_it_is() -> None:
    recording = _record(replicationRegions="[]")
    assert not recording.of("ecr/replicationConfiguration:ReplicationConfiguration")
    assert {one.inputs["region"] for one in recording.of("ecr/repository:Repository", "kms/key:Key")} == {
        "eu-central-1"
    }


def test_odd_spending_is_told_by_mail_from_the_amount_on_that_is_set() -> None:
    recording = _record(costAlertUsd="250")
    monitor = recording.one("costexplorer/anomalyMonitor:AnomalyMonitor", "services")
    assert (monitor.inputs["monitorType"], monitor.inputs["monitorDimension"]) == ("DIMENSIONAL", "SERVICE")
    told = recording.one("costexplorer/anomalySubscription:AnomalySubscription", "anomalies")
    assert told.inputs["monitorArnLists"] == [monitor.arn]
    assert told.inputs["subscribers"] == [{"type": "EMAIL", "address": "costs@example.com"}]
    assert told.inputs["frequency"] == "DAILY"
    assert told.inputs["thresholdExpression"]["dimension"] == {
        "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "matchOptions": ["GREATER_THAN_OR_EQUAL"],
        "values": ["250"],
    }


def test_what_the_account_has_already_is_used_and_not_made() -> None:
    monitor = "arn:aws:ce::123456789012:anomalymonitor/0123"
    provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    recording = _record(costMonitorArn=monitor, oidcProviderArn=provider)
    assert not recording.of(
        "costexplorer/anomalyMonitor:AnomalyMonitor", "iam/openIdConnectProvider:OpenIdConnectProvider"
    )
    (told,) = recording.of("costexplorer/anomalySubscription:AnomalySubscription")
    assert told.inputs["monitorArnLists"] == [monitor]
    for role in recording.of("iam/role:Role"):
        (statement,) = role.document("assumeRolePolicy")["Statement"]
        assert statement["Principal"] == {"Federated": provider}


def test_tags_are_activated_for_bills_only_where_it_is_asked_for(bootstrap: Recording) -> None:
    kind = "costexplorer/costAllocationTag:CostAllocationTag"
    assert not bootstrap.of(kind)
    made = _record(activateCostTags="true").of(kind)
    assert {(one.inputs["tagKey"], one.inputs["status"]) for one in made} == {
        ("project", "Active"),
        ("environment", "Active"),
        ("cost-centre", "Active"),
    }
