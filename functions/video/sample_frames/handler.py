"""SampleFrames: the frames of one segment that are worth examining."""

from typing import Any

from functions.contracts.video import SegmentInput
from functions.shared.observability import LambdaContext, observed
from functions.video.sample_frames.env import Environment
from functions.video.sample_frames.logic import sample
from functions.video.sample_frames.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """SegmentInput in, SegmentStep out. Raises Transient or Permanent."""
    order = SegmentInput.model_validate(event)
    with Store.of(order, Environment.from_process()) as store:
        return sample(order, store).model_dump(mode="json")
