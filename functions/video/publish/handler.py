"""Publish: what is approved becomes public."""

from typing import Any

from functions.contracts.video import PublishInput
from functions.shared.observability import LambdaContext, count, observed
from functions.video.publish.env import Environment
from functions.video.publish.logic import publish
from functions.video.publish.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """PublishInput in, VideoPublishedOutput out. Raises Transient or Permanent."""
    order = PublishInput.model_validate(event)
    published = publish(order, Store.of(order, Environment.from_process()))
    count("TimelinesPublished" if published.outcome == "published" else "TimelinesSuperseded")
    return published.model_dump(mode="json")
