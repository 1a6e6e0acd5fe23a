"""Other people's linters over the three stacks: nothing that is not explained, and no explanation of nothing."""

import dataclasses

import pytest

from lint import asl, cfn, checkov, policies
from lint.findings import Exemption, ExemptionError, Finding, exemptions, judge
from lint.linters import findings
from tests.support.captured import Captured, Stack, captured
from tests.support.recorder import STACKS


def _without(stack: Stack, type_: str, name: str) -> Stack:
    left = tuple(one for one in stack.resources if not (one.type.endswith(type_) and one.name == name))
    assert len(left) == len(stack.resources) - 1
    return dataclasses.replace(stack, resources=left)


def _with(stack: Stack, type_: str, name: str, **inputs: object) -> Stack:
    def changed(one: Captured) -> Captured:
        meant = one.type.endswith(type_) and one.name == name
        return dataclasses.replace(one, inputs={**one.inputs, **inputs}) if meant else one

    return dataclasses.replace(stack, resources=tuple(changed(one) for one in stack.resources))


def _rules(found: object, resource: str) -> set[str]:
    assert hasattr(found, "__iter__")
    return {one.rule for one in found if one.resource == resource}


@pytest.mark.parametrize("stack", STACKS)
def test_the_provider_refuses_nothing_of_a_stack(stack: str) -> None:
    assert captured(stack).refused == {}


def test_the_linters_find_nothing_that_is_not_explained_and_every_exception_explains_something() -> None:
    verdict = judge(findings(captured(stack) for stack in STACKS), exemptions())
    assert verdict.unexplained == ()
    assert verdict.idle == ()


def test_checkov_follows_references_from_a_bucket_to_its_versioning() -> None:
    prod = captured("prod")
    bucket = "s3/bucket:Bucket::video"
    assert "CKV_AWS_21" not in _rules(checkov.findings(prod), bucket)
    assert "CKV_AWS_21" in _rules(checkov.findings(_without(prod, ":BucketVersioning", "video")), bucket)


def test_cfn_lint_knows_which_values_a_property_takes() -> None:
    prod = captured("prod")
    function = _with(prod, "lambda/function:Function", "publish", tracingConfig={"mode": "Enabled"}, memorySize=50)
    found = [one.message for one in cfn.findings(function) if one.resource == "lambda/function:Function::publish"]
    assert any(one.startswith("TracingConfig.Mode") for one in found)
    assert any(one.startswith("MemorySize") for one in found)


def test_cfn_lint_refuses_a_property_that_cloudformation_does_not_have() -> None:
    changed = _with(captured("prod"), "sqs/queue:Queue", "video-intake", visibiltyTimeoutSeconds=30)
    with pytest.raises(ValueError, match=r"video-intake\.visibiltyTimeoutSeconds: no such property"):
        list(cfn.findings(changed))


def test_parliament_reads_trust_and_key_policies_too() -> None:
    prod = captured("prod")
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoles"}]}'
    assert "UNKNOWN_ACTION" in _rules(
        policies.findings(_with(prod, "iam/role:Role", "publish", assumeRolePolicy=trust)), "iam/role:Role::publish"
    )
    key = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decript", "Resource": "*"}]}'
    found = policies.findings(_with(prod, "kms/key:Key", "logs", policy=key))
    assert "UNKNOWN_ACTION" in _rules(found, "kms/key:Key::logs")


def test_an_action_that_is_newer_than_parliament_is_looked_up_in_botocore() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["%s"], "Resource": ["*"]}]}'
    prod, role = captured("prod"), "iam/rolePolicy:RolePolicy::publish"
    new = policies.findings(_with(prod, "iam/rolePolicy:RolePolicy", "publish", policy=text % "s3vectors:QueryVectors"))
    assert "UNKNOWN_ACTION" not in _rules(new, role)
    typo = policies.findings(_with(prod, "iam/rolePolicy:RolePolicy", "publish", policy=text % "s3:GetObjekt"))
    assert "UNKNOWN_ACTION" in _rules(typo, role)


def test_the_asl_validator_finds_a_state_that_leads_nowhere() -> None:
    prod = captured("prod")
    (machine,) = [one for one in prod.of("sfn/stateMachine:StateMachine") if one.name == "video-analysis"]
    definition = machine.inputs["definition"].replace('"Next": "PlanSegments"', '"Next": "PlanSegment"')
    found = asl.findings(_with(prod, "sfn/stateMachine:StateMachine", "video-analysis", definition=definition))
    assert "MISSING_TRANSITION_TARGET" in _rules(found, "sfn/stateMachine:StateMachine::video-analysis")


def test_an_exception_explains_what_it_names_and_nothing_else(tmp_path) -> None:
    finding = Finding("checkov", "CKV_AWS_1", "dev", "s3/bucket:Bucket::video", "Ensure")
    exemption = Exemption(tool="checkov", rule="CKV_AWS_1", resource="s3/bucket:*", stack="dev", reason="so")
    assert exemption.explains(finding)
    assert not exemption.explains(dataclasses.replace(finding, stack="prod"))
    assert not exemption.explains(dataclasses.replace(finding, resource="s3/bucketPolicy:BucketPolicy::video"))
    assert judge([], [exemption]).idle == (exemption,)


@pytest.mark.parametrize("missing", ["tool", "rule", "resource", "reason"])
def test_an_exception_must_say_what_and_why(tmp_path, missing: str) -> None:
    file = tmp_path / "exceptions.toml"
    entry = {"tool": "checkov", "rule": "CKV_AWS_1", "resource": "*", "reason": "so"}
    for text in (
        "\n".join(f'{key} = "{value}"' for key, value in entry.items() if key != missing),
        "\n".join(f'{key} = "{"" if key == missing else value}"' for key, value in entry.items()),
    ):
        file.write_text(f"[[exception]]\n{text}\n")
        with pytest.raises(ExemptionError):
            exemptions(file)
