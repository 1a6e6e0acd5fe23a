"""S3 in front of moto: large objects are streamed, checksums are checked, nothing is taken that is then forgotten."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import unquote

from moto.s3.models import FakeKey, s3_backends

from embedded.cloud import s3_archive, s3_configurations
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback, service

Key = Any
"""moto's own object, untyped for all that matters here."""

_STREAM_FROM_BYTES = 256 * 1024
_PIECE_BYTES = 1024 * 1024
_BUCKET_PARTS = frozenset(
    {"versioning", "lifecycle", "policy", "acl", "tagging", "website", "cors", "logging", "notification", "accelerate"}
    | {"publicAccessBlock", "encryption", "replication", "ownershipControls", "inventory", "object-lock", "delete"}
    | {"uploads", "location", "policyStatus", "versions", "list-type"}
)
_ABOUT_AN_OBJECT = frozenset({"acl", "attributes", "legal-hold", "retention", "tagging", "torrent", "uploadId"})
"""Sub-resources of an object that can be read while it is archived."""
# Words of a query that select nothing by themselves.
_PLAIN = frozenset(
    {"prefix", "delimiter", "marker", "max-keys", "continuation-token", "start-after", "fetch-owner", "encoding-type"}
    | {"key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "id", "x-id"}
)


@service("s3")
def serve(request: Request) -> Response:
    """Answer one S3 request."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    if bucket and not key:
        return _serve_bucket(request, unquote(bucket))
    archived = _answer_for_archived(request, unquote(bucket), unquote(key)) if key else None
    if archived is not None:
        return archived
    if request.method == "GET" and key:
        return _stream(request, unquote(bucket), unquote(key)) or fallback(request)
    if request.method == "HEAD" and key:
        return _head(request, unquote(bucket), unquote(key))
    if request.method == "PUT" and key and "x-amz-copy-source" not in request.headers:
        problem = _checksum_problem(request)
        if problem is not None:
            return problem
        _name_algorithm(request)
    return fallback(request)


def _answer_for_archived(request: Request, bucket: str, key_name: str) -> Response | None:
    """What is archived cannot be read or copied, and can be restored; None for everything else."""
    account_id = request.caller.account_id if request.caller else ""
    parameters = request.params()
    if request.method == "PUT" and "x-amz-copy-source" in request.headers:
        source = s3_archive.copied(request, account_id)
        return s3_archive.refused(source) if source is not None and s3_archive.tier_of(source) else None
    if not (request.method == "GET" and not parameters.keys() & _ABOUT_AN_OBJECT) and "restore" not in parameters:
        return None
    key = _find(request, bucket, key_name)
    if key is None or not s3_archive.tier_of(key):
        return None
    if request.method == "POST":
        return s3_archive.restore(request, account_id, bucket, key)
    return s3_archive.refused(key)


def _serve_bucket(request: Request, bucket: str) -> Response:
    account_id = request.caller.account_id if request.caller else ""
    parameters = request.params()
    if s3_archive.AGE in parameters and request.method == "PUT":
        return s3_archive.age(request, account_id, bucket)
    kind = s3_configurations.kind_of(parameters)
    if kind:
        return s3_configurations.serve(request, bucket, kind, account_id)
    asked = {name for name in parameters if not name.lower().startswith("x-amz-")} - _PLAIN
    asked -= {"AWSAccessKeyId", "Signature", "Expires"}
    if asked - _BUCKET_PARTS and request.method in ("GET", "PUT", "DELETE"):
        names = ", ".join(sorted(asked - _BUCKET_PARTS))
        return s3_configurations.error(501, "NotImplemented", f"The embedded S3 keeps no bucket {names}")
    if "logging" in asked:
        return s3_configurations.serve_logging(request, bucket)
    response = fallback(request)
    if request.method == "DELETE" and not asked and response.status == 204:
        s3_configurations.forget(bucket)
    return response


def _find(request: Request, bucket: str, key_name: str) -> Key | None:
    account_id = request.caller.account_id if request.caller else ""
    backend: Any = s3_backends[account_id]["aws"]
    try:
        key = backend.get_object(bucket, key_name, version_id=request.params().get("versionId", [None])[0])
    except Exception:  # noqa: BLE001 - whatever it is, moto words it
        return None
    return key if isinstance(key, FakeKey) else None


def _head(request: Request, bucket: str, key_name: str) -> Response:
    with lock_of("s3"):
        response = fallback(request)
        key = _find(request, bucket, key_name) if response.status in (200, 206) else None
    if key is not None:
        headers = {name.lower(): value for name, value in response.headers}
        _qualify_checksum(headers, key)
        headers |= s3_archive.headers_of(key)
        response.headers = list(headers.items())
    return response


def _stream(request: Request, bucket: str, key_name: str) -> Response | None:
    """A large object in pieces; None for what moto answers as well (small objects, errors, sub-resources)."""
    parameters = request.params()
    if {name for name in parameters if not name.startswith("X-Amz-")} - {"versionId", "x-id"}:
        return None
    with lock_of("s3"):
        key = _find(request, bucket, key_name)
        if key is None or key.size < _STREAM_FROM_BYTES:
            return None
        # moto's own HEAD knows the headers, conditions and ranges.
        head = fallback(replace(request, method="HEAD", body=BytesIO(), content_length=0))
    if head.status not in (200, 206):
        return None
    headers = {name.lower(): value for name, value in head.headers}
    _qualify_checksum(headers, key)
    start, length = 0, key.size
    if head.status == 206:
        span = headers["content-range"].removeprefix("bytes ").partition("/")[0]
        first, _, last = span.partition("-")
        start, length = int(first), int(last) - int(first) + 1
    headers["content-length"] = str(length)
    headers["accept-ranges"] = "bytes"
    return Response(head.status, list(headers.items()), _pieces(key, start, length))


def _qualify_checksum(headers: dict[str, str], key: Key) -> None:
    """Moto's HEAD leaves out that a checksum is one of part checksums, and a client would compare it with the whole."""
    name = f"x-amz-checksum-{(key.checksum_algorithm or '').lower()}"
    if name in headers and key.checksum_type:
        headers["x-amz-checksum-type"] = key.checksum_type
        if key.checksum_type == "COMPOSITE":
            headers[name] = f"{key.checksum_value}-{key.checksum_parts}"


def _pieces(key: Key, start: int, length: int) -> Iterator[bytes]:
    at, end = start, start + length
    while at < end:
        try:
            with key.lock:
                key._value_buffer.seek(at)
                piece: bytes = key._value_buffer.read(min(_PIECE_BYTES, end - at))
        except ValueError:
            raise ConnectionError("the object was overwritten while it was being read") from None
        yield piece
        at += len(piece)


def _crc32(body: BinaryIO) -> bytes:
    value = 0
    while piece := body.read(_PIECE_BYTES):
        value = zlib.crc32(piece, value)
    return value.to_bytes(4, "big")


def _hash(name: str) -> Callable[[BinaryIO], bytes]:
    def digest(body: BinaryIO) -> bytes:
        value = hashlib.new(name)
        while piece := body.read(_PIECE_BYTES):
            value.update(piece)
        return value.digest()

    return digest


_CHECKSUMS: dict[str, Callable[[BinaryIO], bytes]] = {
    "x-amz-checksum-crc32": _crc32,
    "x-amz-checksum-sha1": _hash("sha1"),
    "x-amz-checksum-sha256": _hash("sha256"),
    "content-md5": _hash("md5"),
}


def _checksum_problem(request: Request) -> Response | None:
    if request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return None  # the body is framed in chunks still
    for header, compute in _CHECKSUMS.items():
        claimed = request.headers.get(header)
        if claimed is None:
            continue
        request.body.seek(0)
        if base64.b64encode(compute(request.body)).decode() != claimed:
            name = header.removeprefix("x-amz-checksum-").upper().replace("CONTENT-", "Content-")
            message = f"The {name} you specified did not match the calculated checksum."
            return s3_configurations.error(400, "BadDigest", message)
    return None


def _name_algorithm(request: Request) -> None:
    """A checksum that the client computed itself comes without the header by which moto remembers it."""
    if "x-amz-sdk-checksum-algorithm" in request.headers:
        return
    given = next((name for name in request.headers if name.startswith("x-amz-checksum-")), None)
    if given:
        algorithm = given.removeprefix("x-amz-checksum-").upper()
        request.headers = {**request.headers, "x-amz-sdk-checksum-algorithm": algorithm}
