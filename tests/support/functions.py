"""The functions that the stack deploys: what each runs, in which image and with which variables."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from images.store import TARGETS, Target
from tests.support.recorder import record_stack


@dataclass(frozen=True)
class Deployed:
    name: str
    command: str
    target: Target
    environment: Mapping[str, str]


@functools.cache
def deployed() -> tuple[Deployed, ...]:
    """By name, as in the dev stack."""
    return tuple(
        Deployed(
            one.name,
            one.inputs["imageConfig"]["commands"][0],
            _target(one.inputs["imageUri"]),
            cast("Mapping[str, str]", one.inputs["environment"]["variables"]),
        )
        for one in sorted(record_stack("dev").of("lambda/function:Function"), key=lambda one: one.name)
    )


def _target(uri: str) -> Target:
    """The repository is named after the target."""
    name = uri.partition("@")[0].rpartition("/")[2]
    return next(target for target in TARGETS if name.endswith(target))
