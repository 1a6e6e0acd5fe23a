"""Names: what they carry, how long they get, and what no name may hold."""

import itertools

import pytest
import yaml

from embedded.provider.kinds import KINDS
from embedded.provider.types import load
from infra.naming import LIMITS, LONGEST_LOGICAL, NamingError, longest_stack, physical_name
from tests.support.recorder import ROOT, STACKS, record_stack


def test_a_name_carries_project_stack_and_what_it_is_of() -> None:
    name = physical_name("shop", "dev", "eu-central-1", "films", kind="dashboard")
    assert name.startswith("shop-dev-films-")
    assert name == physical_name("shop", "dev", "eu-central-1", "films", kind="dashboard")


def test_names_differ_by_project_stack_region_name_and_what_replaces_the_thing() -> None:
    given = itertools.product(("a", "b"), ("dev", "prod"), ("eu-west-1", "us-east-1"), ("x", "y"), ("", "EXPRESS"))
    names = [
        physical_name(project, stack, region, name, kind="dashboard", of=of)
        for project, stack, region, name, of in given
    ]
    assert len(set(names)) == len(names) == 32


@pytest.mark.parametrize("kind", LIMITS)
def test_a_name_that_is_too_long_is_cut_and_still_another_than_its_like(kind) -> None:
    one, other = (physical_name("shop", "dev", "eu-west-1", "n" * 500 + end, kind=kind) for end in "ab")
    assert len(one) == len(other) == LIMITS[kind]
    assert one != other
    assert physical_name("shop", "dev", "eu-west-1", "films", kind=kind).startswith("shop-dev-films-")


def test_parts_that_would_run_together_do_not_give_one_name() -> None:
    one = physical_name("shop", "dev-a", "eu-west-1", "films", kind="key alias")
    assert one != physical_name("shop", "dev", "eu-west-1", "a-films", kind="key alias")


@pytest.mark.parametrize("part", ["größe", "映画", "a b", "a.b", "a/b", ""])
def test_what_is_not_ascii_letters_and_digits_is_refused_and_quoted(part: str) -> None:
    with pytest.raises(NamingError, match=r"cannot be part of the name of a key alias: use ASCII letters") as refused:
        physical_name("shop", "dev", "eu-west-1", part, kind="key alias")
    assert repr(part) in str(refused.value)


@pytest.mark.parametrize("stack", STACKS)
def test_every_logical_name_leaves_room_for_the_longest_stack(stack: str) -> None:
    load()
    for one in record_stack(stack).resources:
        naming = KINDS[one.type].naming if one.type in KINDS else None
        if naming is None or naming.property in one.inputs or f"{naming.property}Prefix" in one.inputs:
            continue
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]
        pattern = f"{project}-{'s' * longest_stack(project)}-{one.name}-0123456"
        assert len(pattern) <= naming.longest, one.urn
        if naming.longest <= 64:
            assert len(one.name) <= LONGEST_LOGICAL, one.urn
