"""Versions and aliases of state machines: what runs is what was published, until the alias is moved."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from embedded.cloud.protocols import RefusedError
from embedded.cloud.stepfunctions import status_change, versions
from tests.embedded.stepfunctions_support import FUNCTION, INVOKE, ROLE, Service, function, one


def says(text: str) -> str:
    return json.dumps(one({"Type": "Pass", "Result": text}))


@pytest.fixture
def service() -> Service:
    return Service(function(lambda event: event))


def published(service: Service, *texts: str, name: str = "machine") -> list[str]:
    """ARNs of versions that say these texts, in a row."""
    first, *rest = texts
    made = service.api.create_state_machine(
        {"name": name, "definition": says(first), "roleArn": ROLE, "publish": True, "versionDescription": first}
    )
    arn = made["stateMachineArn"]
    change = {"stateMachineArn": arn, "publish": True}
    return [
        made["stateMachineVersionArn"],
        *(
            service.api.update_state_machine({**change, "definition": says(text)})["stateMachineVersionArn"]
            for text in rest
        ),
    ]


def pointed(service: Service, *versions: str, name: str = "live") -> str:
    routes = [{"stateMachineVersionArn": arn, "weight": 100 // len(versions)} for arn in versions]
    return service.api.create_state_machine_alias({"name": name, "routingConfiguration": routes})[
        "stateMachineAliasArn"
    ]


def move(service: Service, alias: str, version: str) -> None:
    service.api.update_state_machine_alias(
        {"stateMachineAliasArn": alias, "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}]}
    )


def said(service: Service, arn: str, name: str | None = None) -> str:
    started = service.api.start_execution({"stateMachineArn": arn, **({"name": name} if name else {})})
    return json.loads(service.finish(started["executionArn"]).output or "null")


def refused(code: str) -> Any:
    return pytest.raises(RefusedError, check=lambda error: error.code == code)


def test_a_version_runs_as_it_was_published_and_the_machine_as_it_is(service: Service) -> None:
    first, second = published(service, "one", "two")
    machine = first.removesuffix(":1")
    service.api.update_state_machine({"stateMachineArn": machine, "definition": says("not published")})
    assert (first, second) == (f"{machine}:1", f"{machine}:2")
    assert [said(service, arn) for arn in (first, second, machine)] == ["one", "two", "not published"]


def test_the_alias_starts_the_version_that_it_was_moved_back_to(service: Service) -> None:
    first, second = published(service, "one", "two")
    alias = pointed(service, second)
    before = said(service, alias)
    move(service, alias, first)
    assert (before, said(service, alias)) == ("two", "one")


def test_an_execution_tells_the_version_and_the_alias_that_it_was_started_by(service: Service) -> None:
    (version,) = published(service, "one")
    machine, alias = version.removesuffix(":1"), pointed(service, version)
    expected = {machine: (None, None), version: (version, None), alias: (version, alias)}
    for arn, (by_version, by_alias) in expected.items():
        started = service.api.start_execution({"stateMachineArn": arn})["executionArn"]
        execution = service.finish(started)
        assert started.startswith("arn:aws:states:eu-west-1:123456789012:execution:machine:")
        shown = service.api.describe_execution({"executionArn": started})
        (listed,) = [
            one
            for one in service.api.list_executions({"stateMachineArn": arn})["executions"]
            if one["executionArn"] == started
        ]
        detail = status_change(execution)["detail"]
        for found in (shown, listed, detail):
            keys = ("stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn")
            assert tuple(found[key] for key in keys) == (machine, by_version, by_alias)
    of = {arn: len(service.api.list_executions({"stateMachineArn": arn})["executions"]) for arn in expected}
    assert of == {machine: 3, version: 2, alias: 1}


def test_a_name_is_one_execution_of_the_machine_whatever_starts_it(service: Service) -> None:
    (version,) = published(service, "one")
    alias = pointed(service, version)
    said(service, alias, name="same")
    with refused("ExecutionAlreadyExists"):
        said(service, version, name="same")


def test_a_redriven_execution_keeps_the_version_that_it_was_started_with() -> None:
    broken = True

    def work(_event: Any) -> str:
        if broken:
            raise RuntimeError("not yet")
        return "done"

    service = Service(function(work))
    parameters = {"FunctionName": f"{FUNCTION}:1"}
    old = one({"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "OutputPath": "$.Payload"})
    made = service.api.create_state_machine(
        {"name": "machine", "definition": json.dumps(old), "roleArn": ROLE, "publish": True}
    )
    alias = pointed(service, made["stateMachineVersionArn"])
    failed = service.api.start_execution({"stateMachineArn": alias})["executionArn"]
    assert service.finish(failed).status == "FAILED"
    new = service.api.update_state_machine(
        {"stateMachineArn": made["stateMachineArn"], "definition": says("new"), "publish": True}
    )
    move(service, alias, new["stateMachineVersionArn"])
    service.api.delete_state_machine_version({"stateMachineVersionArn": made["stateMachineVersionArn"]})
    broken = False
    service.api.redrive_execution({"executionArn": failed})
    assert json.loads(service.finish(failed).output or "") == "done"
    assert {call[3]["FunctionName"] for call in service.calls.made} == {f"{FUNCTION}:1"}


def test_two_versions_share_the_executions_of_an_alias(service: Service) -> None:
    alias = pointed(service, *published(service, "one", "two"))
    told = Counter(said(service, alias) for _ in range(60))
    assert set(told) == {"one", "two"}


def test_what_has_not_changed_is_published_once(service: Service) -> None:
    (version,) = published(service, "one")
    machine = version.removesuffix(":1")
    again = service.api.publish_state_machine_version({"stateMachineArn": machine})
    same = service.api.update_state_machine({"stateMachineArn": machine, "definition": says("one"), "publish": True})
    assert again["stateMachineVersionArn"] == same["stateMachineVersionArn"] == version
    assert len(service.api.list_state_machine_versions({"stateMachineArn": machine})["stateMachineVersions"]) == 1


def test_a_version_is_published_of_the_revision_that_was_meant(service: Service) -> None:
    (version,) = published(service, "one")
    machine = version.removesuffix(":1")
    revision = service.api.update_state_machine({"stateMachineArn": machine, "definition": says("two")})["revisionId"]
    service.api.update_state_machine({"stateMachineArn": machine, "definition": says("three")})
    with refused("ConflictException"):
        service.api.publish_state_machine_version({"stateMachineArn": machine, "revisionId": revision})


def test_a_number_is_never_given_twice(service: Service) -> None:
    _, second = published(service, "one", "two")
    service.api.delete_state_machine_version({"stateMachineVersionArn": second})
    machine = second.removesuffix(":2")
    third = service.api.update_state_machine({"stateMachineArn": machine, "definition": says("3"), "publish": True})
    assert third["stateMachineVersionArn"] == f"{machine}:3"
    with refused("StateMachineDoesNotExist"):
        said(service, second)


def test_a_version_that_an_alias_points_at_is_not_deleted(service: Service) -> None:
    first, second = published(service, "one", "two")
    alias = pointed(service, first)
    with refused("ConflictException"):
        service.api.delete_state_machine_version({"stateMachineVersionArn": first})
    move(service, alias, second)
    service.api.delete_state_machine_version({"stateMachineVersionArn": first})
    listed = service.api.list_state_machine_versions({"stateMachineArn": first.removesuffix(":1")})
    assert [one["stateMachineVersionArn"] for one in listed["stateMachineVersions"]] == [second]


def test_no_more_versions_than_the_service_keeps(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "VERSIONS_MAX", 2)
    with refused("ServiceQuotaExceededException"):
        published(service, "one", "two", "three")


def test_a_deleted_machine_takes_versions_and_aliases_along(service: Service) -> None:
    (version,) = published(service, "one")
    alias = pointed(service, version)
    service.api.delete_state_machine({"stateMachineArn": version.removesuffix(":1")})
    for arn in (version, alias):
        with refused("StateMachineDoesNotExist"):
            said(service, arn)
    with refused("ResourceNotFound"):
        service.api.describe_state_machine_alias({"stateMachineAliasArn": alias})


def test_a_version_and_an_alias_are_described(service: Service) -> None:
    first, _ = published(service, "one", "two")
    alias = pointed(service, first)
    shown = service.api.describe_state_machine({"stateMachineArn": first})
    assert (shown["stateMachineArn"], shown["definition"], shown["description"]) == (first, says("one"), "one")
    found = service.api.describe_state_machine_alias({"stateMachineAliasArn": alias})
    assert found["routingConfiguration"] == [{"stateMachineVersionArn": first, "weight": 100}]
    listed = service.api.list_state_machine_aliases({"stateMachineArn": first})["stateMachineAliases"]
    assert [one["stateMachineAliasArn"] for one in listed] == [alias]


@pytest.mark.parametrize(
    ("weights", "name"),
    [((60, 30), "live"), ((100, 0, 0), "live"), ((50,), "live"), ((100,), "1"), ((100,), "not ascii: ü")],
)
def test_an_alias_that_sends_executions_nowhere_is_refused(
    service: Service, weights: tuple[int, ...], name: str
) -> None:
    arns = published(service, "one", "two", "three")
    routes = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in zip(arns, weights, strict=False)]
    with refused("ValidationException"):
        service.api.create_state_machine_alias({"name": name, "routingConfiguration": routes})


def test_an_alias_stays_with_its_machine_and_with_versions(service: Service) -> None:
    (mine,), (other,) = published(service, "one"), published(service, "one", name="other")
    alias = pointed(service, mine)
    for arn in (other, alias, mine.removesuffix(":1")):
        with refused("ValidationException"):
            move(service, alias, arn)
    with refused("ConflictException"):
        service.api.create_state_machine_alias(
            {
                "name": "live",
                "description": "x",
                "routingConfiguration": [{"stateMachineVersionArn": mine, "weight": 100}],
            }
        )
    assert pointed(service, mine) == alias


def test_a_machine_is_changed_by_its_own_arn_only(service: Service) -> None:
    (version,) = published(service, "one")
    with refused("ValidationException"):
        service.api.update_state_machine({"stateMachineArn": version, "definition": says("two")})
    with refused("ValidationException"):
        service.api.update_state_machine(
            {"stateMachineArn": version.removesuffix(":1"), "definition": says("2"), "versionDescription": "why"}
        )
    with refused("ValidationException"):
        said(service, f"{version.removesuffix(':1')}/label")


@pytest.mark.parametrize("kind", ["CUSTOMER_MANAGED_KMS_KEY", "AWS_OWNED_KEY"])
def test_events_tell_no_data_that_is_under_a_key_of_the_customers(service: Service, kind: str) -> None:
    made = service.api.create_state_machine(
        {"name": "machine", "definition": says("x"), "roleArn": ROLE, "encryptionConfiguration": {"type": kind}}
    )
    started = service.api.start_execution({"stateMachineArn": made["stateMachineArn"], "input": "[1]"})["executionArn"]
    detail = status_change(service.finish(started))["detail"]
    told = kind == "AWS_OWNED_KEY"
    assert (detail["input"], detail["output"]) == (("[1]", '"x"') if told else (None, None))
    assert detail["inputDetails"] == {"included": told}
    assert service.api.describe_execution({"executionArn": started})["input"] == "[1]"
