"""The front door: who calls which service, may they, and which handler answers.

Order: credential scope (header or presigned query) → caller → authoriser → a service of ours → moto.
"""

from __future__ import annotations

from collections.abc import Callable

from embedded.cloud.messages import Request, Response

Handler = Callable[[Request], Response]
"""Answers one request of a service. It may call `fallback(request)` for what it does not serve itself."""

SERVICES: dict[str, Handler] = {}


def service(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of a service by its SigV4 signing name, e.g. `@service("mediaconvert")`."""

    def register(handler: Handler) -> Handler:
        SERVICES[name] = handler
        return handler

    return register


def fallback(request: Request) -> Response:
    """Let moto answer `request`."""
    raise NotImplementedError
