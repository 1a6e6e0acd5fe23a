"""An execution that FAILED, TIMED_OUT or was ABORTED → its status record says so, if nothing else did."""

from typing import Any

from functions.intake.record_failure import logic
from functions.intake.record_failure.env import Environment
from functions.intake.record_failure.store import Executions, Statuses
from functions.shared import aws
from functions.shared.observability import LambdaContext, count, logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """One execution status change; answers whether a record was changed."""
    env = Environment.from_process()
    ended = logic.Ended.model_validate(event["detail"])
    if ended.input is None:
        ended = Executions(aws.stepfunctions()).describe(ended)
    subject = logic.subject(ended)
    if subject is None:
        logger.info("Not an execution with a status", extra={"execution": ended.execution_arn})
        return {"recorded": False}
    statuses = Statuses(aws.dynamodb(), env.imports_table, env.videos_table)
    why = logic.reason(ended)
    recorded = statuses.fail(subject, ended.execution_arn, why, event["time"])
    if recorded:
        count("UncaughtFailures")
    logger.info("Failure", extra={"execution": ended.execution_arn, "recorded": recorded, "reason": why.code})
    return {"recorded": recorded}
