"""What every part of the running cloud may ask about it.

A part (`embedded.cloud.<part>`) offers `install(cloud: Cloud) -> None`, which the server calls once while it starts,
after the endpoint is known and before the first request is answered. A part that owns threads or processes registers
their end with `cloud.on_stop`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Cloud:
    """The running cloud. `root` is the checkout that functions run from; `state` holds files that outlive a request."""

    endpoint_url: str
    region: str
    account_id: str
    root: Path
    state: Path
    workers: int = 4
    _stops: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Have `stop` called at shutdown; the last registered goes first."""
        self._stops.append(stop)

    def stop(self) -> None:
        """End every part. One that fails to end does not keep the others alive."""
        while self._stops:
            stop = self._stops.pop()
            try:
                stop()
            except Exception:
                logger.exception("a part of the cloud did not stop cleanly")
