"""The Lambda Runtime API of one worker: hands it invocations and takes their results.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESPONSE_BYTES_MAX = 6_291_556  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_PREFIX = "/2018-06-01/runtime/"


@dataclass(slots=True, eq=False)
class Invocation:
    """One invocation on its way through a worker. `done` is set once `payload` and `error` are final."""

    request_id: str
    payload: bytes
    function_arn: str
    timeout_seconds: float
    result: bytes = b""
    error: str | None = None
    begun_at: float | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, result: bytes, error: str | None) -> None:
        """Keep the first result there is."""
        if not self.done.is_set():
            self.result, self.error = result, error
            self.done.set()


class RuntimeApi:
    """Listens on a port of its own; `address` goes into AWS_LAMBDA_RUNTIME_API."""

    def __init__(self) -> None:
        self._next: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._running: Invocation | None = None
        self.ready = threading.Event()
        self.init_error: bytes | None = None
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                api._serve_next(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                api._take(self, self.path, body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing: the function's own log is what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.5,), name="runtime-api", daemon=True).start()

    def give(self, invocation: Invocation) -> None:
        """Hand an invocation to the worker."""
        self._next.put(invocation)

    def close(self) -> None:
        """Let go of the worker and the port."""
        self._next.put(None)
        threading.Thread(target=self._close, daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve_next(self, http: BaseHTTPRequestHandler) -> None:
        self.ready.set()
        invocation = self._next.get()
        if invocation is None:
            http.close_connection = True
            return
        self._running = invocation
        invocation.begun_at = time.time()
        deadline = int((invocation.begun_at + invocation.timeout_seconds) * 1000)
        http.send_response(200)
        http.send_header("Content-Type", "application/json")
        http.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        http.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        http.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        trace = f"Root=1-{int(invocation.begun_at):08x}-{invocation.request_id.replace('-', '')[:24]};Sampled=0"
        http.send_header("Lambda-Runtime-Trace-Id", trace)
        http.send_header("Content-Length", str(len(invocation.payload)))
        http.end_headers()
        http.wfile.write(invocation.payload)
        http.wfile.flush()

    def _take(self, http: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        running = self._running
        finish: tuple[bytes, str | None] | None = None
        if path == f"{_PREFIX}init/error":
            self.init_error = body
            self.ready.set()
        elif running is None or f"/{running.request_id}/" not in path:
            _reply(http, 400, {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
            return
        elif path.endswith("/error"):
            finish = body, "Unhandled"
        elif len(body) > RESPONSE_BYTES_MAX:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
            problem = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
            _reply(http, 413, problem)
            running.finish(json.dumps(problem).encode(), "Unhandled")
            return
        else:
            finish = body, None
        _reply(http, 202, {"status": "OK"})
        if finish and running:
            running.finish(*finish)


def _reply(http: BaseHTTPRequestHandler, status: int, value: dict[str, str]) -> None:
    body = json.dumps(value).encode()
    http.send_response(status)
    http.send_header("Content-Type", "application/json")
    http.send_header("Content-Length", str(len(body)))
    http.end_headers()
    http.wfile.write(body)
    http.wfile.flush()
