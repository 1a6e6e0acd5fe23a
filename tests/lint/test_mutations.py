"""Seeded mistakes: how they are made and examined. `make mutations` examines all of them."""

import dataclasses

import pytest

from lint.mutations import overlay
from lint.mutations.seeds import MUTATIONS, Edit, Mutation
from lint.mutations.suite import examine
from tests.support.recorder import ROOT

_LEAST = 25


def test_there_are_mistakes_of_every_kind_and_no_two_have_a_name() -> None:
    assert len(MUTATIONS) >= _LEAST
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    assert len({mutation.edits for mutation in MUTATIONS}) == len(MUTATIONS)


def test_a_route_to_what_is_no_integration_is_caught_and_the_program_without_it_is_not() -> None:
    """One whole round; all of them take minutes, and are `make mutations`."""
    (route,) = [mutation for mutation in MUTATIONS if mutation.name == "API: route to what is no integration"]
    unmutated, mistaken = examine([route], first=True)
    assert unmutated.caught == {}
    assert set(mistaken.caught) == {"engine"}


def test_every_seeded_mistake_applies_to_the_program_as_it_is() -> None:
    overlay.check(ROOT, MUTATIONS)


def test_a_mistake_whose_text_is_no_longer_there_is_an_error() -> None:
    stale = dataclasses.replace(MUTATIONS[0], edits=(Edit(file="__main__.py", old="no such text", new=""),))
    with pytest.raises(overlay.SeedError, match="does not contain 'no such text'"):
        list(examine([stale], first=True))


def test_a_mistake_that_changes_no_resource_is_an_error() -> None:
    harmless = Mutation(
        name="a comment", edits=(Edit(file="__main__.py", old="import pulumi\n", new="import pulumi  #\n"),)
    )
    with pytest.raises(overlay.SeedError, match="the same resources"):
        list(examine([harmless], first=True))


def test_a_copy_has_what_the_program_needs_and_not_what_it_does_not(tmp_path) -> None:
    names = overlay.files(ROOT)
    overlay.copy(ROOT, tmp_path, names, "# added\n")
    assert (tmp_path / "infra" / "workflows" / "video-analysis.asl.json").is_file()
    assert (tmp_path / "__main__.py").read_text() == (ROOT / "__main__.py").read_text() + "# added\n"
    assert not (tmp_path / ".venv").exists()
