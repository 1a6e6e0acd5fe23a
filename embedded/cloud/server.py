"""The HTTP server: one thread per connection, HTTP/1.1 keep-alive, bodies of any length by way of a spooled file.

Small on purpose: requests come from SDKs on this machine only, by their thousands, so that parsing must be cheap and a
body of hundreds of megabytes must not be copied about.
"""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from typing import BinaryIO, cast

from embedded.cloud.messages import Request, Response

logger = logging.getLogger(__name__)

HEALTH_PATH = "/_embedded/health"
_SPOOL_BYTES = 8 * 1024 * 1024
_COPY_BYTES = 1024 * 1024
_HEADERS_MAX = 200
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequestError(Exception):
    """The bytes on the connection are no HTTP request."""


class Connection(socketserver.StreamRequestHandler):
    """One client's connection."""

    rbufsize = 256 * 1024
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer requests until the client leaves."""
        try:
            while self._one():
                pass
        except (ConnectionError, TimeoutError):
            return
        except BadRequestError as error:
            self._send(Response(400, [("connection", "close")], str(error).encode()), "GET")

    def _one(self) -> bool:
        line = self.rfile.readline(65_537)
        if not line.strip():
            return False
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError:
            raise BadRequestError("malformed request line") from None
        headers = self._headers()
        path, _, query = target.partition("?")
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            body = cast("BinaryIO", spool)
            length = self._body(headers, body)
            request = Request(method, path, query, headers, body, length, source_ip=str(self.client_address[0]))
            response = _health() if path == HEALTH_PATH else cast("Server", self.server).app(request)
        self._send(response, method)
        return version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_HEADERS_MAX):
            line = self.rfile.readline(65_537)
            if line in (b"\r\n", b"\n", b""):
                return headers
            name, found, value = line.decode("latin-1").partition(":")
            if not found:
                raise BadRequestError("malformed header")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        raise BadRequestError("too many headers")

    def _body(self, headers: dict[str, str], into: BinaryIO) -> int:
        total = 0
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                total += self._copy(size, into)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        elif length := int(headers.get("content-length", "0") or "0"):
            total = self._copy(length, into)
        into.seek(0)
        return total

    def _copy(self, size: int, into: BinaryIO) -> int:
        left = size
        while left:
            piece = self.rfile.read(min(left, _COPY_BYTES))
            if not piece:
                raise ConnectionError("the client left in the middle of a body")
            into.write(piece)
            left -= len(piece)
        return size

    def _send(self, response: Response, method: str) -> None:
        names = {name.lower() for name, _ in response.headers}
        lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}\r\n"]
        whole = response.body if isinstance(response.body, bytes) else None
        for name, value in response.headers:
            low = name.lower()
            if low == "transfer-encoding" or (low == "content-length" and whole is not None and method != "HEAD"):
                continue
            lines.append(f"{name}: {value}\r\n")
        if whole is not None and (method != "HEAD" or "content-length" not in names):
            lines.append(f"content-length: {len(whole)}\r\n")
        if "server" not in names:
            lines.append("server: embedded\r\n")
        head = ("".join(lines) + "\r\n").encode("latin-1", "replace")
        if method == "HEAD" or response.status in (204, 304):
            self.wfile.write(head)
        elif whole is not None:
            self.wfile.write(head + whole if len(whole) < _COPY_BYTES else head)
            if len(whole) >= _COPY_BYTES:
                self.wfile.write(whole)
        else:
            self.wfile.write(head)
            for piece in response.body:
                self.wfile.write(cast("bytes", piece))


def _health() -> Response:
    return Response.of_json({"status": "ok", "pid": os.getpid()})


class Server(socketserver.ThreadingTCPServer):
    """Listens on loopback only."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, port: int, app: Callable[[Request], Response]) -> None:
        self.app = app
        super().__init__(("127.0.0.1", port), Connection)

    @property
    def port(self) -> int:
        """The port really listened on (`0` was "any free one")."""
        return int(self.socket.getsockname()[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A connection's failure is logged, never fatal."""
        logger.exception("connection from %s failed", client_address)  # noqa: LOG004 - called while one is handled

    def server_bind(self) -> None:
        """Bind, and let a restart have the port back at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().server_bind()
