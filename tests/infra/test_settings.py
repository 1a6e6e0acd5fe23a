"""Settings: what a stack's file may say, and what it is told when it says something else."""

import pytest
import yaml

from embedded.engine.project import load_project
from infra.settings import Settings, SettingsError, parse
from tests.support.recorder import ROOT, STACKS


def _given(stack: str = "dev", **changes: str) -> dict[str, str]:
    project = load_project(ROOT, stack, {})
    given = {
        key.partition(":")[2]: value for key, value in project.config.items() if key.startswith("shoppable-video:")
    }
    return given | {"region": project.config["aws:region"]} | changes


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_valid(stack: str) -> None:
    assert parse(_given(stack), stack).environment == stack


def test_an_unknown_setting_is_an_error_that_names_the_nearest_known() -> None:
    with pytest.raises(SettingsError, match="unknown setting logRetentionDay; did you mean logRetentionDays"):
        parse(_given(logRetentionDay="7"), "dev")


def test_a_missing_setting_is_an_error_that_names_it_and_says_where_to_write_it() -> None:
    given = _given()
    del given["segmentSeconds"]
    with pytest.raises(SettingsError, match=r"segmentSeconds: Field required(.|\n)*Pulumi\.dev\.yaml"):
        parse(given, "dev")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("autoApproveScore", "1.5"),
        ("logRetentionDays", "8"),
        ("accountId", "12345"),
        ("baseImage", "python:3.13"),
        ("shopOrigins", '["http://shop.example.com"]'),
        ("intakeConcurrency", "1"),
        ("segmentSeconds", "901"),
        ("analysisRevision", "Zwei!"),
        ("environment", "production"),
        ("originalsArchiveDays", "89"),
        ("originalsDeepArchiveDays", "179"),
        ("tableMaxReadUnits", "0"),
        ("monthlyBudgetUsd", "0"),
    ],
)
def test_a_value_out_of_bounds_is_an_error_that_names_the_setting(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        parse(_given(**{key: value}), "dev")


def test_thresholds_must_leave_room_between_them() -> None:
    with pytest.raises(SettingsError, match="reviewScore is above autoApproveScore"):
        parse(_given(reviewScore="0.9", autoApproveScore="0.8"), "dev")


def test_a_film_is_archived_before_it_is_deeply_archived() -> None:
    with pytest.raises(SettingsError, match="originalsDeepArchiveDays must be more than originalsArchiveDays"):
        parse(_given(originalsArchiveDays="200", originalsDeepArchiveDays="200"), "dev")
    assert (
        parse(_given(originalsArchiveDays="200", originalsDeepArchiveDays="201"), "dev").originals_archive_days == 200
    )


def test_what_is_left_empty_is_neither_archived_nor_limited() -> None:
    settings = parse(_given(originalsArchiveDays="", tableMaxWriteUnits=""), "dev")
    assert (settings.originals_archive_days, settings.table_max_write_units) == (None, None)


@pytest.mark.parametrize("stack", ["staging", "prod"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("domain", ""),
        ("certificateArn", ""),
        ("alarmEmails", "[]"),
        ("deletionProtection", "false"),
    ],
)
def test_staging_and_prod_refuse_to_run_without(stack: str, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{stack} needs {key}"):
        parse(_given(stack, **{key: value}), stack)


def test_a_stack_may_not_run_under_the_settings_of_another_environment() -> None:
    with pytest.raises(SettingsError, match="stack prod has environment dev"):
        parse(_given("dev"), "prod")


def test_a_person_may_have_a_dev_stack_of_their_own() -> None:
    assert parse(_given("dev"), "dev-ada").environment == "dev"


def test_pulumi_yaml_declares_exactly_the_settings_with_the_same_defaults_and_kinds() -> None:
    declared = {
        key: entry
        for key, entry in yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"].items()
        if ":" not in key
    }
    fields = {field.alias: field for field in Settings.model_fields.values() if field.alias != "region"}
    assert set(declared) == set(fields)
    for key, entry in declared.items():
        field = fields[key]
        assert entry["description"], key
        assert ("default" in entry) is not field.is_required(), key
        if "default" in entry:
            default = tuple(entry["default"]) if entry["type"] == "array" else entry["default"] or None
            assert default == field.default, key


def test_stacks_differ_only_where_environments_must() -> None:
    staging, prod = (yaml.safe_load((ROOT / f"Pulumi.{one}.yaml").read_text())["config"] for one in ("staging", "prod"))
    differing = {key.partition(":")[2] for key in staging if staging[key] != prod[key]}
    assert set(staging) == set(prod)
    assert differing == {
        "environment",
        "costCentre",
        "domain",
        "shopOrigins",
        "priceClass",
        "logRetentionDays",
        "noncurrentDays",
        "framesDays",
        "accessLogDays",
        "monthlyBudgetUsd",
        "alarmEmails",
        "intakeConcurrency",
    }
