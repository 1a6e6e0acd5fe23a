"""What the program would make under a stack's settings: it runs once, against stand-ins for AWS."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from release.content import run_program
from release.preflight.finding import Target


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource. `name` is None where its name gets a random end, which no one else can have."""

    type: str
    logical: str
    name: str | None
    region: str
    memory_mb: int


def planned(target: Target, *types: str) -> list[Planned]:
    """Resources whose type ends with one of the given (`s3/bucket:Bucket`). Raises ProgramError."""
    return [one for one in _all(target.root, target.stack) if one.type.endswith(tuple(f":{of}" for of in types))]


def regions(target: Target, *types: str) -> Iterator[tuple[str, set[str]]]:
    """Region → names of its own that resources of these types have there."""
    found = planned(target, *types)
    for region in sorted({one.region for one in found}):
        yield region, {one.name for one in found if one.region == region and one.name}


@functools.cache
def _all(root: Path, stack: str) -> tuple[Planned, ...]:
    return tuple(Planned(**one) for one in run_program(root, stack)["resources"])
