"""From an object to the answer that the viewer asked for: validators, ranges, compression."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from embedded.cloud.cdn.origin import Found
from embedded.cloud.messages import Response

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
COMPRESSED_MIN_BYTES = 1_000
COMPRESSED_MAX_BYTES = 10_000_000
COMPRESSED_TYPES = frozenset(
    {"application/javascript", "application/json", "application/vnd.apple.mpegurl", "application/wasm"}
    | {"application/x-javascript", "application/x-mpegurl", "application/xml", "image/svg+xml", "text/css", "text/csv"}
    | {"text/html", "text/javascript", "text/plain", "text/tab-separated-values", "text/xml", "font/otf", "font/ttf"}
)


def answer(found: Found, request: Mapping[str, str], headers: dict[str, str], *, compress: bool) -> Response:
    """The response to a GET or HEAD with these request headers (lower case); `headers` are sent as well."""
    sent = {**found.headers, "accept-ranges": "bytes", **headers}
    if found.etag:
        sent["etag"] = found.etag
    if found.modified is not None:
        sent["last-modified"] = format_datetime(found.modified.astimezone(UTC), usegmt=True)
    if found.status != 200:
        sent.pop("accept-ranges", None)
        return _made(found.status, sent, found.body)
    if _unchanged(found, request):
        return _made(304, {name: sent[name] for name in sent if not name.startswith("content-t")}, b"")
    span = _range(request.get("range", ""), len(found.body)) if _range_holds(found, request) else None
    if span == (0, -1):
        return _made(416, {**sent, "content-range": f"bytes */{len(found.body)}"}, b"")
    if span is not None:
        first, last = span
        sent["content-range"] = f"bytes {first}-{last}/{len(found.body)}"
        return _made(206, sent, found.body[first : last + 1])
    if compress and _compressible(found):
        sent["vary"] = ", ".join(part for part in (sent.get("vary", ""), "Accept-Encoding") if part)
        if _accepts_gzip(request.get("accept-encoding", "")):
            # A fixed time: equal objects give equal bytes.
            return _made(200, {**sent, "content-encoding": "gzip", "etag": _weak(found.etag)}, _zipped(found.body))
    return _made(200, sent, found.body)


def _made(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    return Response(status, [*headers.items(), ("content-length", str(len(body)))], body)


def _zipped(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


def _weak(etag: str) -> str:
    return etag if etag.startswith("W/") else f"W/{etag}"


def _compressible(found: Found) -> bool:
    kind = found.headers.get("content-type", "").partition(";")[0].strip().lower()
    fits = COMPRESSED_MIN_BYTES <= len(found.body) <= COMPRESSED_MAX_BYTES
    return fits and kind in COMPRESSED_TYPES and "content-encoding" not in found.headers


def _accepts_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, parameters = part.strip().partition(";")
        if coding in ("gzip", "*"):
            return not re.fullmatch(r"\s*q=0(\.0+)?\s*", parameters)
    return False


def _unchanged(found: Found, request: Mapping[str, str]) -> bool:
    asked = request.get("if-none-match")
    if asked is not None:
        held = found.etag.removeprefix("W/")
        return asked.strip() == "*" or held in [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    since = _date(request.get("if-modified-since"))
    return since is not None and found.modified is not None and found.modified.replace(microsecond=0) <= since


def _range_holds(found: Found, request: Mapping[str, str]) -> bool:
    condition = request.get("if-range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == found.etag
    moment = _date(condition)
    return moment is not None and found.modified is not None and found.modified.replace(microsecond=0) <= moment


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _range(text: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None for all of it (several ranges, too, as S3 does it); (0, -1) for none that exists."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
        return (first, last) if int(found[2]) and size else (0, -1)
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if first >= size:
        return 0, -1
    return (first, last) if first <= last else None
