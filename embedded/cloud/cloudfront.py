"""CloudFront's policies for caching, headers of answers and requests to origins, which moto lacks. The rest is moto's.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from embedded.cloud.messages import Request, Response
from embedded.cloud.router import error_response, fallback, service

_NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_NOUNS = {
    "cache-policy": "CachePolicy",
    "origin-request-policy": "OriginRequestPolicy",
    "response-headers-policy": "ResponseHeadersPolicy",
}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>\s*")

_lock = threading.Lock()
_policies: dict[tuple[str, str], Policy] = {}


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its configuration as the XML it was given in."""

    id: str
    noun: str
    config: str
    changed: datetime
    managed: bool = False
    """AWS's own: in every account, and nobody's to change."""

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return ET.fromstring(self.config).findtext(f"{{{_NAMESPACE}}}Name", "")  # noqa: S314  (our own clients')

    @property
    def etag(self) -> str:
        """Changes with the configuration."""
        return f"E{hashlib.sha256(self.config.encode()).hexdigest()[:13].upper()}"

    @property
    def xml(self) -> str:
        """The policy as an element."""
        changed = self.changed.strftime("%Y-%m-%dT%H:%M:%SZ")
        inner = f"<Id>{self.id}</Id><LastModifiedTime>{changed}</LastModifiedTime>{self.config}"
        return f'<{self.noun} xmlns="{_NAMESPACE}">{inner}</{self.noun}>'


def _managed(identity: str, name: str, headers: tuple[str, ...]) -> Policy:
    items = "".join(f"<Name>{header}</Name>" for header in headers)
    listed = f"<Headers><Quantity>{len(headers)}</Quantity><Items>{items}</Items></Headers>"
    config = (
        f'<OriginRequestPolicyConfig xmlns="{_NAMESPACE}"><Name>{name}</Name>'
        f"<HeadersConfig><HeaderBehavior>whitelist</HeaderBehavior>{listed}</HeadersConfig>"
        "<CookiesConfig><CookieBehavior>none</CookieBehavior></CookiesConfig>"
        "<QueryStringsConfig><QueryStringBehavior>none</QueryStringBehavior></QueryStringsConfig>"
        "</OriginRequestPolicyConfig>"
    )
    return Policy(identity, "OriginRequestPolicy", config, datetime(2019, 5, 28, tzinfo=UTC), managed=True)


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
_CORS_S3 = _managed(
    "88a5eaf4-2fd4-4709-b370-b0c650ea3fcf",
    "Managed-CORS-S3Origin",
    ("origin", "access-control-request-headers", "access-control-request-method"),
)
_policies["origin-request-policy", _CORS_S3.id] = _CORS_S3


def policy(kind: str, identity: str) -> ET.Element | None:
    """The configuration of a policy, by kind (`cache-policy`, `response-headers-policy`) and id."""
    with _lock:
        found = _policies.get((kind, identity))
    return ET.fromstring(found.config) if found else None  # noqa: S314


@service("cloudfront")
def serve(request: Request) -> Response:
    """Answer one request."""
    kind, *rest = request.segments[1:] or [""]
    noun = _NOUNS.get(kind)
    if noun is None:
        return fallback(request)
    with _lock:
        if not rest:
            return _list(kind, noun) if request.method == "GET" else _create(request, kind, noun)
        found = _policies.get((kind, rest[0]))
        if found is None:
            return error_response(request, f"NoSuch{noun}", "The specified policy does not exist.", 404)
        if request.method == "GET":
            return _answer(200, found.config if rest[-1] == "config" else found.xml, found)
        if found.managed:
            code = "IllegalDelete" if request.method == "DELETE" else "IllegalUpdate"
            return error_response(request, code, "You cannot change a managed policy.", 400)
        if request.headers.get("if-match") != found.etag:
            message = "The If-Match version is missing or not valid for the resource."
            return error_response(request, "InvalidIfMatchVersion", message, 400)
        if request.method == "DELETE":
            del _policies[kind, found.id]
            return Response(204)
        return _put(200, kind, Policy(found.id, noun, _config(request), datetime.now(UTC)))


def _config(request: Request) -> str:
    return _DECLARATION.sub("", request.read().decode())


def _create(request: Request, kind: str, noun: str) -> Response:
    made = Policy(str(uuid.uuid4()), noun, _config(request), datetime.now(UTC))
    if any(other.name == made.name for (of_kind, _), other in _policies.items() if of_kind == kind):
        message = f"A policy with the name {escape(made.name)} already exists."
        return error_response(request, f"{noun}AlreadyExists", message, 409)
    return _put(201, kind, made)


def _put(status: int, kind: str, made: Policy) -> Response:
    _policies[kind, made.id] = made
    return _answer(status, made.xml, made)


def _list(kind: str, noun: str) -> Response:
    found = [made for (of_kind, _), made in _policies.items() if of_kind == kind]
    items = "".join(
        f"<{noun}Summary><Type>{'managed' if made.managed else 'custom'}</Type>{made.xml}</{noun}Summary>"
        for made in found
    )
    counts = f"<MaxItems>100</MaxItems><Quantity>{len(found)}</Quantity>"
    return _answer(200, f'<{noun}List xmlns="{_NAMESPACE}">{counts}<Items>{items}</Items></{noun}List>', None)


def _answer(status: int, xml: str, made: Policy | None) -> Response:
    headers = [("content-type", "text/xml")]
    if made:
        headers.append(("etag", made.etag))
    return Response(status, headers, f'<?xml version="1.0"?>\n{xml}'.encode())
