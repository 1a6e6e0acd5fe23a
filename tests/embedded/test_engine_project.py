"""Project and stack files, names, URNs."""

from pathlib import Path
from typing import Any

import pytest

from embedded.engine import urns
from embedded.engine.autonaming import propose
from embedded.engine.project import ProjectError, load_project
from tests.support.programs import write_program

_SCHEMA: dict[str, Any] = {
    "config": {
        "count": {"type": "integer"},
        "flag": {"type": "boolean", "default": False},
        "sites": {"type": "array", "items": {"type": "string"}, "default": []},
        "pulumi:autonaming": {"value": {"pattern": "${project}-${stack}-${name}-${hex(7)}"}},
    }
}


def _load(directory: Path, settings: dict[str, Any], overrides: dict[str, str] | None = None) -> dict[str, str]:
    write_program(directory, "", project=_SCHEMA, stacks={"dev": settings})
    return dict(load_project(directory, "dev", overrides).config)


def test_should_take_defaults_from_the_schema_and_write_objects_as_json(tmp_path: Path) -> None:
    assert _load(tmp_path, {"example:count": 3}) == {
        "example:count": "3",
        "example:flag": "false",
        "example:sites": "[]",
        "pulumi:autonaming": '{"pattern":"${project}-${stack}-${name}-${hex(7)}"}',
    }


def test_should_let_an_override_win_over_the_stack(tmp_path: Path) -> None:
    assert _load(tmp_path, {"example:count": 3}, {"example:count": "5"})["example:count"] == "5"


def test_should_refuse_a_stack_that_lacks_a_required_setting(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"Pulumi\.dev\.yaml is missing configuration value 'example:count'"):
        _load(tmp_path, {})


@pytest.mark.parametrize("count", [True, 1.5, [1]])
def test_should_refuse_a_setting_of_another_type(tmp_path: Path, count: object) -> None:
    with pytest.raises(ProjectError, match="example:count must be of type integer"):
        _load(tmp_path, {"example:count": count})


def test_should_refuse_an_encrypted_setting(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="example:count is encrypted"):
        _load(tmp_path, {"example:count": {"secure": "v1:abc"}})


def test_should_put_the_parents_types_into_the_urn_but_not_the_stacks() -> None:
    stack = urns.make("dev", "example", "", urns.STACK_TYPE, "example-dev")
    part = urns.make("dev", "example", stack, "example:parts:Outer", "outer")
    queue = urns.make("dev", "example", part, "aws:sqs/queue:Queue", "queue")
    assert stack == "urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev"
    assert queue == "urn:pulumi:dev::example::example:parts:Outer$aws:sqs/queue:Queue::queue"
    assert urns.parse(queue).type == "aws:sqs/queue:Queue"


def test_should_follow_a_renamed_parent_into_a_childs_name() -> None:
    old = "urn:pulumi:dev::example::example:parts:Outer::app"
    new = "urn:pulumi:dev::example::example:parts:Outer::newapp"
    alias = urns.inherited_alias(new, old, "aws:sqs/queue:Queue", "newapp-queue")
    assert alias == "urn:pulumi:dev::example::example:parts:Outer$aws:sqs/queue:Queue::app-queue"


def test_should_propose_the_same_name_for_the_same_urn_only() -> None:
    config = {"pulumi:autonaming": '{"pattern":"${project}-${stack}-${name}-${hex(7)}"}'}
    one, other = "urn:pulumi:dev::example::aws:sqs/queue:Queue::a", "urn:pulumi:dev::example::aws:s3/bucket:Bucket::a"
    name = propose(config, one)
    assert name.startswith("example-dev-a-")
    assert len(name.rpartition("-")[2]) == 7
    assert propose(config, one) == name
    assert propose(config, other) != name


def test_should_refuse_an_autonaming_expression_that_it_does_not_know() -> None:
    with pytest.raises(ProjectError, match=r"\$\{uuid\} is not understood"):
        propose({"pulumi:autonaming": '{"pattern":"${name}-${uuid}"}'}, "urn:pulumi:dev::example::a:b:C::d")
