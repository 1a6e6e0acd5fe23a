"""The environments and the recording, once per session."""

from collections.abc import Sequence

import pytest

from permissions import calls
from permissions.calls import Call
from permissions.policies import Environment, load


@pytest.fixture(scope="session")
def dev() -> Environment:
    return load("dev")


@pytest.fixture(scope="session")
def prod() -> Environment:
    return load("prod")


@pytest.fixture(scope="session")
def recorded() -> Sequence[Call]:
    return calls.read()
