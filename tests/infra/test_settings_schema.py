"""Pulumi.yaml says of every setting what the model says, and the stack files differ in nothing but what must."""

from typing import Any, get_args

import pytest
import yaml

from infra.advice import EXAMPLES
from infra.settings import Settings, fields
from tests.support.recorder import ROOT, STACKS

_OF_PULUMI = ("pulumi:autonaming", "pulumi:disable-default-providers")
_TYPES = {"str": "string", "int": "integer", "bool": "boolean"}


def _entry(key: str) -> dict[str, Any]:
    """What Pulumi.yaml must say of a setting. Pulumi's schema has no fractions and no absence: both are text."""
    field = fields()[key]
    annotation: Any = field.annotation
    entry: dict[str, Any] = {"type": _TYPES.get(getattr(annotation, "__name__", ""), "string")}
    if getattr(annotation, "__origin__", None) is tuple:
        entry = {"type": "array", "items": {"type": "string"}}
    elif key == "logRetentionDays":
        assert all(isinstance(value, int) for value in get_args(annotation))
        entry = {"type": "integer"}
    if not field.is_required():
        default: Any = field.default
        entry["default"] = "" if default is None else list(default) if isinstance(default, tuple) else default
    return entry | {"description": " ".join((field.description or "").split())}


def _declared() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]


def test_pulumi_yaml_declares_exactly_the_settings() -> None:
    assert {key for key in _declared() if key not in _OF_PULUMI} == set(fields()) - {"region"}


@pytest.mark.parametrize("key", sorted(set(fields()) - {"region"}))
def test_pulumi_yaml_says_what_the_model_says(key: str) -> None:
    wanted = yaml.safe_dump({key: _entry(key)}, width=1000, allow_unicode=True, sort_keys=False)
    assert _declared()[key] == _entry(key), f"write in Pulumi.yaml, below config:\n{wanted}"


@pytest.mark.parametrize("key", sorted(fields()))
def test_every_setting_is_described(key: str) -> None:
    described = fields()[key].description
    assert described, f"{key} has no docstring that says what it costs or endangers"
    assert len(described) >= 40, f"{key}: {described!r} says too little"
    assert described.rstrip().endswith(".")


@pytest.mark.parametrize("key", sorted(fields()))
def test_every_setting_has_a_default_or_an_example_that_it_would_take(key: str) -> None:
    field = fields()[key]
    assert key in EXAMPLES or not (field.is_required() or field.default in (None, ()))
    given = {name: EXAMPLES[name] for name, other in fields().items() if other.is_required()}
    together = {"domain": ("domain", "certificateArn"), "certificateArn": ("domain", "certificateArn")}
    Settings.model_validate(given | {name: EXAMPLES[name] for name in together.get(key, (key,)) if name in EXAMPLES})


def _stack(name: str) -> dict[str, Any]:
    return {
        key.partition(":")[2]: value
        for key, value in yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"].items()
    }


_OF_THE_ENVIRONMENT = {"environment", "costCentre", "domain", "shopOrigins", "alarmEmails"}
"""Whose it is: another value in each."""

_OF_ITS_SIZE = {
    "priceClass",
    "logRetentionDays",
    "noncurrentDays",
    "framesDays",
    "accessLogDays",
    "originalsArchiveDays",
    "originalsDeepArchiveDays",
    "intakeConcurrency",
    "reservedConcurrency",
    "monthlyBudgetUsd",
    "tableMaxReadUnits",
    "tableMaxWriteUnits",
}
"""How much is kept and for how long: may be less where nobody depends on it."""

_OF_DEV = {"certificateArn", "deletionProtection", "firewall", "maxDropShare", "segmentSeconds"}
"""Where dev is another: it has no domain, is taken down every day and tries small things."""


def test_staging_and_prod_set_the_same_settings_and_differ_in_whose_they_are_and_in_size() -> None:
    staging, prod = _stack("staging"), _stack("prod")
    assert set(staging) == set(prod)
    differing = {key for key in staging if staging[key] != prod[key]}
    assert differing >= _OF_THE_ENVIRONMENT
    assert differing <= _OF_THE_ENVIRONMENT | _OF_ITS_SIZE


def test_dev_differs_from_staging_only_where_it_is_another_thing() -> None:
    dev, staging = _stack("dev"), _stack("staging")
    differing = {key for key in {*dev, *staging} if dev.get(key) != staging.get(key)}
    assert differing <= _OF_THE_ENVIRONMENT | _OF_ITS_SIZE | _OF_DEV


def test_no_stack_writes_down_a_default() -> None:
    for stack in STACKS:
        for key, value in _stack(stack).items():
            field = fields()[key]
            assert field.is_required() or value != field.default or key in _OF_ITS_SIZE, f"{stack}: {key}"
