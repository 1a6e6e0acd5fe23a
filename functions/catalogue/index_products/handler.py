"""State IndexProducts: a batch of products → their pictures, delivered and described."""

from functools import cache
from typing import Any

from functions.catalogue.index_products import logic
from functions.catalogue.index_products.env import Environment
from functions.catalogue.index_products.fetch import Fetcher
from functions.catalogue.index_products.store import AwsStore
from functions.contracts.catalogue import IndexProductsInput
from functions.shared import aws
from functions.shared.observability import LambdaContext, count, logger, observed
from functions.shoppable.matching.features import describe_image


@cache
def _fetcher() -> Fetcher:
    return Fetcher()


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """IndexProductsInput → how much was done; the result itself is an object in the catalogue bucket."""
    env = Environment.from_process()
    store = AwsStore(aws.s3(), env.catalogue_bucket, env.delivery_bucket, env.code_digest)
    given = IndexProductsInput.model_validate(event)
    result = logic.index_batch(given, store, _fetcher().fetch, describe_image)
    count("PicturesDescribed", len(result.images))
    count("PicturesRefused", len(result.failures))
    for failure in result.failures:
        logger.warning("Picture not usable", extra={"failure": failure.model_dump(mode="json")})
    return {"batch": result.batch, "images": len(result.images), "failures": len(result.failures)}
