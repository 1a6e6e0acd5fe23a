"""The HTTP request and response that travel through the router, independent of any server or framework."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request. `arn` is a user's, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`."""

    arn: str
    account_id: str
    access_key_id: str
    role_arn: str | None = None


@dataclass(slots=True)
class Request:
    """One signed request. `path` and `query` are as they arrived, percent-encoded; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: BinaryIO = field(default_factory=io.BytesIO)
    content_length: int = 0
    service: str = ""
    region: str = ""
    caller: Caller | None = None
    source_ip: str = "127.0.0.1"
    request_id: str = ""

    def read(self) -> bytes:
        """The whole body."""
        self.body.seek(0)
        return self.body.read()

    def json(self) -> Any:  # noqa: ANN401 - whatever the client sent
        """The body as JSON; an empty body is an empty object."""
        return json.loads(self.read() or b"{}")

    def params(self) -> dict[str, list[str]]:
        """The query string, decoded."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def segments(self) -> list[str]:
        """The path's segments, percent-decoded one by one."""
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def target(self) -> str:
        """Operation of a JSON-protocol service, from `X-Amz-Target`, or an empty string."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


@dataclass(slots=True)
class Response:
    """What goes back. A body that is not `bytes` is streamed; its length must then be in `content-length`."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytes | Iterable[bytes] = b""

    @classmethod
    def of_json(cls, value: object, status: int = 200, content_type: str = "application/json") -> Response:
        """A JSON answer."""
        return cls(status, [("content-type", content_type)], json.dumps(value, default=str).encode())

    @classmethod
    def of_error(cls, code: str, message: str, status: int = 400) -> Response:
        """An error as the JSON protocols report it (`x-amzn-errortype` and `__type`)."""
        body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
        return cls(status, [("content-type", "application/json"), ("x-amzn-errortype", code)], body)
