"""State ReadFeed: an uploaded feed → what changed, or why it cannot be used."""

from typing import Any

from functions.catalogue.read_feed import logic
from functions.catalogue.read_feed.env import Environment
from functions.catalogue.read_feed.store import AwsStore
from functions.contracts.catalogue import CatalogueImport
from functions.shared import aws
from functions.shared.observability import LambdaContext, count, logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """CatalogueImport → FeedRead."""
    env = Environment.from_process()
    store = AwsStore(aws.s3(), aws.dynamodb(), env.catalogue_bucket, env.imports_table)
    read = logic.read_feed(
        CatalogueImport.model_validate(event), store, max_drop_share=env.max_drop_share, code_digest=env.code_digest
    )
    count("RowsRejected", read.rejected)
    logger.info("Feed read", extra={"feed": read.model_dump(mode="json", exclude_none=True)})
    return read.model_dump(mode="json")
