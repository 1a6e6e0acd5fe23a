"""What is in the file, or why it is refused: with a code of its own for everything that can be wrong with it."""

from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from functions.contracts import ids
from functions.contracts.base import Reason
from functions.contracts.video import SourceVideo, VideoAnalysis, VideoProbed
from functions.shared.s3_range import ReadDeadlineError
from functions.shoppable import decode, ladder

MAX_BYTES = 10 * 1024**3
"""Rekognition's limit too: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object version as S3 has it."""

    size_bytes: int
    archived: Literal["no", "yes", "restoring"] = "no"
    """What is archived cannot be read before it is restored."""


class Source(Protocol):
    """The uploaded object version, and the shop's catalogue."""

    def find(self) -> Stored | None:
        """None when the version is no longer there."""
        ...

    def restore(self) -> None:
        """Asks for an archived version to be brought back, which takes hours."""
        ...

    def open(self, size_bytes: int) -> BinaryIO:
        """A seekable file. Its reads raise ReadDeadlineError when opening goes on for too long."""
        ...

    def sha256(self) -> str:
        """Of the whole object, lower-case hex."""
        ...

    def live_revision(self) -> str | None:
        """The shop's live catalogue revision."""
        ...


def probe(video: VideoAnalysis, source: Source) -> VideoProbed:
    """Accepted with the facts, refused with the reason, or to be probed again. The cheap checks come first."""
    stored = source.find()
    if stored is None:
        return _refused("SourceGone", "This version was deleted before it was analysed; upload the video again.")
    size = stored.size_bytes
    if size > MAX_BYTES:
        return _refused("TooLarge", f"The file has {size:,} bytes; at most {MAX_BYTES:,} are taken.")
    if stored.archived == "yes":
        source.restore()
    if stored.archived != "no":
        return VideoProbed(outcome="restoring")
    try:
        with source.open(size) as file, decode.open_video(file) as opened:
            facts = _facts(opened)
    except decode.VideoRefused as refusal:
        return _refused(refusal.code, refusal.message)
    except ReadDeadlineError:
        return _refused("Unreadable", "The file could not be opened within its time; encode it again as MP4 (H.264).")
    revision = source.live_revision()
    if revision is None:
        return _refused(
            "NoCatalogue",
            f"Shop {video.shop_id} has no catalogue yet: import a product feed, then upload the video again.",
        )
    found = SourceVideo.model_validate({**facts, "sha256": source.sha256(), "size_bytes": size})
    if min(min(rung.width, rung.height) for rung in ladder.rungs(found)) < ladder.MIN_SIDE:
        size_text = f"{found.width} × {found.height}"
        return _refused("TooSmall", f"The picture is {size_text}; no rendition of it has {ladder.MIN_SIDE} lines.")
    return VideoProbed(
        outcome="accepted",
        source=found,
        asset_id=ids.asset_id(video.video_id, found.sha256, ladder.profile_digest(found)),
        catalogue_revision=revision,
    )


def _facts(opened: decode.Video) -> dict[str, object]:
    names = set(SourceVideo.model_fields) - {"sha256", "size_bytes"}
    return {name: getattr(opened, name) for name in names}


def _refused(code: str, message: str) -> VideoProbed:
    return VideoProbed(outcome="refused", reason=Reason(code=code, message=message))
