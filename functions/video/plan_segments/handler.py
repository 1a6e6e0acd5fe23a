"""PlanSegments: divides the film into segments and describes its transcoding."""

from typing import Any

from functions.contracts.video import PlanInput
from functions.shared.observability import LambdaContext, observed
from functions.video.plan_segments.env import Environment
from functions.video.plan_segments.logic import describe, segments
from functions.video.plan_segments.store import store_segments


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """PlanInput in, SegmentsPlanned out. Raises Transient or Permanent."""
    order, environment = PlanInput.model_validate(event), Environment.from_process()
    planned = segments(order.source.duration_ms, environment.segment_seconds)
    plan = describe(order, len(planned), delivery_bucket=environment.delivery_bucket, key_arn=environment.key_arn)
    store_segments(environment.analysis_bucket, plan.segments_key, planned)
    return plan.model_dump(mode="json")
