"""What the names of tests may be."""

import pytest


def test_name_of_every_test_fits_into_an_environment_variable(request: pytest.FixtureRequest) -> None:
    """The limit of one is 128 KiB (execve(2)); a name of more than a line is of no use to a reader either."""
    long = [item.nodeid[:120] for item in request.session.items if len(item.nodeid) > 1000]
    assert long == []
