"""Bucket configurations that moto does not keep, or not whole: Intelligent-Tiering, analytics, metrics, access logging.

They are stored and given back. Intelligent-Tiering acts when time is said to have passed, see `s3_archive`; accesses
are not logged.
"""

from __future__ import annotations

import re
from collections import defaultdict

from moto.s3.models import s3_backends

from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback

KINDS = {
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "analytics": "AnalyticsConfiguration",
    "metrics": "MetricsConfiguration",
}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")

_kept: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)


def kind_of(parameters: dict[str, list[str]]) -> str | None:
    """Which of the kinds a bucket request's query names, if any."""
    return next((kind for kind in KINDS if kind in parameters), None)


def serve(request: Request, bucket: str, kind: str, account_id: str) -> Response:
    """Put, get, list or delete one kind of configuration of a bucket."""
    with lock_of("s3"):
        if bucket not in s3_backends[account_id]["aws"].buckets:
            return error(404, "NoSuchBucket", "The specified bucket does not exist")
        present = _kept[bucket, kind]
        identifier = request.params().get("id", [""])[0]
        if request.method == "GET" and not identifier:
            return _list(kind, present)
        if request.method == "PUT":
            text = _DECLARATION.sub("", request.read().decode())
            if not identifier or f"<Id>{identifier}</Id>" not in text:
                return error(400, "InvalidArgument", f"The configuration's Id must be {identifier!r}")
            present[identifier] = text
            return Response(200)
        if identifier not in present:
            return error(404, "NoSuchConfiguration", "The specified configuration does not exist.")
        if request.method == "DELETE":
            del present[identifier]
            return Response(204)
        return _xml(present[identifier])


def serve_logging(request: Request, bucket: str) -> Response:
    """Put or get where a bucket's access logs go; moto says whether the target takes them."""
    present = _kept[bucket, "logging"]
    if request.method != "PUT":
        found = fallback(request)
        return _xml(present[""]) if found.status == 200 and "" in present else found
    text = _DECLARATION.sub("", request.read().decode())
    response = fallback(request)
    if response.status == 200:
        present[""] = text
    return response


def kept(bucket: str, kind: str) -> list[str]:
    """The configurations of one kind that a bucket has, as XML."""
    return list(_kept[bucket, kind].values())


def forget(bucket: str) -> None:
    """The bucket is gone."""
    with lock_of("s3"):
        for key in [key for key in _kept if key[0] == bucket]:
            del _kept[key]


def _list(kind: str, present: dict[str, str]) -> Response:
    root = f"ListBucket{KINDS[kind]}sOutput" if kind == "intelligent-tiering" else f"ListBucket{KINDS[kind]}Result"
    inner = "".join(present[identifier] for identifier in sorted(present))
    return _xml(f"<{root}><IsTruncated>false</IsTruncated>{inner}</{root}>")


def _xml(text: str) -> Response:
    return Response(
        200, [("content-type", "application/xml")], f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    )


def error(status: int, code: str, message: str, more: str = "") -> Response:
    """An error in S3's words; `more` is XML that this error has beside code and message."""
    inner = f"<Code>{code}</Code><Message>{message}</Message>{more}"
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>'
    return Response(status, [("content-type", "application/xml")], body.encode())
