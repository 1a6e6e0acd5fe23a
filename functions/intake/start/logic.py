"""From an S3 event to the one execution that its object version gets. An event delivered twice starts nothing twice."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from functions.contracts import ids
from functions.contracts.catalogue import CatalogueImport
from functions.contracts.video import VideoAnalysis
from functions.shared.objects import canonical_json

Pipeline = Literal["catalogue", "video"]

_PREFIX = {"catalogue": "feeds", "video": "videos"}
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,32}")


class UnusableEvent(Exception):  # noqa: N818 (a fact about the message, not a fault)
    """No retry can help: the message is no S3 event, or its key names no shop or no file."""


class _Bucket(BaseModel):
    name: str


class _Object(BaseModel):
    key: str
    version_id: str = Field(default="null", alias="version-id")
    sequencer: str


class _Detail(BaseModel):
    bucket: _Bucket
    object: _Object


class _S3Event(BaseModel):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""

    detail_type: Literal["Object Created"] = Field(alias="detail-type")
    source: Literal["aws.s3"]
    detail: _Detail


@dataclass(frozen=True, kw_only=True)
class Start:
    name: str
    input: str
    """Canonical JSON: equal uploads give equal bytes, which is what makes StartExecution idempotent."""


def plan(body: str, pipeline: Pipeline, analysis_revision: str) -> Start:
    """What to start for the text of one queue message: an EventBridge event. Raises UnusableEvent.

    The key is taken literally: EventBridge, unlike S3's own notifications, does not URL-encode it.
    """
    try:
        detail = _S3Event.model_validate_json(body).detail
    except ValidationError as error:
        raise UnusableEvent(f"the message is no S3 Object Created event: {error}") from error
    bucket, uploaded = detail.bucket.name, detail.object
    prefix, _, rest = uploaded.key.partition("/")
    shop_id, _, file = rest.partition("/")
    if prefix != _PREFIX[pipeline] or not _SHOP.fullmatch(shop_id) or not file or file.endswith("/"):
        raise UnusableEvent(f"the key {uploaded.key!r} is not {_PREFIX[pipeline]}/<shop id>/<file>")
    if not _SEQUENCER.fullmatch(uploaded.sequencer):
        raise UnusableEvent(f"the sequencer {uploaded.sequencer!r} is not up to 32 hex digits")
    common: dict[str, Any] = {
        "shop_id": shop_id,
        "bucket": bucket,
        "key": uploaded.key,
        "version_id": uploaded.version_id,
        "sequencer": uploaded.sequencer.lower().rjust(32, "0"),
    }
    if pipeline == "catalogue":
        document = CatalogueImport(import_id=ids.import_id(shop_id, uploaded.key, uploaded.version_id), **common)
    else:
        document = VideoAnalysis(
            video_id=ids.video_id(shop_id, uploaded.key), analysis_revision=analysis_revision, **common
        )
    return Start(
        name=ids.execution_name(bucket, uploaded.key, uploaded.version_id, analysis_revision),
        input=canonical_json(document).decode(),
    )
