"""Services of which every region has one of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from embedded.cloud.messages import Request, Response

Handler = Callable[[Request], Response]


class Regional:
    """Answers each request by the service of its region, which `make` makes when the first one comes."""

    def __init__(self, make: Callable[[str], Handler]) -> None:
        self._make = make
        self._regions: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            if request.region not in self._regions:
                self._regions[request.region] = self._make(request.region)
            handler = self._regions[request.region]
        return handler(request)
