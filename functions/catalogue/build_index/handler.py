"""State BuildIndex: the described pictures of an import → the visual index of its revision."""

import tempfile
from pathlib import Path
from typing import Any

from functions.catalogue.build_index import logic
from functions.catalogue.build_index.env import Environment
from functions.catalogue.build_index.store import AwsStore
from functions.contracts.catalogue import BuildIndexInput
from functions.shared import aws
from functions.shared.observability import LambdaContext, count, logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """BuildIndexInput → IndexBuilt."""
    env = Environment.from_process()
    store = AwsStore(aws.s3(), env.catalogue_bucket, env.code_digest)
    with tempfile.TemporaryDirectory() as directory:
        built = logic.build(BuildIndexInput.model_validate(event), store, Path(directory))
    count("ProductsWithoutPicture", built.unmatched_products)
    count("ProductsNeedingSemanticEngine", built.untextured_products)
    logger.info("Index built", extra={"index": built.model_dump(mode="json")})
    return built.model_dump(mode="json")
