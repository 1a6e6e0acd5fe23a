"""Intelligent-Tiering's archive tiers: what nobody read is archived, refused to readers, and restored when asked for.

Nobody waits for 90 days here: `PUT /<bucket>?embedded-age=<days>` says that so many have passed without a read, and
the bucket's lifecycle rules and Intelligent-Tiering configurations act as they would. A restoration takes
`RESTORE_SECONDS` in place of hours.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from moto.s3 import notifications
from moto.s3.models import FakeKey, s3_backends

from embedded.cloud import s3_configurations
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response

AGE = "embedded-age"
RESTORE_SECONDS = 2.0
SMALLEST_BYTES = 128 * 1024
"""What is smaller is never moved."""

_CLASS = "INTELLIGENT_TIERING"
_TIERING = re.compile(r"<Tiering>.*?</Tiering>", re.DOTALL)

_EVENTS = notifications.S3NotificationEvent

Model = Any
"""moto's own objects."""


def tier_of(key: Model) -> str | None:
    """`ARCHIVE_ACCESS` or `DEEP_ARCHIVE_ACCESS`; None for what can be read."""
    return getattr(key, "archive_tier", None)


def headers_of(key: Model) -> dict[str, str]:
    """What HEAD says of an archived object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    tier = tier_of(key)
    if tier is None:
        return {}
    restoring = {"x-amz-restore": 'ongoing-request="true"'} if key.archive_restoring else {}
    return {"x-amz-archive-status": tier, **restoring}


def refused(key: Model) -> Response:
    """What a reader of an archived object is told."""
    more = f"<StorageClass>{_CLASS}</StorageClass><AccessTier>{tier_of(key)}</AccessTier>"
    return s3_configurations.error(
        403, "InvalidObjectState", "The operation is not valid for the object's access tier", more
    )


def copied(request: Request, account_id: str) -> Model:
    """The object that a request copies from; None where it copies nothing, or nothing that is there."""
    source = unquote(request.headers.get("x-amz-copy-source", "")).lstrip("/")
    where, _, version = source.partition("?versionId=")
    bucket, _, name = where.partition("/")
    held = s3_backends[account_id]["aws"].buckets.get(bucket)
    if held is None or not name:
        return None
    versions: list[Model] = held.keys.getlist(name, [])
    return next((one for one in reversed(versions) if version in ("", str(one.version_id))), None)


def restore(request: Request, account_id: str, bucket_name: str, key: Model) -> Response:
    """Brings an archived object back, for good.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
    """
    text = request.read().decode()
    if "<Days>" in text:
        message = "Days must not be specified for an object in an Intelligent-Tiering archive tier"
        return s3_configurations.error(400, "InvalidArgument", message)
    if "<Tier>Expedited</Tier>" in text and tier_of(key) == "DEEP_ARCHIVE_ACCESS":
        message = "Expedited retrievals are not available from the Deep Archive Access tier"
        return s3_configurations.error(400, "InvalidArgument", message)
    with lock_of("s3"):
        if key.archive_restoring:
            return s3_configurations.error(409, "RestoreAlreadyInProgress", "Object restore is already in progress")
        key.archive_restoring = True
    bucket: Model = s3_backends[account_id]["aws"].buckets[bucket_name]

    def finish() -> None:
        with lock_of("s3"):
            key.archive_tier = None
        notifications.send_event(account_id, _EVENTS.OBJECT_RESTORE_COMPLETED_EVENT, bucket, key)

    timer = threading.Timer(RESTORE_SECONDS, finish)
    timer.daemon = True
    timer.start()
    notifications.send_event(account_id, _EVENTS.OBJECT_RESTORE_POST_EVENT, bucket, key)
    return Response(202)


def age(request: Request, account_id: str, bucket_name: str) -> Response:
    """So many days pass without a read. Answers with the number of objects that are now archived."""
    days = int(request.params()[AGE][0])
    with lock_of("s3"):
        bucket: Model = s3_backends[account_id]["aws"].buckets.get(bucket_name)
        if bucket is None:
            return s3_configurations.error(404, "NoSuchBucket", "The specified bucket does not exist")
        rules = [_Rule(text) for text in s3_configurations.kept(bucket_name, "intelligent-tiering")]
        archived = 0
        for key in _objects(bucket):
            tiers = [tier for rule in rules if rule.holds_for(key) for tier in rule.tiers_after(days)]
            if tiers and key.size >= SMALLEST_BYTES and _tiered(bucket, key):
                # The deeper of the two sorts behind the other.
                key.archive_tier, key.archive_restoring = max(tiers), False
                archived += 1
    return Response(200, [("content-type", "text/plain")], str(archived).encode())


def _objects(bucket: Model) -> Iterator[Model]:
    for name in list(bucket.keys):
        for key in bucket.keys.getlist(name):
            if isinstance(key, FakeKey):
                yield key


def _tiered(bucket: Model, key: Model) -> bool:
    """Whether the object is in the storage class: from the start, or by a lifecycle rule."""
    rules: list[Model] = bucket.rules
    if key.storage_class != _CLASS and any(_moves(rule, key.name) for rule in rules):
        key.set_storage_class(_CLASS)
    return key.storage_class == _CLASS


def _moves(rule: Model, name: str) -> bool:
    prefix = rule.prefix or (rule.filter.prefix if rule.filter else "") or ""
    transitions: list[Model] = rule.transitions or []
    wanted = any(transition.storage_class == _CLASS for transition in transitions)
    return wanted and rule.status == "Enabled" and name.startswith(prefix)


class _Rule:
    """An Intelligent-Tiering configuration. A filter by tags holds for nothing here: no object's tags are asked for."""

    def __init__(self, text: str) -> None:
        self._enabled = "<Status>Enabled</Status>" in text
        self._tagged = "<Tag>" in text
        found = re.search(r"<Prefix>(.*?)</Prefix>", text)
        self._prefix = found[1] if found else ""
        self._days: dict[str, int] = {}
        for tiering in _TIERING.findall(text):
            tier, after = (re.search(rf"<{part}>(\w+)</{part}>", tiering) for part in ("AccessTier", "Days"))
            if tier and after:
                self._days[tier[1]] = int(after[1])

    def holds_for(self, key: Model) -> bool:
        return self._enabled and not self._tagged and key.name.startswith(self._prefix)

    def tiers_after(self, days: int) -> list[str]:
        return [tier for tier, after in self._days.items() if after <= days]
