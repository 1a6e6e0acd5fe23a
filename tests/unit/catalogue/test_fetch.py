"""Fetching over real TLS from a server on loopback, which only these tests allow."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from functions.catalogue.index_products.fetch import Fetcher, is_public
from functions.shoppable.pictures import PictureRefused

HOST = "pictures.example"
Answer = Callable[[BaseHTTPRequestHandler], None]


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Server:
    def __init__(self, folder: Path) -> None:
        pages = self.pages = dict[str, Answer]()
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(f"{self.headers['Host']} {self.path}")
                pages[self.path](self)

            def log_message(self, *args: Any) -> None: ...

        certificate = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        # Clients that hang up are what these tests are about; the server's tracebacks of it are noise.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self.stopped = threading.Event()
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def fetcher(self, **given: Any) -> Fetcher:
        """One that finds every host here, and takes only this server's address for public."""
        defaults: dict[str, Any] = {
            "resolver": lambda host: {"private.example": ["10.0.0.7"], "mixed.example": ["93.184.216.34", "::1"]}.get(
                host, ["127.0.0.1"]
            ),
            "allowed": lambda address: address == "127.0.0.1",
            "context": self.trust,
            "port": self.port,
            "deadline_seconds": 5.0,
        }
        return Fetcher(**(defaults | given))


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("tls"))
    yield server
    server.stop()


@pytest.fixture
def server(_server: Server) -> Server:
    _server.pages.clear()
    _server.asked.clear()
    return _server


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def code(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(PictureRefused) as caught:
        fetcher.fetch(url)
    return caught.value.code


def test_picture_is_fetched_with_its_query_from_the_address_that_was_checked(server: Server) -> None:
    server.pages["/a%20b.png?size=1&x=%2F"] = body(b"picture")
    assert server.fetcher().fetch(f"https://{HOST}/a b.png?size=1&x=%2F") == b"picture"
    assert server.asked == [f"{HOST} /a%20b.png?size=1&x=%2F"]


def test_redirect_is_followed_and_its_host_resolved_and_checked_anew(server: Server) -> None:
    resolved: list[str] = []

    def resolver(host: str) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    server.pages["/a"] = body(b"", 302, Location="/b")
    server.pages["/b"] = body(b"", 301, Location=f"https://{HOST}/c")
    server.pages["/c"] = body(b"picture")
    assert server.fetcher(resolver=resolver).fetch(f"https://{HOST}/a") == b"picture"
    assert resolved == [HOST] * 3


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://pictures.example/b", "NotHttps"),
        ("file:///etc/passwd", "NotHttps"),
        ("https://private.example/latest/meta-data", "PrivateAddress"),
        ("https://pictures.example:8443/", "BadUrl"),
        ("https://user@pictures.example/", "BadUrl"),
        ("https://[pictures.example/", "BadUrl"),
        ("/a", "TooManyRedirects"),
    ],
)
def test_redirect_that_leads_where_a_link_may_not_is_refused(server: Server, location: str, expected: str) -> None:
    server.pages["/a"] = body(b"", 302, Location=location)
    assert code(server.fetcher(), f"https://{HOST}/a") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://pictures.example/", "NotHttps"),
        ("ftp://pictures.example/", "NotHttps"),
        ("https:///path", "NotHttps"),
        ("https://pictures.example:22/", "BadUrl"),
        ("https://user:secret@pictures.example/", "BadUrl"),
        ("https://[::1/", "BadUrl"),
        ("https://private.example/", "PrivateAddress"),
        ("https://mixed.example/", "PrivateAddress"),
    ],
)
def test_link_that_does_not_lead_to_the_open_internet_is_refused_before_connecting(
    server: Server, url: str, expected: str
) -> None:
    assert code(server.fetcher(), url) == expected
    assert server.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "localhost", "2130706433", "0x7f.1", "0"])
def test_real_resolution_refuses_every_spelling_of_the_own_machine(host: str) -> None:
    assert code(Fetcher(), f"https://{host}/") in {"PrivateAddress", "UnknownHost"}


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
    ],
)
def test_address_inside_any_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_address_is_as_public_mapped_into_ipv6_as_it_is_itself(address: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))


def test_host_is_connected_to_where_it_was_checked_although_its_name_moves(server: Server) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    server.pages["/"] = body(b"picture")
    assert server.fetcher(resolver=lambda _: next(answers)).fetch(f"https://{HOST}/") == b"picture"


@pytest.mark.parametrize("status", [204, 403, 404, 500])
def test_other_status_than_200_is_refused(server: Server, status: int) -> None:
    server.pages["/"] = body(b"", status)
    assert code(server.fetcher(), f"https://{HOST}/") == "HttpStatus"


@pytest.mark.parametrize("declared", [True, False])
def test_body_beyond_the_limit_is_refused(server: Server, declared: bool) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if declared:
            request.send_header("Content-Length", "1000000000")
        request.end_headers()
        try:
            while not server.stopped.is_set():
                request.wfile.write(b"x" * 65536)
        except OSError:
            return

    server.pages["/"] = endless
    assert code(server.fetcher(max_bytes=100_000), f"https://{HOST}/") == "PictureTooLarge"


def test_body_that_ends_too_early_is_refused(server: Server) -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"x" * 50)
        request.close_connection = True

    server.pages["/"] = cut
    assert code(server.fetcher(), f"https://{HOST}/") == "Unreachable"


@pytest.mark.parametrize("where", ["headers", "body"])
def test_server_that_trickles_is_left_at_the_deadline(server: Server, where: str) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> None:
        if where == "body":
            request.send_response(200)
            request.send_header("Content-Length", "100000")
            request.end_headers()
        else:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while not server.stopped.wait(0.05):
                request.wfile.write(b"x")
                request.wfile.flush()
        except OSError:
            return

    server.pages["/"] = trickle
    assert code(server.fetcher(deadline_seconds=0.5), f"https://{HOST}/") == "Unreachable"


def test_server_that_never_shakes_hands_is_left_at_the_deadline(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fetcher = server.fetcher(port=silent.getsockname()[1], deadline_seconds=0.3)
        assert code(fetcher, f"https://{HOST}/") == "Unreachable"


def test_certificate_of_another_host_is_refused(server: Server) -> None:
    assert code(server.fetcher(), "https://another.example/") == "Unreachable"
    assert server.asked == []


def test_host_without_an_address_is_refused(server: Server) -> None:
    def resolver(host: str) -> list[str]:
        raise socket.gaierror(f"no such host {host}")

    assert code(server.fetcher(resolver=resolver), f"https://{HOST}/") == "UnknownHost"


@given(st.text(max_size=60))
def test_any_text_as_a_link_is_refused_with_a_reason(text: str) -> None:
    fetcher = Fetcher(resolver=lambda _: ["10.0.0.1"])
    with pytest.raises(PictureRefused):
        fetcher.fetch(f"https://{text}")
