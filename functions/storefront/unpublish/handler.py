"""Unpublish: takes a video down, for a takedown notice or expired rights. Invoked by the operator."""

from typing import Any

from functions.contracts.video import UnpublishInput
from functions.shared.observability import LambdaContext, count, observed
from functions.storefront.unpublish.env import Environment
from functions.storefront.unpublish.logic import unpublish
from functions.storefront.unpublish.store import Store


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (the runtime's signature)
    """UnpublishInput in, VideoUnpublishedOutput out. Raises UnknownVideo, Transient or Permanent."""
    order = UnpublishInput.model_validate(event)
    taken_down = unpublish(order, Store.of(order, Environment.from_process()))
    count("VideosUnpublished")
    return taken_down.model_dump(mode="json")
