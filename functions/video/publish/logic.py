"""Publication of an analysis: immutable documents first, the pointer last; nothing if a newer execution took over."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from functions.contracts.analysis import Analysis, Appearance
from functions.contracts.base import Contract, Sha256
from functions.contracts.video import PublishInput, VideoPublishedOutput
from functions.shared.objects import JSON, canonical_json
from functions.shoppable import renderers
from functions.shoppable.timeline import project


class SupersededError(Exception):
    """The status record belongs to another execution by now, or the video was taken down."""


class Publication(Contract):
    """Where the public documents of one timeline lie in the delivery bucket."""

    timeline_key: str
    timeline_sha256: Sha256
    webvtt_key: str
    json_ld_key: str


class Publisher(Protocol):
    """The analysis, the public documents and the video's records. All writes may be repeated."""

    def analysis(self, key: str) -> Analysis:
        """analysis.v1."""
        ...

    def put_document(self, key: str, body: bytes, content_type: str) -> None:
        """An immutable public document."""
        ...

    def replace_appearances(self, appearances: Sequence[Appearance]) -> None:
        """The video's appearance records are these and no others. Raises SupersededError."""
        ...

    def set_timeline(self, published: Publication) -> None:
        """The status record names the timeline. Raises SupersededError."""
        ...

    def point(self) -> None:
        """The public pointer follows the status record."""
        ...

    def finish(self, analysis: Analysis, approved: int) -> None:
        """The status record says `published`. Raises SupersededError."""
        ...


def publish(order: PublishInput, store: Publisher) -> VideoPublishedOutput:
    """Publish what is approved. The same order twice leaves the same."""
    analysis = store.analysis(order.analysis_key)
    timeline = project(analysis, media_prefix=order.media_prefix)
    body = canonical_json(timeline)
    sha256 = hashlib.sha256(body).hexdigest()
    folder = f"timelines/{order.video_id}/{sha256}"
    publication = Publication(
        timeline_key=f"{folder}/timeline.json",
        timeline_sha256=sha256,
        webvtt_key=f"{folder}/products.vtt",
        json_ld_key=f"{folder}/video.jsonld",
    )
    store.put_document(publication.timeline_key, body, JSON)
    store.put_document(publication.webvtt_key, renderers.web_vtt(timeline).encode(), "text/vtt; charset=utf-8")
    json_ld = renderers.json_ld(timeline, name=timeline.video_id)
    store.put_document(publication.json_ld_key, json_ld.encode(), "application/ld+json")
    outcome = "published"
    try:
        store.replace_appearances(analysis.appearances)
        store.set_timeline(publication)
        store.point()
        store.finish(analysis, len(timeline.appearances))
    except SupersededError:
        outcome = "superseded"
    return VideoPublishedOutput(
        outcome=outcome,
        timeline_key=publication.timeline_key,
        timeline_sha256=sha256,
        appearances=len(timeline.appearances),
    )
