"""Reading loosely shaped documents (policies, configurations) without guessing what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under `name`; empty if it is missing, null or something else."""
    found: Any = document.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def several(document: Mapping[str, Any], name: str) -> list[Any]:
    """The values under `name`: a list as it is, a single value as a list of one, nothing as an empty list."""
    found: Any = document.get(name)
    if found is None:
        return []
    return cast("list[Any]", found) if isinstance(found, list) else [found]
