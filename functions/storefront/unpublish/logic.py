"""Taking a video down: first the record, so that no running analysis publishes it again, then what the public sees."""

from typing import Any, Protocol

from functions.contracts.events import VideoUnpublished
from functions.contracts.video import UnpublishInput, VideoUnpublishedOutput


class UnknownVideo(Exception):  # noqa: N818 (the name is what the operator reads)
    """The shop has no such video."""


class Publications(Protocol):
    """The video's record, its pointer, the caches in front of it, and the event bus."""

    def status(self) -> dict[str, Any] | None:
        """The status record."""
        ...

    def take_down(self) -> str:
        """The record says `unpublished` and names no timeline; returns when that was first so (ISO 8601)."""
        ...

    def point(self) -> None:
        """The public pointer follows the record."""
        ...

    def invalidate(self, reference: str) -> None:
        """Caches forget the pointer; the same reference invalidates once."""
        ...

    def announce(self, event: VideoUnpublished) -> None:
        """Put the event on the bus, and note in the record that it was."""
        ...


def unpublish(order: UnpublishInput, store: Publications) -> VideoUnpublishedOutput:
    """Take the video down. May be repeated, also after a crash half way: what is missing is done.

    Raises UnknownVideo.
    """
    record = store.status()
    if record is None or record.get("shop_id") != order.shop_id:
        raise UnknownVideo(f"shop {order.shop_id} has no video {order.video_id}")
    since = store.take_down()
    store.point()
    store.invalidate(f"{order.video_id} unpublished {since}")
    if not (record.get("state") == "unpublished" and record.get("announced_at") == since):
        store.announce(VideoUnpublished(shop_id=order.shop_id, video_id=order.video_id))
    return VideoUnpublishedOutput(video_id=order.video_id)
