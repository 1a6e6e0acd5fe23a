"""What the embedded engine has deployed violates no rule of the pack: outputs as well as inputs."""

from collections.abc import Generator

import pytest

from embedded.state import Home
from policy.exemptions import EXEMPTIONS
from policy.model import Resource, ResourceRule
from policy.rules import RULES
from tests.policy.host import Given, running_pack
from tests.support.product import ROOT, Product
from tests.support.recorder import STACKS

_PLAYER = "shoppable-video:playerDirectory"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Home]:
    """All environments and what they share, side by side in one account."""
    product, player = Product(tmp_path_factory.mktemp("home")), tmp_path_factory.mktemp("player")
    (player / "index.html").write_text("<!doctype html>")
    try:
        for stack in STACKS:
            _up(product, "--stack", stack, "--config", f"{_PLAYER}={player}")
        _up(product, "--stack", "shared", "--project", str(ROOT / "bootstrap"))
        yield Home(product.home)
    finally:
        product.run("embedded", "down", "--force")


def _up(product: Product, *arguments: str) -> None:
    outcome = product.run("embedded", "up", *arguments)
    assert outcome.code == 0, outcome.err


def test_nothing_that_is_deployed_violates_a_rule(home: Home) -> None:
    with running_pack() as pack:
        pack.enforce()
        found = [one for stack in (*STACKS, "shared") for one in pack.violations(_given(home, stack))]
    assert found == []


def test_every_exemption_excuses_something(home: Home) -> None:
    shared = home.resources("shared")
    idle = [
        (exemption.resources, rule)
        for exemption in EXEMPTIONS
        for rule in exemption.rules
        if not any(
            list(one.check(Resource(urn=urn, type=resource.type, name=resource.name, props=resource.inputs)))
            for one in RULES
            if isinstance(one, ResourceRule) and one.name == rule
            for urn, resource in shared.items()
            if exemption.covers(rule, urn)
        )
    ]
    assert idle == []


def _given(home: Home, stack: str) -> list[Given]:
    resources = home.resources(stack).values()
    assert resources
    return [
        Given(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            parent=resource.parent,
            protect=resource.protect,
            inputs=resource.inputs,
            outputs=resource.outputs,
            dependencies=resource.dependencies,
            property_dependencies=resource.property_dependencies,
        )
        for resource in resources
    ]
