"""One cloud for all tests of a process: each test makes its own names in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cloud import RunningCloud, start_cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    running = start_cloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.process.terminate()
    running.process.wait(20)
