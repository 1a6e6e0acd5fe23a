"""Logs, metrics and traces of every handler: one JSON line per message, metrics in CloudWatch's embedded format.

Service, level and namespace come from the POWERTOOLS_* variables that every function is given.
"""

import os
import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

if TYPE_CHECKING:
    from aws_lambda_powertools import Tracer

__all__ = ["LambdaContext", "MetricUnit", "count", "logger", "metrics", "observed"]

Result = TypeVar("Result")

logger = Logger()
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ShoppableVideo")


@cache
def _tracer() -> "Tracer":
    # X-Ray's library takes longer to load than everything else that a handler of `api` needs.
    from aws_lambda_powertools import Tracer

    return Tracer(disabled=False, patch_modules=["botocore"])


def sampled() -> bool:
    """Whether X-Ray keeps the trace of this invocation; without a daemon it would go nowhere.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return "AWS_XRAY_DAEMON_ADDRESS" in os.environ and "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


def count(name: str, value: float = 1) -> None:
    """Adds `value` to the metric `name` of this function."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def observed(
    handler: Callable[[dict[str, Any], LambdaContext], Result],
) -> Callable[[dict[str, Any], LambdaContext], Result]:
    """A handler with its context in every log line, metrics flushed, sampled segments traced and its error logged."""

    @wraps(handler)
    def logged(event: dict[str, Any], context: LambdaContext) -> Result:
        try:
            return handler(event, context)
        except Exception:
            logger.exception("The handler failed")
            raise

    decorated: Any = logger.inject_lambda_context(clear_state=True)(metrics.log_metrics(logged))

    @cache
    def traced() -> Callable[[dict[str, Any], LambdaContext], Result]:
        capturing: Any = _tracer().capture_lambda_handler(capture_response=False)
        return capturing(decorated)

    @wraps(handler)
    def quiet(event: dict[str, Any], context: LambdaContext) -> Result:
        with warnings.catch_warnings():
            # A handler that counted nothing is no news.
            warnings.filterwarnings("ignore", message="No application metrics to publish")
            return (traced() if sampled() else decorated)(event, context)

    return quiet
