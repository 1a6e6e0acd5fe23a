"""Every role: one service that may take it on, one inline policy, nothing on everything without a written reason."""

import json
import re
from collections import Counter
from itertools import product

import pytest

from infra.access import UNSCOPED
from tests.infra.policies import allows, listed, of_role, role_statements, statements
from tests.support.recorder import ACCOUNT, Recording

_INLINE_LIMIT = 10_240
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def test_every_role_has_exactly_one_inline_policy_and_none_managed(recording: Recording) -> None:
    roles = recording.of("iam/role:Role")
    policies = Counter(policy.inputs["role"] for policy in recording.of("iam/rolePolicy:RolePolicy"))
    assert policies == {f"Role-{role.name}": 1 for role in roles}
    assert not recording.of("iam/rolePolicyAttachment:RolePolicyAttachment", "iam/policy:Policy")
    assert all("managedPolicyArns" not in role.inputs for role in roles)


def test_every_role_is_taken_on_by_one_service(recording: Recording) -> None:
    for role in recording.of("iam/role:Role"):
        (statement,) = statements(role, "assumeRolePolicy")
        assert statement["Action"] == "sts:AssumeRole"
        assert list(statement["Principal"]) == ["Service"]
        if statement["Principal"]["Service"] != "lambda.amazonaws.com":
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
            assert "aws:SourceArn" in statement["Condition"]["ArnLike"]


def test_nothing_is_allowed_on_everything_but_what_is_listed_with_a_reason(recording: Recording) -> None:
    for role, statement in role_statements(recording):
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= set(UNSCOPED), f"{role}: {statement['Sid']}"


def test_every_listed_exception_is_used(recording: Recording) -> None:
    used = {
        action
        for _, statement in role_statements(recording)
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }
    assert used == set(UNSCOPED)


def test_no_action_is_a_pattern(recording: Recording) -> None:
    for role, statement in role_statements(recording):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", action), f"{role}: {action}"


_MACHINES = ("catalogue-import", "video-analysis")


def test_keys_are_used_through_a_service_and_for_one_thing_only(recording: Recording) -> None:
    for role, statement in role_statements(recording):
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            condition = statement["Condition"]["StringEquals"]
            if (role, statement["Sid"]) in product(_MACHINES, ("KeepData", "DeliverData")):
                assert "kms:ViaService" not in condition, role
            else:
                via = condition["kms:ViaService"]
                assert re.fullmatch(r"(s3|dynamodb|sqs|states)\.eu-central-1\.amazonaws\.com", via), role
            assert [key for key in condition if key.startswith("kms:EncryptionContext:")], f"{role} {statement['Sid']}"


def test_every_policy_fits_and_has_unique_statement_ids(recording: Recording) -> None:
    for policy in recording.of("iam/rolePolicy:RolePolicy"):
        text = json.dumps(policy.document("policy"), separators=(",", ":"))
        assert len(text) < _INLINE_LIMIT, policy.name
        sids = [statement["Sid"] for statement in statements(policy)]
        assert len(sids) == len(set(sids)), policy.name


def test_pass_role_is_for_media_convert_only(recording: Recording) -> None:
    passing = [(role, one) for role, one in role_statements(recording) if "iam:PassRole" in listed(one["Action"])]
    ((role, statement),) = passing
    assert role == "video-analysis"
    assert statement["Resource"] == [recording.one("iam/role:Role", "transcode").arn]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}


@pytest.mark.parametrize("role", _MACHINES)
def test_a_state_machine_keeps_and_logs_its_own_data_under_the_data_key(dev: Recording, role: str) -> None:
    """Step Functions uses the key as the role itself: a condition on `kms:ViaService` would stop every execution.

    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    machine = dev.one("sfn/stateMachine:StateMachine", role).inputs
    key = dev.one("kms/key:Key", "data").arn
    own = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:{machine['name']}"
    by_sid = {statement["Sid"]: statement for statement in of_role(dev, role)}
    keep, deliver = by_sid["KeepData"], by_sid["DeliverData"]
    assert (keep["Action"], keep["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], [key])
    assert keep["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": own}}
    logs = {"StringEquals": {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:*"}}
    assert (deliver["Action"], deliver["Resource"]) == (["kms:GenerateDataKey"], [key])
    assert deliver["Condition"] == logs
    # What the role encrypted for log delivery, log delivery can read, and nothing else.
    (reading,) = [one for one in statements(dev.one("kms/key:Key", "data")) if one["Sid"] == "LogDelivery"]
    assert reading["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert (reading["Action"], reading["Condition"]) == (["kms:Decrypt"], logs)


def test_who_starts_executions_needs_no_key_and_who_reads_them_does(dev: Recording) -> None:
    machines = {dev.one("sfn/stateMachine:StateMachine", name).arn for name in _MACHINES}
    context = "kms:EncryptionContext:aws:states:stateMachineArn"
    readers = {
        (role, tuple(statement["Action"]), statement["Condition"]["StringEquals"][context])
        for role, statement in role_statements(dev)
        if role not in _MACHINES and context in statement.get("Condition", {}).get("StringEquals", {})
    }
    assert readers == {("record-failure", ("kms:Decrypt",), machine) for machine in machines}


@pytest.mark.parametrize("role", _MACHINES)
def test_a_state_machine_follows_runs_of_its_own_maps_only(dev: Recording, role: str) -> None:
    machine = dev.one("sfn/stateMachine:StateMachine", role).inputs["name"]
    here = f"arn:aws:states:eu-central-1:{ACCOUNT}"
    assert allows(dev, role, "states:StartExecution") == [f"{here}:stateMachine:{machine}"]
    assert allows(dev, role, "states:DescribeExecution") == [f"{here}:execution:{machine}:*"]
    assert allows(dev, role, "states:StopExecution") == [f"{here}:execution:{machine}:*"]
    assert allows(dev, role, "states:RedriveExecution") == [f"{here}:execution:{machine}/*:*"]


def test_media_convert_reads_films_and_writes_renditions_only(dev: Recording) -> None:
    films, delivery = (dev.one("s3/bucket:Bucket", name).arn for name in ("video", "delivery"))
    assert allows(dev, "transcode", "s3:GetObject") == [f"{films}/videos/*"]
    assert allows(dev, "transcode", "s3:PutObject") == [f"{delivery}/media/*"]
    keys = {
        listed(statement["Resource"])[0]: set(statement["Action"])
        for statement in of_role(dev, "transcode")
        if "kms:Decrypt" in statement["Action"]
    }
    assert keys == {
        dev.one("kms/key:Key", "data").arn: {"kms:Decrypt"},
        dev.one("kms/key:Key", "delivery").arn: {"kms:Decrypt", "kms:GenerateDataKey"},
    }


def test_no_function_may_write_what_another_part_owns(dev: Recording) -> None:
    films = dev.one("s3/bucket:Bucket", "video").arn
    writers = [
        role
        for role, statement in role_statements(dev)
        if "s3:PutObject" in listed(statement["Action"]) and any(films in one for one in listed(statement["Resource"]))
    ]
    assert writers == []
