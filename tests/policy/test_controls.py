"""The control matrix holds together, and its page is up to date."""

from pathlib import Path

import pytest

from policy.controls import Control, ControlError, load
from policy.controls.page import page
from policy.rules import RULES

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "controls.md").read_text() == page(load(), RULES), "run `make controls`"


def test_every_rule_meets_a_control_and_no_control_names_another() -> None:
    named = {rule for control in load() for rule in control.rules}
    assert named == {rule.name for rule in RULES}


def test_no_control_is_there_twice() -> None:
    ids = [control.id for control in load()]
    assert len(ids) == len(set(ids))


def test_what_a_control_says_is_met_in_a_file_names_one_that_exists() -> None:
    named = {word.strip(".,;:") for control in load() for word in f"{control.met} {control.exception}".split()}
    paths = {word for word in named if "/" in word and "://" not in word and word.endswith((".py", "Dockerfile"))}
    assert paths
    assert {path for path in paths if not (ROOT / path).is_file()} == set()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({}, "neither met nor excepted"),
        ({"exception": "because"}, "needs a scope"),
        ({"met": "here", "audit": ("check",)}, "by no exception"),
    ],
)
def test_a_control_that_decides_nothing_is_refused(wrong: dict[str, object], problem: str) -> None:
    with pytest.raises(ControlError, match=problem):
        Control(service="S3", id="S3.99", demands="something", **wrong)  # pyright: ignore[reportArgumentType]


def test_an_exception_explains_only_its_checks_resources_and_environments() -> None:
    control = Control(
        service="S3",
        id="S3.99",
        demands="something",
        exception="because",
        scope="dev",
        audit=("check",),
        resources=("arn:aws:s3:::dev-*",),
        environments=("dev",),
    )
    assert control.explains("check", "arn:aws:s3:::dev-a", "dev")
    assert not control.explains("other", "arn:aws:s3:::dev-a", "dev")
    assert not control.explains("check", "arn:aws:s3:::prod-a", "dev")
    assert not control.explains("check", "arn:aws:s3:::dev-a", "prod")
