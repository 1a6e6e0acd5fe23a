"""BuildTimeline: the segments' results become one analysis."""

from typing import Any

from functions.contracts.video import TimelineInput
from functions.shared import artefacts
from functions.shared.observability import LambdaContext, count, observed
from functions.video.build_timeline.env import Environment
from functions.video.build_timeline.logic import build, summarise
from functions.video.build_timeline.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """TimelineInput in, TimelineBuilt out. Raises Transient or Permanent."""
    order, environment = TimelineInput.model_validate(event), Environment.from_process()
    store = Store.of(environment)
    analysis = build(
        order,
        store.segments(order),
        auto_approve_score=environment.auto_approve_score,
        review_score=environment.review_score,
        code_digest=environment.code_digest,
    )
    key = artefacts.analysis_key(order.prefix)
    store.put_analysis(key, analysis)
    built = summarise(key, analysis)
    count("AppearancesApproved", built.approved)
    count("AppearancesUncertain", built.uncertain)
    return built.model_dump(mode="json")
