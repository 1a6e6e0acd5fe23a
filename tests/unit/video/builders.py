"""Any instance of a contract, with what a test cares about given by name."""

from typing import Any

from functions.contracts.analysis import Analysis, Appearance, Evidence, Shot
from functions.contracts.timeline import Timeline
from functions.contracts.video import Rational, Segment, SegmentInput, SourceVideo, VideoAnalysis
from functions.shoppable.timeline import project

SHOP, VIDEO, ASSET, REVISION = "demo-shop", "v-1", "a-1", "r-1"
PREFIX = f"{VIDEO}/{ASSET}/{REVISION}"
EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:video:one"


def any_source(**given: Any) -> SourceVideo:
    fields: dict[str, Any] = {
        "sha256": "0" * 64,
        "size_bytes": 1000,
        "container": "mov",
        "video_codec": "h264",
        "audio_codec": "aac",
        "width": 1280,
        "height": 720,
        "rotation_degrees": 0,
        "frame_rate": Rational(numerator=25, denominator=1),
        "drop_frame": False,
        "duration_ms": 40_000,
    }
    return SourceVideo.model_validate(fields | given)


def any_video(**given: Any) -> VideoAnalysis:
    fields: dict[str, Any] = {
        "shop_id": SHOP,
        "video_id": VIDEO,
        "bucket": "video",
        "key": f"videos/{SHOP}/a+b %2B ü.mp4",
        "version_id": "1",
        "sequencer": "0" * 31 + "1",
        "analysis_revision": "1",
    }
    return VideoAnalysis.model_validate(fields | given)


def any_segment_input(**given: Any) -> SegmentInput:
    fields: dict[str, Any] = {
        "shop_id": SHOP,
        "video_id": VIDEO,
        "bucket": "video",
        "key": f"videos/{SHOP}/a+b %2B ü.mp4",
        "version_id": "1",
        "prefix": PREFIX,
        "catalogue_revision": REVISION,
        "source": any_source(),
        "segment": Segment(index=0, start_ms=0, end_ms=2000),
    }
    return SegmentInput.model_validate(fields | given)


def any_appearance(**given: Any) -> Appearance:
    fields: dict[str, Any] = {
        "appearance_id": "x-1",
        "product_id": "p-1",
        "start_ms": 1500,
        "end_ms": 4000,
        "boxes": ((1500, 0.25, 0.5, 0.125, 0.2), (4000, 0.3, 0.5, 0.125, 0.2)),
        "score": 0.9,
        "verdict": "approved",
        "evidence": Evidence(
            image_sha256="1" * 64,
            inliers=40,
            frames=5,
            matcher="instance",
            score=0.8,
            ms=2000,
            crops_key=f"{PREFIX}/segments/0000/crops/000002000-p-1.jpg",
        ),
    }
    return Appearance.model_validate(fields | given)


def any_analysis(**given: Any) -> Analysis:
    fields: dict[str, Any] = {
        "shop_id": SHOP,
        "video_id": VIDEO,
        "asset_id": ASSET,
        "source": any_source(),
        "catalogue_revision": REVISION,
        "code_digest": "2" * 64,
        "index_digest": "3" * 64,
        "frames_examined": 12,
        "shots": (
            Shot(index=0, start_ms=0, end_ms=10_000, start_frame=0, end_frame=250),
            Shot(index=1, start_ms=10_000, end_ms=40_000, start_frame=250, end_frame=1000),
        ),
        "appearances": (any_appearance(),),
    }
    return Analysis.model_validate(fields | given)


def any_timeline(**given: Any) -> Timeline:
    return project(any_analysis(**given), media_prefix=f"media/{VIDEO}/{ASSET}")
