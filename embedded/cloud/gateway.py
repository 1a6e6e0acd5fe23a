"""The way to moto: a request becomes the one moto's own services expect, without a web framework in between.

moto matches an AWS address to a handler; requests here all come to one address, so the AWS address is made up from the
credential scope. One request of a service at a time reaches moto (see `locks`).
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Generator
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from moto import backends
from moto.backend_index import backend_url_patterns
from moto.core.base_backend import BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.core.request import Request as MotoRequest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import HTTPException

from embedded.cloud.locks import UNLOCKED, lock_of
from embedded.cloud.messages import Request, Response

MotoHandler = Callable[[MotoRequest, str, Any], Any]

_ONE_ADDRESS = {
    "dynamodb": "dynamodb.{region}.amazonaws.com",
    "s3": "s3.{region}.amazonaws.com",
    "sqs": "sqs.{region}.amazonaws.com",
    "sts": "sts.{region}.amazonaws.com",
    "iam": "iam.amazonaws.com",
    "lambda": "lambda.{region}.amazonaws.com",
    "events": "events.{region}.amazonaws.com",
    "states": "states.{region}.amazonaws.com",
    "logs": "logs.{region}.amazonaws.com",
    "kms": "kms.{region}.amazonaws.com",
    "sns": "sns.{region}.amazonaws.com",
    "monitoring": "monitoring.{region}.amazonaws.com",
    "cloudfront": "cloudfront.amazonaws.com",
}


class _ServedRequest(MotoRequest):
    from_wsgi_server = True  # moto then leaves the Date header to the server


class _ServedObject(_ServedRequest):
    """A body that is an object's content, even where its content type says that it is a form."""

    @property
    def want_form_data_parsed(self) -> bool:
        return False


def answer(request: Request) -> Response:
    """Moto's answer to a request."""
    environ = _environ(request)
    host = _host(request, environ)
    service, handlers = _service_of(host)
    if service is None:
        return Response.of_error("UnknownService", f"The embedded AWS has no service {request.service!r}", 501)
    address = f"https://{host}{request.path}"
    handler = next((handler for pattern, handler in handlers if pattern.match(address)), None)
    if handler is None:
        operation = request.target or f"{request.method} {request.path}"
        return Response.of_error("UnknownOperationException", f"No {request.service} operation at {operation}", 404)
    uploads = request.service == "s3" and request.method == "PUT"
    moto_request = _ServedObject(environ) if uploads else _ServedRequest(environ)
    with _guarded(request.service):
        return _run(handler, moto_request)


def _run(handler: MotoHandler, moto_request: MotoRequest) -> Response:
    try:
        result: Any = handler(moto_request, moto_request.raw_url, moto_request.headers)
    except NotImplementedError as error:
        return Response.of_error("NotImplementedException", f"The embedded AWS does not do this: {error}", 501)
    except HTTPException as error:
        headers = [(str(name), str(value)) for name, value in error.get_headers(moto_request.environ)]
        return Response(error.code or 500, headers, str(error.get_body(moto_request.environ)).encode())
    answered: tuple[Any, Any, Any] = (200, {}, result) if isinstance(result, str | bytes) else result
    status, headers, body = answered
    content = body.encode() if isinstance(body, str) else body or b""
    return Response(int(status), [(str(name), str(value)) for name, value in dict(headers).items()], content)


@contextlib.contextmanager
def _guarded(service: str) -> Generator[None]:
    if service in UNLOCKED:
        yield
        return
    with lock_of(service):
        yield


def _environ(request: Request) -> dict[str, Any]:
    host = request.headers.get("host", "127.0.0.1")
    name, _, port = host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "SERVER_NAME": name,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.source_ip,
        "wsgi.url_scheme": "http",
        "wsgi.input": request.body,
        "CONTENT_LENGTH": str(request.content_length),
    }
    preserved: dict[str, str] = {}
    for header, value in request.headers.items():
        key = environ_key_for_header(header)
        if key in {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}:
            continue
        environ[key] = value
        if should_preserve_original_header_name(header):
            preserved[key] = header
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    if "HTTP_AUTHORIZATION" not in environ and request.caller:
        # A presigned request: moto reads region and account out of the header only.
        scope = f"{request.caller.access_key_id}/20260101/{request.region}/{request.service}/aws4_request"
        environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request.body.seek(0)
    return environ


_dispatcher = DomainDispatcherApplication(lambda _service: None)  # type: ignore[arg-type,return-value]


def _host(request: Request, environ: dict[str, Any]) -> str:
    address = _ONE_ADDRESS.get(request.service)
    if address and not request.headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        return address.format(region=request.region)
    return str(_dispatcher.infer_service_region_host(environ, request.path))


@functools.lru_cache(maxsize=512)
def _service_of(host: str) -> tuple[str | None, list[tuple[re.Pattern[str], MotoHandler]]]:
    names = backends.list_of_moto_modules()
    service = host if host in names else None
    if service is None:
        service = next((name for name, pattern in backend_url_patterns if pattern.match(f"https://{host}")), None)
    if service is None:
        return None, []
    get_backend: Any = backends.get_backend
    found: Any = get_backend(service)
    backend: Any
    if isinstance(found, BackendDict):
        regions: Any = cast("Any", found)[DEFAULT_ACCOUNT_ID]
        backend = regions["us-east-1"] if "us-east-1" in regions else regions["aws"]
    else:
        backend = found["global"]
    return service, [(re.compile(url), handler) for url, handler in backend.urls.items()]
