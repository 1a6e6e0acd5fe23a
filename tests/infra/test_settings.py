"""Settings: what a stack's file may say, and what it is told when it says something else."""

import pytest
import yaml

from embedded.engine.project import load_project
from infra.configuration import SettingsError
from infra.promotion import PromotionError
from infra.settings import Settings
from tests.support.recorder import ROOT, STACKS, record_project

_PROJECT = "shoppable-video"


def _given(stack: str = "dev", **changes: str) -> dict[str, str]:
    project = load_project(ROOT, stack, {})
    given = {
        key.partition(":")[2]: value for key, value in project.config.items() if key.startswith("shoppable-video:")
    }
    return given | {"region": project.config["aws:region"]} | changes


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_valid(stack: str) -> None:
    assert Settings.parse(_given(stack), stack, _PROJECT).environment == stack


def test_an_unknown_setting_is_an_error_that_names_the_nearest_known_and_shows_the_yaml_to_write() -> None:
    with pytest.raises(SettingsError, match="unknown setting logRetentionDay; did you mean logRetentionDays") as error:
        Settings.parse(_given(logRetentionDay="7"), "dev", _PROJECT)
    *_, told, comment, line = str(error.value).splitlines()
    assert told == "config:"
    assert comment.startswith("  # Days that logs are kept")
    assert yaml.safe_load(line) == {"shoppable-video:logRetentionDays": "7"}


def test_an_unknown_setting_that_is_like_no_other_is_an_error_without_advice() -> None:
    with pytest.raises(SettingsError, match=r"unknown setting zzz$"):
        Settings.parse(_given(zzz="7"), "dev", _PROJECT)


def test_a_missing_setting_is_an_error_that_names_it_and_shows_the_yaml_to_write() -> None:
    given = _given()
    del given["segmentSeconds"]
    with pytest.raises(SettingsError, match="segmentSeconds: Field required") as error:
        Settings.parse(given, "dev", _PROJECT)
    assert str(error.value).startswith("Pulumi.dev.yaml:")
    assert yaml.safe_load(str(error.value).splitlines()[-1]) == {"shoppable-video:segmentSeconds": 120}


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"accountId(.|\n)*logRetentionDays"):
        Settings.parse(_given(accountId="1", logRetentionDays="8"), "dev", _PROJECT)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("autoApproveScore", "1.5"),
        ("logRetentionDays", "8"),
        ("accountId", "12345"),
        ("baseImage", "python:3.13"),
        ("shopOrigins", '["http://shop.example.com"]'),
        ("intakeConcurrency", "1"),
        ("reservedConcurrency", '["video-start"]'),
        ("reservedConcurrency", '["video-start=-1"]'),
        ("reservedConcurrency", '["video-start=1", "video-start=2"]'),
        ("segmentSeconds", "901"),
        ("analysisRevision", "Zwei!"),
        ("environment", "production"),
        ("domain", "https://videos.example.com"),
        ("domain", "*.example.com"),
        ("domain", "Videos.example.com"),
        ("domain", "videos"),
        ("certificateArn", "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"),
        ("certificateArn", "arn:aws:iam::123456789012:server-certificate/storefront"),
        ("alarmEmails", '["alarms"]'),
        ("firewallRateLimit", "9"),
        ("region", "Frankfurt"),
        ("originalsArchiveDays", "89"),
        ("originalsDeepArchiveDays", "179"),
        ("tableMaxReadUnits", "0"),
        ("monthlyBudgetUsd", "0"),
    ],
)
def test_a_value_out_of_bounds_is_an_error_that_names_the_setting(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.parse(_given(**{key: value}), "dev", _PROJECT)


def test_thresholds_must_leave_room_between_them() -> None:
    with pytest.raises(SettingsError, match="reviewScore is above autoApproveScore"):
        Settings.parse(_given(reviewScore="0.9", autoApproveScore="0.8"), "dev", _PROJECT)


def test_thresholds_left_empty_are_those_of_the_categories() -> None:
    settings = Settings.parse(_given(autoApproveScore="", reviewScore="0.99"), "dev", _PROJECT)
    assert (settings.auto_approve_score, settings.review_score) == (None, 0.99)


def test_a_film_is_archived_before_it_is_deeply_archived() -> None:
    with pytest.raises(SettingsError, match="originalsDeepArchiveDays must be more than originalsArchiveDays"):
        Settings.parse(_given(originalsArchiveDays="200", originalsDeepArchiveDays="200"), "dev", _PROJECT)
    assert (
        Settings.parse(
            _given(originalsArchiveDays="200", originalsDeepArchiveDays="201"), "dev", _PROJECT
        ).originals_archive_days
        == 200
    )


def test_what_is_left_empty_is_neither_archived_nor_limited() -> None:
    settings = Settings.parse(_given(originalsArchiveDays="", tableMaxWriteUnits=""), "dev", _PROJECT)
    assert (settings.originals_archive_days, settings.table_max_write_units) == (None, None)


@pytest.mark.parametrize("given", ["domain", "certificateArn"])
def test_a_domain_and_its_certificate_go_together(given: str) -> None:
    value = {"domain": "videos.example.com", "certificateArn": _given("prod")["certificateArn"]}[given]
    with pytest.raises(SettingsError, match="domain and certificateArn go together"):
        Settings.parse(_given("dev", **{given: value}), "dev", _PROJECT)


def test_a_certificate_of_another_account_is_refused() -> None:
    other = _given("prod")["certificateArn"].replace("123456789012", "210987654321")
    with pytest.raises(SettingsError, match="certificateArn is not of account 123456789012"):
        Settings.parse(_given("prod", certificateArn=other), "prod", _PROJECT)


def test_images_of_another_region_are_refused() -> None:
    with pytest.raises(SettingsError, match="imageRepository is not in us-west-2"):
        Settings.parse(_given("dev", region="us-west-2"), "dev", _PROJECT)


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
        Settings.parse(_given(stack, **{key: value}), stack, _PROJECT)


@pytest.mark.parametrize(
    ("stack", "key", "value"),
    [
        ("prod", "logRetentionDays", "180"),
        ("prod", "noncurrentDays", "29"),
        ("staging", "logRetentionDays", "14"),
        ("staging", "noncurrentDays", "6"),
    ],
)
def test_staging_and_prod_refuse_to_forget_soon(stack: str, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{stack} needs {key} of at least [0-9]+, not {value}"):
        Settings.parse(_given(stack, **{key: value}), stack, _PROJECT)


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_staging_and_prod_refuse_to_run_without_promoted_digests(stack: str) -> None:
    with pytest.raises(PromotionError, match=f"nothing was promoted to {stack}"):
        record_project(ROOT, stack, promotionDirectory="tests/infra")


def test_a_stack_may_not_run_under_the_settings_of_another_environment() -> None:
    with pytest.raises(SettingsError, match="stack prod has environment dev"):
        Settings.parse(_given("dev"), "prod", _PROJECT)


def test_a_person_may_have_a_dev_stack_of_their_own() -> None:
    assert Settings.parse(_given("dev"), "dev-ada", _PROJECT).environment == "dev"


@pytest.mark.parametrize("stack", ["dev-Ada", "dev-a_b", "dev-a.b"])
def test_a_stack_whose_name_no_bucket_may_have_is_refused(stack: str) -> None:
    with pytest.raises(SettingsError, match="S3 takes lower-case letters"):
        Settings.parse(_given("dev"), stack, _PROJECT)


def test_a_stack_whose_name_leaves_no_room_in_other_names_is_refused() -> None:
    with pytest.raises(SettingsError, match="leave no room"):
        Settings.parse(_given("dev"), "dev-ada-of-the-storefront", _PROJECT)
