"""Logs, metrics and traces of every handler: one JSON line per message, metrics in CloudWatch's embedded format.

Service, level and namespace come from the POWERTOOLS_* variables that every function is given.
"""

import os
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["LambdaContext", "MetricUnit", "count", "logger", "metrics", "observed", "tracer"]

Result = TypeVar("Result")

logger = Logger()
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ShoppableVideo")
# Lambda sets the daemon's address in every container; elsewhere there is no daemon, and segments would go nowhere.
tracer = Tracer(disabled="AWS_XRAY_DAEMON_ADDRESS" not in os.environ)


def count(name: str, value: float = 1) -> None:
    """Adds `value` to the metric `name` of this function."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def observed(
    handler: Callable[[dict[str, Any], LambdaContext], Result],
) -> Callable[[dict[str, Any], LambdaContext], Result]:
    """A handler with its context in every log line, its metrics flushed, its segment traced, its error logged."""

    @wraps(handler)
    def logged(event: dict[str, Any], context: LambdaContext) -> Result:
        try:
            return handler(event, context)
        except Exception:
            logger.exception("The handler failed")
            raise

    decorated: Any = tracer.capture_lambda_handler(capture_response=False)(
        logger.inject_lambda_context(clear_state=True)(metrics.log_metrics(logged))
    )

    @wraps(handler)
    def quiet(event: dict[str, Any], context: LambdaContext) -> Result:
        with warnings.catch_warnings():
            # A handler that counted nothing is no news.
            warnings.filterwarnings("ignore", message="No application metrics to publish")
            return decorated(event, context)

    return quiet
