"""The resource types, a module per service. Importing a module declares its types."""

import functools
import importlib

_MODULES = (
    "apigatewayv2", "budgets", "cloudfront", "cloudwatch", "costexplorer", "docker_build", "dynamodb", "ecr",
    "events", "iam", "kms", "lambda_", "log_delivery", "logs", "mediaconvert", "s3", "sfn", "sns", "sqs", "wafv2",
)  # fmt: skip


@functools.cache
def load() -> None:
    """Declare every type."""
    for module in _MODULES:
        importlib.import_module(f"{__name__}.{module}")
