"""MatchFrames: the products in the sampled frames of one segment."""

from typing import Any

from functions.contracts.video import SegmentInput
from functions.shared.observability import LambdaContext, observed
from functions.video.match_frames.env import Environment
from functions.video.match_frames.logic import match
from functions.video.match_frames.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """SegmentInput in, SegmentStep out. Raises Transient or Permanent."""
    order = SegmentInput.model_validate(event)
    return match(order, Store.of(order, Environment.from_process())).model_dump(mode="json")
