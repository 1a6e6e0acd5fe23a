import pytest

from tests.support.recorder import STACKS, Recording, record_stack


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def recording(stack: str) -> Recording:
    return record_stack(stack)


@pytest.fixture
def dev() -> Recording:
    return record_stack("dev")


@pytest.fixture
def prod() -> Recording:
    return record_stack("prod")
