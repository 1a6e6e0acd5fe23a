"""Messages of the intake queue → executions, with partial batch responses: only what failed comes back."""

from typing import Any

from functions.intake.start import logic
from functions.intake.start.env import Environment
from functions.intake.start.store import StateMachine
from functions.shared import aws
from functions.shared.errors import Permanent, Transient
from functions.shared.observability import LambdaContext, count, logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """One batch of queue messages; answers which to deliver again."""
    env = Environment.from_process()
    machine = StateMachine(aws.stepfunctions(), env.state_machine_arn)
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        try:
            start = logic.plan(record["body"], env.pipeline, env.analysis_revision)
            new = machine.start(start.name, start.input)
        except logic.UnusableEvent as error:
            logger.warning("Upload not usable", extra={"why": str(error)})
            count("UnusableUploads")
        except (Transient, Permanent) as error:
            # Also what looks permanent comes back to the queue, and so ends in its dead-letter queue, where it is seen.
            logger.error("Execution not started", extra={"why": str(error)})
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            logger.info("Execution started" if new else "Execution exists", extra={"execution": start.name})
            count("ExecutionsStarted" if new else "DuplicateUploads")
    return {"batchItemFailures": failures}
