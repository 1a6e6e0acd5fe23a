"""The front door: who calls which service, may they, and which handler answers.

Order: credential scope (header or presigned query) → caller → authoriser → a service of ours → moto. What is not signed
is refused; only the health page, which the server answers itself, needs no signature.
"""

from __future__ import annotations

import contextvars
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from embedded.cloud import gateway
from embedded.cloud.identity import Identities, UnknownCallerError
from embedded.cloud.messages import Request, Response
from embedded.cloud.sigv4 import ScopeError, read_scope

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Response]
"""Answers one request of a service. It may call `fallback(request)` for what it does not serve itself."""

SERVICES: dict[str, Handler] = {}

current_request: contextvars.ContextVar[Request | None] = contextvars.ContextVar("current_request", default=None)
"""The request being answered, for what happens deep inside a service (an S3 event names who caused it)."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The request may go on."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The request may not; `message`, `code` and `status` are what the service would say."""

    message: str
    code: str = "AccessDenied"
    status: int = 403


Decision = Allow | Denied
Authoriser = Callable[[Request], Decision]


def service(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of a service by its SigV4 signing name, e.g. `@service("mediaconvert")`."""

    def register(handler: Handler) -> Handler:
        SERVICES[name] = handler
        return handler

    return register


def fallback(request: Request) -> Response:
    """Let moto answer `request`."""
    return gateway.answer(request)


class Router:
    """Answers every signed request. It has no state of its own but the callers it has seen."""

    def __init__(self, region: str, account_id: str, authoriser: Authoriser) -> None:
        self._region = region
        self._identities = Identities(account_id)
        self._authorise = authoriser

    def __call__(self, request: Request) -> Response:
        """The answer; what a handler did not foresee becomes a 500 as AWS words it, and is logged here."""
        request.request_id = str(uuid.uuid4())
        try:
            response = self._answer(request)
        except Exception:
            logger.exception("%s %s %s failed", request.service, request.method, request.target or request.path)
            response = error_response(request, "InternalFailure", "The embedded AWS failed; its log says how.", 500)
        names = {name.lower() for name, _ in response.headers}
        if not names & {"x-amzn-requestid", "x-amz-request-id"}:
            response.headers.append(("x-amzn-requestid", request.request_id))
        return response

    def _answer(self, request: Request) -> Response:
        try:
            scope = read_scope(request.headers.get("authorization", ""), request.query, self._region)
        except ScopeError as error:
            return error_response(request, error.code, error.message, error.status)
        request.service, request.region = scope.service.lower(), scope.region
        try:
            request.caller = self._identities.caller(scope.access_key_id)
        except UnknownCallerError as error:
            s3_wording = request.service == "s3" and error.code == "InvalidClientTokenId"
            return error_response(request, "InvalidAccessKeyId" if s3_wording else error.code, error.message, 403)
        decision = self._authorise(request)
        if isinstance(decision, Denied):
            return error_response(request, decision.code, decision.message, decision.status)
        token = current_request.set(request)
        try:
            return SERVICES.get(request.service, fallback)(request)
        finally:
            current_request.reset(token)


def error_response(request: Request, code: str, message: str, status: int) -> Response:
    """An error in the protocol that the request speaks: S3's XML, the query protocol's XML, or JSON."""
    content_type = request.headers.get("content-type", "")
    text = escape(message)
    if request.service == "s3" or (not request.service and not request.target and "json" not in content_type):
        body = f"<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{request.request_id}</RequestId></Error>"
    elif request.service == "cloudfront" or content_type.startswith("application/x-www-form-urlencoded"):
        inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{text}</Message>"
        body = f"<ErrorResponse><Error>{inner}</Error><RequestId>{request.request_id}</RequestId></ErrorResponse>"
    else:
        return Response.of_error(code, message, status)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Response(status, [("content-type", "application/xml")], (declaration + body).encode())
