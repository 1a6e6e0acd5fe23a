"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines differ and are shared: a slow example is not a wrong one.
settings.register_profile("default-here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default-here")

_TESTS = Path(__file__).parent
_GROUPED = ("e2e", "workflow", "images", "browser")
"""Folders whose tests share something that is slow to make: one process runs them all. The longest comes first, so that
the other processes have work beside it to the end."""


def _group(item: pytest.Item) -> str | None:
    folder = item.path.relative_to(_TESTS).parts[0]
    if folder in _GROUPED:
        return folder
    return "cloud" if "cloud" in getattr(item, "fixturenames", ()) else None


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long value by how it begins and its length. pytest keeps the running test's name in the environment
    (PYTEST_CURRENT_TEST), and no program can be started with a variable of 128 KiB (MAX_ARG_STRLEN, execve(2))."""
    if isinstance(val, str | bytes) and len(val) > 80:
        return f"{val[:24]!a}-{len(val)}"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = (*_GROUPED, "cloud", None)
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: order.index(groups[item]))
