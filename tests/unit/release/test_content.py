"""What a checkout is, taken from this one: the program runs, and every role of it is there."""

import json
import subprocess
import sys
from typing import Any

import pytest

from infra.promotion import Content
from release.content import ProgramError, differences, of_checkout
from release.stacks import ENVIRONMENTS, StackFileError, configuration, settings
from tests.support.recorder import ROOT, record_stack


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    command = [sys.executable, "-m", "release.recording"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.strip().splitlines()[-1])["permissions"]


def test_every_role_of_the_program_is_recorded_with_its_policy(roles: dict[str, Any]) -> None:
    own = {name: documents for name, documents in roles.items() if "(" not in name}
    assert set(own) == {role.name for role in record_stack("prod").of("iam/role:Role")}
    assert all(set(documents) == {"trust", "policy"} for documents in own.values())


def test_every_policy_of_a_resource_is_recorded(roles: dict[str, Any]) -> None:
    kinds = ("s3/bucketPolicy:BucketPolicy", "sqs/queuePolicy:QueuePolicy", "sns/topicPolicy:TopicPolicy")
    recording = record_stack("prod")
    keys = [one for one in recording.of("kms/key:Key", "kms/keyPolicy:KeyPolicy") if one.inputs.get("policy")]
    assert len([name for name in roles if "(" in name]) == len(recording.of(*kinds)) + len(keys)
    assert roles["data (key)"]["policy"]["Statement"]


def test_a_recorded_policy_is_whole(roles: dict[str, Any]) -> None:
    (recorded,) = [one for one in record_stack("prod").of("iam/rolePolicy:RolePolicy") if one.name == "publish"]
    assert [one["Sid"] for one in roles["publish"]["policy"]["Statement"]] == [
        one["Sid"] for one in recorded.document("policy")["Statement"]
    ]


def test_another_run_of_the_same_checkout_records_the_same(roles: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "release.recording"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.strip().splitlines()[-1])["permissions"] == roles


def test_a_program_that_does_not_run_is_told_with_its_error(tmp_path) -> None:
    (tmp_path / "functions").mkdir()
    with pytest.raises(ProgramError, match=r"does not run under prod's settings(.|\n)*No module named"):
        of_checkout(tmp_path)


def test_another_schema_of_settings_is_a_difference() -> None:
    one = Content(code_digest="1" * 64, workflows={}, settings_schema="2" * 64, permissions={})
    other = one.model_copy(update={"settings_schema": "3" * 64})
    assert list(differences(one, other)) == ["which settings there are"]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_the_settings_of_a_stack_are_read_as_pulumi_would(stack: str) -> None:
    from embedded.engine.project import load_project

    expected = {key: value for key, value in load_project(ROOT, stack, {}).config.items() if "pulumi:" not in key}
    assert {key: json.loads(value) if value.startswith("[") else value for key, value in expected.items()} == {
        key: json.loads(value) if value.startswith("[") else value for key, value in configuration(ROOT, stack).items()
    }
    assert settings(ROOT, stack).environment == stack


def test_a_stack_without_a_file_is_named() -> None:
    with pytest.raises(StackFileError, match=r"no Pulumi\.production\.yaml"):
        settings(ROOT, "production")
