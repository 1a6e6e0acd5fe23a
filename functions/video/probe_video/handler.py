"""ProbeVideo: is this a video that can be analysed, and what is in it?"""

from typing import Any

from functions.contracts.video import VideoAnalysis
from functions.shared.observability import LambdaContext, count, observed
from functions.video.probe_video.env import Environment
from functions.video.probe_video.logic import probe
from functions.video.probe_video.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """VideoAnalysis in, VideoProbed out. Raises Transient or Permanent."""
    video = VideoAnalysis.model_validate(event)
    probed = probe(video, Store.of(video, Environment.from_process()))
    if probed.outcome != "restoring":
        count("VideosAccepted" if probed.outcome == "accepted" else "VideosRefused")
    return probed.model_dump(mode="json")
