"""From the start of an execution to its end."""

from __future__ import annotations

import logging
import threading

from embedded.authorisation.requests.compute import machine_of
from embedded.cloud import authority
from embedded.cloud.stepfunctions.errors import RUNTIME, TIMEOUT, StateError
from embedded.cloud.stepfunctions.interpreter import Frame, Runtime, run
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.records import Execution
from embedded.cloud.stepfunctions.scope import Cancelled

logger = logging.getLogger(__name__)


def start(runtime: Runtime, execution: Execution) -> None:
    """Run in a thread of its own."""
    execution.left.clear()
    threading.Thread(target=perform, args=(runtime, execution), name=execution.name, daemon=True).start()


def perform(runtime: Runtime, execution: Execution) -> None:
    """Run an execution, or go on with a redriven one, to its end. Never raises: what goes wrong is its status."""
    if execution.redrives:
        execution.history.add("ExecutionRedriven", redriveCount=execution.redrives)
    elif not execution.history.events():
        execution.history.add(
            "ExecutionStarted", input=execution.input, inputDetails={"truncated": False}, roleArn=execution.role_arn
        )
    if execution.on_change is not None:
        execution.on_change(execution)
    frame = Frame(execution, runtime, execution.scope, last=len(execution.history.events()))
    timer = _timer(execution)
    try:
        _check_key(execution)
        output = run(frame, execution.definition, execution.data)
        execution.close("SUCCEEDED", output=dumps(output))
    except StateError as failure:
        execution.close("FAILED", error=failure.error, cause=failure.cause)
    except Cancelled:
        execution.close("ABORTED")
    except Exception as error:
        logger.exception("the interpreter broke in %s", execution.arn)
        execution.close("FAILED", error=RUNTIME, cause=f"The interpreter broke: {type(error).__name__}: {error}")
    finally:
        if timer is not None:
            timer.cancel()
        execution.left.set()


def _check_key(execution: Execution) -> None:
    """Errors: StateError, as AWS words it where the role may not use the machine's key."""
    try:
        authority.execution(machine_of(execution.arn), execution.role_arn)
    except authority.NotPermittedError as error:
        raise StateError("States.Runtime", error.message) from error


def redrive(runtime: Runtime, execution: Execution) -> None:
    """Go on with a closed execution where it failed, in the calling thread."""
    execution.reopen()
    perform(runtime, execution)


def _timer(execution: Execution) -> threading.Timer | None:
    seconds = execution.definition.get("TimeoutSeconds")
    if seconds is None:
        return None
    timer = threading.Timer(float(seconds), lambda: execution.close("TIMED_OUT", error=TIMEOUT))
    timer.daemon = True
    timer.start()
    return timer
