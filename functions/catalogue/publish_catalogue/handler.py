"""State PublishCatalogue: an indexed revision → the shop's live catalogue."""

import time
from datetime import UTC, datetime
from typing import Any

from functions.catalogue.publish_catalogue import logic
from functions.catalogue.publish_catalogue.env import Environment
from functions.catalogue.publish_catalogue.store import AwsStore
from functions.contracts.catalogue import PublishCatalogueInput
from functions.shared import aws
from functions.shared.observability import LambdaContext, count, logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """PublishCatalogueInput → CataloguePublished."""
    env = Environment.from_process()
    store = AwsStore(
        aws.s3(),
        aws.dynamodb(),
        catalogue_bucket=env.catalogue_bucket,
        delivery_bucket=env.delivery_bucket,
        imports_table=env.imports_table,
        products_table=env.products_table,
        now=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        wait=time.sleep,
    )
    published = logic.publish(PublishCatalogueInput.model_validate(event), store)
    count("OffersWritten", published.offers_written)
    logger.info("Catalogue published", extra={"published": published.model_dump(mode="json")})
    return published.model_dump(mode="json")
