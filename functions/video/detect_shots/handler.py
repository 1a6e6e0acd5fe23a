"""DetectShots: cuts, motion and point tracks of one segment."""

from typing import Any

from functions.contracts.video import SegmentInput
from functions.shared.observability import LambdaContext, observed
from functions.video.detect_shots.env import Environment
from functions.video.detect_shots.logic import detect
from functions.video.detect_shots.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """SegmentInput in, SegmentStep out. Raises Transient or Permanent."""
    order = SegmentInput.model_validate(event)
    return detect(order, Store.of(order, Environment.from_process())).model_dump(mode="json")
