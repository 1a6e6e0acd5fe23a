"""One embedded AWS for all end-to-end tests: `make demo`'s own path.

Under `make record-permissions` it keeps what was judged, and for which test.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded.authorisation.recording import VARIABLE, step_file
from tests.support.chromium import browser
from tests.support.product import Outcome, Product

__all__ = ["browser"]
_RECORDING = os.environ.get(VARIABLE)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the fixtures: what they do is done for the first test that asks for it."""
    if _RECORDING:
        step_file(Path(_RECORDING)).write_text(item.nodeid)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The dev stack, deployed."""
    deployed = Product(tmp_path_factory.mktemp("embedded"))
    up = deployed.run("embedded", "up", "--stack", "dev", "--port", "0")
    try:
        assert up.code == 0, up.out + up.err
        yield deployed
        if _RECORDING:
            made = deployed.run("embedded", "resources", "--stack", "dev", "--json")
            Path(f"{_RECORDING}.stack").write_text(made.out)
    finally:
        deployed.run("embedded", "down", "--force")


@pytest.fixture(scope="session")
def demo_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default demo set."""
    folder = tmp_path_factory.mktemp("demo")
    made = Product(folder).run("demo", "make", "--seed", "1", "--out", str(folder))
    assert made.code == 0, made.out + made.err
    return folder


@pytest.fixture(scope="session")
def catalogue(product: Product, demo_set: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The demo set's feed, imported: the import's status record."""
    report = tmp_path_factory.mktemp("import") / "import.json"
    done = product.shop(
        "import", str(demo_set / "feed.tsv"), "--images", str(demo_set / "images"), "--json", str(report)
    )
    assert done.code == 0, done.out + done.err
    return json.loads(report.read_text())


@dataclass(frozen=True)
class Published:
    """What `shop analyse` made of the demo film."""

    path: Path
    outcome: Outcome

    @property
    def timeline(self) -> dict[str, Any]:
        return json.loads(self.path.read_text())


@pytest.fixture(scope="session")
def published(
    product: Product, demo_set: Path, catalogue: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """The demo film, analysed and published."""
    assert catalogue["state"] == "live"
    document = tmp_path_factory.mktemp("published") / "published.json"
    done = product.shop("analyse", str(demo_set / "video.mp4"), "--json", str(document))
    assert done.code == 0, done.out + done.err
    return Published(document, done)
