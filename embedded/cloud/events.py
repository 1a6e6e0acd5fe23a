"""EventBridge: what is put on a bus reaches the targets of the rules that match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def put_event(event: Mapping[str, Any], bus: str = "default", *, region: str | None = None) -> str:
    """Publish one event inside the process and return its id; delivery is asynchronous.

    `event` has the shape that a rule sees: `source`, `detail-type` and `detail` (a mapping) are required, `resources` and
    `time` (ISO 8601) optional; `version`, `id`, `account` and `region` are filled in. `bus` is a name or an ARN.
    """
    raise NotImplementedError
