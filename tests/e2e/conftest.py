"""One embedded AWS for all end-to-end tests: `make demo`'s own path."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.product import Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The dev stack, deployed."""
    deployed = Product(tmp_path_factory.mktemp("embedded"))
    up = deployed.run("embedded", "up", "--stack", "dev", "--port", "0")
    try:
        assert up.code == 0, up.out + up.err
        yield deployed
    finally:
        deployed.run("embedded", "down")


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
