"""Every grant is needed, none is wider than it must be, and what is changed is noticed and named."""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from permissions import matrix
from permissions.calls import Call
from permissions.documented import documented
from permissions.judge import Judge
from permissions.policies import Body, Environment, Holder
from permissions.report import Report, judge


@pytest.fixture(scope="module")
def report(dev: Environment, prod: Environment, recorded: Sequence[Call]) -> Report:
    return judge(dev, prod, recorded)


def with_statements(environment: Environment, label: str, statements: Sequence[Body]) -> Environment:
    """A copy in which one policy is another."""
    holder = dataclasses.replace(environment.holders[label], statements=tuple(statements))
    return dataclasses.replace(environment, holders={**environment.holders, label: holder})


def without_action(holder: Holder, index: int, action: str) -> list[Body]:
    body = holder.statements[index]
    left = [one for one in body["Action"] if one != action]
    changed = [{**body, "Action": left}] if left else []
    return [*holder.statements[:index], *changed, *holder.statements[index + 1 :]]


def widened(holder: Holder, index: int, change: Mapping[str, Any]) -> list[Body]:
    return [*holder.statements[:index], {**holder.statements[index], **change}, *holder.statements[index + 1 :]]


def test_every_grant_is_needed_and_none_is_wider_than_it_must_be(report: Report) -> None:
    assert not report.wrong, "\n".join(report.wrong)
    assert not report.outcome.survivors
    assert report.exercised + report.explained == len(report.outcome.grants)
    assert report.lines(1)[-1].startswith(f"permissions: {report.roles} roles, ")


@pytest.mark.parametrize("seed", range(6))
def test_an_action_that_is_taken_from_a_role_is_named_with_the_call_and_the_test(
    dev: Environment, prod: Environment, recorded: Sequence[Call], report: Report, seed: int
) -> None:
    exercised = [
        grant
        for grant in report.outcome.grants
        if grant.holder.startswith("role:") and any(not call.documented for call in grant.calls)
    ]
    grant = random.Random(seed).choice(exercised)
    holder = dev.holders[grant.holder]
    changed = with_statements(dev, grant.holder, without_action(holder, grant.index, grant.action))
    said = [line for line in judge(changed, prod, recorded).wrong if line.startswith("no longer allowed: ")]
    call = next(call for call in grant.calls if not call.documented)
    assert any(call.text() in line and call.by in line for line in said), (grant, said)


def _widened_key_statement(dev: Environment, change: Mapping[str, Any]) -> Environment:
    """The stack in which what `publish` may do with a key is changed."""
    holder = dev.holders["role:publish"]
    index = next(at for at, body in enumerate(holder.statements) if "kms:GenerateDataKey" in body["Action"])
    return with_statements(dev, holder.label, widened(holder, index, change))


def test_a_statement_on_every_resource_in_the_program_is_noticed(
    dev: Environment, prod: Environment, recorded: Sequence[Call]
) -> None:
    wrong = judge(_widened_key_statement(dev, {"Resource": ["*"]}), prod, recorded).wrong
    assert any(line.startswith("wider than it must be: ") and "${role:publish}" in line for line in wrong)


def test_a_statement_without_its_conditions_in_the_program_is_noticed(dev: Environment) -> None:
    assert matrix.unreviewed(dev) == []
    said = matrix.unreviewed(_widened_key_statement(dev, {"Condition": {}}))
    assert any(line.startswith("not in permissions/matrix.txt: role:publish") for line in said), said
    assert any(line.startswith("no longer granted: role:publish") for line in said), said


def test_a_grant_that_nothing_needs_is_noticed(dev: Environment, prod: Environment, recorded: Sequence[Call]) -> None:
    holder = dev.holders["role:publish"]
    table = next(body["Resource"] for body in holder.statements if "dynamodb:GetItem" in body["Action"])
    extra = {"Sid": "Extra", "Effect": "Allow", "Action": ["dynamodb:BatchGetItem"], "Resource": table}
    wrong = judge(with_statements(dev, holder.label, [*holder.statements, extra]), prod, recorded).wrong
    assert any(line.startswith("granted and never used: role:publish, Extra: dynamodb:BatchGetItem") for line in wrong)


def test_a_documented_call_that_no_policy_grants_is_stale(
    dev: Environment, prod: Environment, recorded: Sequence[Call]
) -> None:
    holder = dev.holders["role:publish"]
    left = [body for body in holder.statements if body.get("Sid") != "Trace"]
    wrong = judge(with_statements(dev, holder.label, left), prod, recorded).wrong
    assert any(line.startswith("documented and not granted: ${role:publish}: xray:") for line in wrong)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_was_recorded_in_one_environment_is_allowed_in_each(
    stack: str, recorded: Sequence[Call], request: pytest.FixtureRequest
) -> None:
    environment: Environment = request.getfixturevalue(stack)
    asking = Judge(environment)
    made = [*recorded, *documented(environment)]
    assert not [call.text() for call in made if not asking.allows(asking.ask(call))]


def test_a_role_of_dev_matches_nothing_of_prod(dev: Environment, prod: Environment, recorded: Sequence[Call]) -> None:
    theirs = Judge(prod)
    asked = [theirs.ask(call) for call in recorded if call.caller.startswith("${role:")]
    assert asked
    reached = [
        f"{role.label}: {one.check.action} on {one.check.resource}"
        for role in dev.roles
        for one in asked
        for statement in role.policy.statements
        if one.check.resource != "*"
        and "-prod-" in one.check.resource
        and any(pattern != "*" for pattern in statement.resources)
        and statement.applies(one.check.action, one.check.resource, one.check.context)
    ]
    assert not reached


def test_no_pattern_of_a_dev_role_matches_the_name_of_anything_in_prod(dev: Environment, prod: Environment) -> None:
    from embedded.authorisation.wildcards import matches_resource

    names = prod.names
    arns = {
        resource
        for holder in prod.holders.values()
        for body in holder.statements
        for resource in body.get("Resource", [])
        if resource != "*" and any(name in resource for name in names.physical.values())
    }
    assert arns
    patterns = {
        resource for role in dev.roles for body in role.statements for resource in body["Resource"] if resource != "*"
    }
    assert not [(pattern, arn) for pattern in patterns for arn in arns if matches_resource(pattern, arn)]


def test_the_matrix_under_version_control_is_what_the_program_writes(dev: Environment) -> None:
    assert matrix.MATRIX.read_text() == matrix.text(dev), "make permissions-matrix, and review the difference"


def test_the_page_is_what_the_matrix_and_the_recording_say(dev: Environment, report: Report) -> None:
    assert matrix.PAGE.read_text() == matrix.page(report.outcome.grants), "make permissions-matrix"
