"""A store on loopback that answers S3's GetObject, ranges included, from a directory: what a fresh process fetches an
index from. It checks no signatures and knows no other operation.
"""

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_CHUNK = 1 << 20


@contextmanager
def object_store(root: Path) -> Generator[str]:
    """Its endpoint; an object's path below `root` is its bucket and key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            file = root / unquote(urlsplit(self.path).path).lstrip("/")
            if not file.is_file():
                self.send_error(404)
                return
            size = file.stat().st_size
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(wanted[1]), min(int(wanted[2]), size - 1)) if wanted else (0, size - 1)
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(last + 1 - first))
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.end_headers()
            with file.open("rb") as body:
                body.seek(first)
                left = last + 1 - first
                while left > 0:
                    chunk = body.read(min(_CHUNK, left))
                    self.wfile.write(chunk)
                    left -= len(chunk)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
