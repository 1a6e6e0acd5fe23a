"""Long answers in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedded.cloud.protocols import RefusedError

_PAGE = 100


def page_of(values: Sequence[Any], params: dict[str, Any]) -> tuple[Sequence[Any], str | None]:
    """A page of `maxResults` from `nextToken`, and the token of the next. Errors: RefusedError."""
    try:
        start = int(params.get("nextToken", "0"))
    except ValueError as error:
        raise RefusedError("InvalidToken", "Invalid Token: the nextToken is none of ours") from error
    size: int = params.get("maxResults") or _PAGE
    end = start + size
    return values[start:end], str(end) if end < len(values) else None
