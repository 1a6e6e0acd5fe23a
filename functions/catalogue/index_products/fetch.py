"""Fetching a picture from a URL that a stranger wrote, without becoming the stranger's way into the network.

Only https on port 443. The host is resolved once, every address it has must be public, and the connection goes to that
very address, so that a second resolution cannot give another. Redirects are followed three times, each checked alike.
A deadline over the whole of it ends what trickles.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from urllib.parse import quote, urljoin, urlsplit

from functions.shoppable.pictures import MAX_BYTES, PictureRefused

MAX_REDIRECTS = 3
DEADLINE_SECONDS = 20.0
_STEP_SECONDS = 8.0
_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Addresses that carry another address inside: NAT64 would lead back into a private IPv4 network.
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Resolve = Callable[[str], list[str]]


def resolve(host: str) -> list[str]:
    """All addresses of a host. Raises OSError."""
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)})


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local (metadata), multicast …"""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if parsed.teredo is not None or parsed.is_site_local or any(parsed in network for network in _NAT64):
            return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


class Fetcher:
    """Fetches over https. What it resolves with, trusts and allows can be given, for tests have no internet."""

    def __init__(
        self,
        *,
        resolver: Resolve = resolve,
        allowed: Callable[[str], bool] = is_public,
        context: ssl.SSLContext | None = None,
        port: int = 443,
        deadline_seconds: float = DEADLINE_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._resolve = resolver
        self._allowed = allowed
        self._context = context or ssl.create_default_context()
        self._port = port
        self._deadline_seconds = deadline_seconds
        self._max_bytes = max_bytes

    def fetch(self, url: str) -> bytes:
        """The body behind an https URL. Raises PictureRefused, whatever goes wrong."""
        for _ in range(MAX_REDIRECTS + 1):
            body, location = self._get(url)
            if location is None:
                return body
            try:
                url = urljoin(url, location)
            except ValueError as error:
                raise PictureRefused("BadUrl", "The link redirects to what is not a URL.") from error
        raise PictureRefused("TooManyRedirects", f"More than {MAX_REDIRECTS} redirects.")

    def _get(self, url: str) -> tuple[bytes, str | None]:
        host, target = self._target(url)
        address = self._address(host)
        try:
            return self._exchange(host, address, target)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, PictureRefused):
                raise
            raise PictureRefused("Unreachable", f"{host} did not answer as it should: {error!r}"[:300]) from error

    def _target(self, url: str) -> tuple[str, str]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise PictureRefused("BadUrl", "The link is not a URL.") from error
        if parts.scheme != "https" or not host:
            raise PictureRefused("NotHttps", f"The link leads to {parts.scheme or 'nothing'}:, not to https.")
        if port not in {None, 443}:
            raise PictureRefused("BadUrl", f"The link names port {port}; only 443 is used.")
        if parts.username is not None or parts.password is not None:
            raise PictureRefused("BadUrl", "The link holds a user name or a password.")
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise PictureRefused("BadUrl", "The link's host is not a name.") from error
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        return host, f"{target}?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else target

    def _address(self, host: str) -> str:
        try:
            addresses = self._resolve(host)
        except OSError as error:
            raise PictureRefused("UnknownHost", f"{host} has no address.") from error
        if not addresses:
            raise PictureRefused("UnknownHost", f"{host} has no address.")
        # One private address among public ones is no accident, so the host as a whole is refused.
        if not all(self._allowed(address) for address in addresses):
            raise PictureRefused("PrivateAddress", f"{host} is not on the public internet.")
        return addresses[0]

    def _exchange(self, host: str, address: str, target: str) -> tuple[bytes, str | None]:
        raw = socket.create_connection((address, self._port), timeout=min(_STEP_SECONDS, self._deadline_seconds))
        # A connection that ends without TLS's own goodbye must not look like the end of the picture.
        secured = self._context.wrap_socket(
            raw, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        watchdog = threading.Timer(self._deadline_seconds, _end, [secured])
        watchdog.daemon = True
        watchdog.start()
        try:
            secured.do_handshake()
            return self._request(secured, host, target)
        finally:
            watchdog.cancel()
            secured.close()

    def _request(self, secured: ssl.SSLSocket, host: str, target: str) -> tuple[bytes, str | None]:
        connection = http.client.HTTPConnection(host)
        connection.sock = secured
        connection.request(
            "GET",
            target,
            headers={"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "shoppable-video/1"},
        )
        response = connection.getresponse()
        if response.status in _REDIRECTS:
            location = response.getheader("Location")
            if not location:
                raise PictureRefused("HttpStatus", f"{host} answered {response.status} without a location.")
            return b"", location
        if response.status != 200:
            raise PictureRefused("HttpStatus", f"{host} answered {response.status}.")
        return self._body(response), None

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        too_large = PictureRefused("PictureTooLarge", f"The file is larger than {self._max_bytes // 1024 // 1024} MB.")
        if (response.length or 0) > self._max_bytes:
            raise too_large
        body = bytearray()
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise too_large
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return bytes(body)


def _end(secured: ssl.SSLSocket) -> None:
    """Ends a read or a write that is under way in another thread."""
    with contextlib.suppress(OSError):
        # Not SSLSocket's own: it would turn the socket into a plain one under the reader's hands.
        socket.socket.shutdown(secured, socket.SHUT_RDWR)
