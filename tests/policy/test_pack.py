"""The pack under Pulumi's own protocol: what it says of the environments, and that no rule is blind."""

from collections.abc import Generator
from dataclasses import replace

import pytest
from pulumi.runtime.proto import analyzer_pb2

from embedded.engine.values import UNKNOWN
from policy.model import StackRule
from policy.rules import RULES
from policy.rules.iam import UNSCOPED
from tests.policy.examples import MISTAKES
from tests.policy.host import Given, Host, known, running_pack
from tests.support.captured import captured
from tests.support.recorder import STACKS


@pytest.fixture(scope="module")
def pack() -> Generator[Host]:
    with running_pack() as host:
        yield host


def _given(stack: str) -> list[Given]:
    return [known(resource) for resource in captured(stack).resources]


def test_the_pack_serves_every_rule_as_mandatory(pack: Host) -> None:
    served = {policy.name: policy for policy in pack.info.policies}
    assert list(served) == [rule.name for rule in RULES]
    assert {policy.enforcementLevel for policy in served.values()} == {analyzer_pb2.MANDATORY}
    assert all(policy.description and policy.severity for policy in served.values())


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_violates_no_rule(pack: Host, stack: str) -> None:
    pack.enforce()
    assert pack.violations(_given(stack)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_sees_its_mistake(pack: Host, rule: StackRule) -> None:
    make = MISTAKES[rule.name]
    right = _given("prod")
    wrong = make(right)
    touched = [one for one in wrong if one not in right]
    pack.enforce(rule.name)
    found = (
        pack.violations(wrong)
        if isinstance(rule, StackRule)
        else [one for resource in touched for one in pack.analyze(resource).diagnostics]
    )
    assert found, f"{rule.name} does not see it"
    assert {getattr(one, "policy", None) or one.policyName for one in found} == {rule.name}


def test_no_mistake_is_left_without_its_rule() -> None:
    assert set(MISTAKES) == {rule.name for rule in RULES}


def test_a_preview_of_what_is_not_known_yet_reports_nothing(pack: Host) -> None:
    pack.enforce()
    unknown = [
        replace(one, inputs=dict.fromkeys(one.inputs, UNKNOWN), outputs=dict.fromkeys(one.outputs, UNKNOWN))
        for one in _given("prod")
        if one.type.startswith("aws:") and one.type != "aws:index/provider:Provider"
    ]
    assert pack.violations(unknown) == []


def test_a_mistake_is_seen_before_anything_is_made(pack: Host) -> None:
    """In a preview ARNs are not known, and still whether a bucket has what it needs."""
    pack.enforce("s3-public-access-block")
    resources = MISTAKES["s3-public-access-block"](_given("prod"))
    preview = [
        replace(one, outputs={key: UNKNOWN if key == "arn" else value for key, value in one.outputs.items()})
        for one in resources
    ]
    assert {one.policy for one in pack.violations(preview)} == {"s3-public-access-block"}


def test_every_action_that_may_have_any_resource_is_used() -> None:
    used = {
        action
        for stack in STACKS
        for resource in captured(stack).of("iam/rolePolicy:RolePolicy")
        for action in UNSCOPED
        if f'"{action}"' in resource.inputs["policy"]
    }
    assert used == set(UNSCOPED)
