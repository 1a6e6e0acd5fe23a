from typing import Any

import pytest

from tests.support.account import Context


@pytest.fixture
def context() -> Any:
    return Context()
