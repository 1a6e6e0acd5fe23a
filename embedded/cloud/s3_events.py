"""S3's events on the default bus, shaped as in
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html: the key is literal, never URL-encoded.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any

from embedded.cloud.events import put_event
from embedded.cloud.router import current_request

_CREATED = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETED = {
    "s3:ObjectRemoved:Delete": "Permanently Deleted",
    "s3:ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}
_OTHERS = {
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
    "s3:ObjectAcl:Put": "Object ACL Updated",
    "s3:ObjectRestore:Post": "Object Restore Initiated",
    "s3:ObjectRestore:Completed": "Object Restore Completed",
}
_ASKED_FOR = {
    "s3:ObjectTagging:Put": "tagging",
    "s3:ObjectTagging:Delete": "tagging",
    "s3:ObjectAcl:Put": "acl",
    "s3:ObjectRestore:Post": "restore",
    "s3:ObjectRestore:Completed": "restore",
}
_sequencer_guard = threading.Lock()
_last = [0]


def next_sequencer() -> str:
    """A hexadecimal number larger than every one before it, also than those before a restart."""
    with _sequencer_guard:
        _last[0] = max(_last[0] + 1, time.time_ns())
        return f"{_last[0]:018X}"


def publish(account_id: str, bucket: Any, event_name: str, key: Any) -> None:  # noqa: ANN401 - moto's own models
    """Put the event of what happened to `key` on the default bus of the bucket's region."""
    request = current_request.get()
    what: dict[str, Any] = {"key": key.name}
    if event_name in _CREATED:
        what["size"] = key.size
    etag = getattr(key, "etag", None)
    if etag:
        what["etag"] = str(etag).strip('"')
    if bucket.is_versioned:
        what["version-id"] = str(key.version_id)
    detail: dict[str, Any] = {
        "version": "0",
        "event-version": "1.0",
        "bucket": {"name": bucket.name},
        "object": what,
        "request-id": request.request_id[:18].replace("-", "").upper() if request else secrets.token_hex(8).upper(),
        "requester": account_id,
    }
    if request:
        detail["source-ip-address"] = request.source_ip
    if event_name in _CREATED:
        kind = "Object Created"
        what["sequencer"] = next_sequencer()
        detail["reason"] = _CREATED[event_name]
    elif event_name in _DELETED:
        kind = "Object Deleted"
        what["sequencer"] = next_sequencer()
        detail["reason"] = "DeleteObject"
        detail["deletion-type"] = _DELETED[event_name]
    elif event_name in _OTHERS and (request is None or _ASKED_FOR[event_name] in request.params()):
        # moto sets tags and ACL with every object; S3 tells of it only when asked to, or when a restoration ends.
        kind = _OTHERS[event_name]
    else:
        return
    event = {"source": "aws.s3", "detail-type": kind, "resources": [bucket.arn], "detail": detail}
    put_event(event, region=bucket.region_name)
