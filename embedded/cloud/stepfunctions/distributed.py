"""The distributed Map: a map run with one child execution per item or batch.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

from embedded.authorisation.requests.compute import machine_of
from embedded.cloud import authority
from embedded.cloud.stepfunctions import lifecycle
from embedded.cloud.stepfunctions.errors import StateError
from embedded.cloud.stepfunctions.fork import inline_map, processor, select_item
from embedded.cloud.stepfunctions.interpreter import Runtime, Step
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.items import batch, read_items
from embedded.cloud.stepfunctions.records import Execution, MapRun, now
from embedded.cloud.stepfunctions.results import write_results
from embedded.cloud.stepfunctions.scope import Cancelled, Scope, join_all
from embedded.cloud.stepfunctions.template import number

Json = Any
# AWS runs up to 10,000 children at once; here each is a thread.
CHILD_CONCURRENCY = 64


def map_items(step: Step, data: Json) -> Json:
    """A Map state, in the mode that its processor asks for."""
    mode = processor(step.state).get("ProcessorConfig", {}).get("Mode", "INLINE")
    return distributed_map(step, data) if mode == "DISTRIBUTED" else inline_map(step, data)


def distributed_map(step: Step, data: Json) -> Json:
    """Run the children; the result is the array of what succeeded, or where ResultWriter has put it.

    Errors: States.ItemReaderFailed, States.ExceedToleratedFailureThreshold, States.ResultWriterFailed.
    """
    frame = step.frame
    execution = frame.execution
    run = execution.map_runs.get(step.path) if step.resumed else None
    if run is None:
        run = _new_run(step, data)
        execution.map_runs[step.path] = run
        frame.add("MapStateStarted", length=len(run.children))
        frame.add("MapRunStarted", mapRunArn=run.arn)
    else:
        run.status, run.stopped, run.redrives, run.redriven = "RUNNING", None, run.redrives + 1, now()
        frame.add("MapRunRedriven", mapRunArn=run.arn, redriveCount=run.redrives)
    try:
        _may_start(execution)
        _run_children(step, run)
        result = write_results(step, data, run)
    except Cancelled:
        _end(run, "ABORTED")
        raise
    except StateError as failure:
        _end(run, "FAILED")
        frame.add("MapRunFailed", error=failure.error, cause=failure.cause)
        frame.add("MapStateFailed")  # AWS gives this event no details
        raise
    _end(run, "SUCCEEDED")
    frame.add("MapRunSucceeded")
    frame.add("MapStateSucceeded")
    return result


def _end(run: MapRun, status: str) -> None:
    run.status, run.stopped = status, now()


def _new_run(step: Step, data: Json) -> MapRun:
    execution, runtime, state = step.frame.execution, step.frame.runtime, step.state
    label: str = state.get("Label") or re.sub(r"[^A-Za-z0-9_-]", "-", step.name)[:40]
    context = step.context
    run = MapRun(
        arn=f"arn:aws:states:{runtime.region}:{runtime.account_id}:mapRun:{execution.machine_name}/{label}:{uuid.uuid4()}",
        execution_arn=execution.arn,
        label=label,
        max_concurrency=int(number(state, "MaxConcurrency", data, context) or 0),
        tolerated_count=int(number(state, "ToleratedFailureCount", data, context) or 0),
        tolerated_percentage=float(number(state, "ToleratedFailurePercentage", data, context) or 0),
    )
    items = [select_item(step, data, index, item) for index, item in enumerate(read_items(step, data))]
    definition = processor(state)
    for value, count in batch(step, data, items):
        name = str(uuid.uuid4())
        prefix = f"arn:aws:states:{runtime.region}:{runtime.account_id}"
        run.children.append(
            Execution(
                arn=f"{prefix}:execution:{execution.machine_name}/{label}:{name}",
                name=name,
                machine_arn=f"{prefix}:stateMachine:{execution.machine_name}/{label}",
                machine_name=f"{execution.machine_name}/{label}",
                role_arn=execution.role_arn,
                definition=definition,
                input=dumps(value),
                data=value,
                map_run=run,
                items=count,
            )
        )
    run.pending = {child.arn for child in run.children}
    return run


def _run_children(step: Step, run: MapRun) -> None:
    """Run what has not succeeded yet. Errors: States.ExceedToleratedFailureThreshold, Cancelled."""
    turns = iter([child for child in run.children if child.status != "SUCCEEDED"])
    lock = threading.Lock()

    def turn() -> Execution | None:
        with lock:
            child = next(turns, None)
            if child is not None:
                run.pending.discard(child.arn)
            return child

    with step.frame.scope.child() as scope:

        def work() -> None:
            while not scope.cancelled and (child := turn()) is not None:
                _run_child(step.frame.runtime, scope, child)
                with lock:
                    over = run.exceeded()
                if over:
                    scope.cancel()

        join_all(work, min(run.max_concurrency or CHILD_CONCURRENCY, CHILD_CONCURRENCY, len(run.children)), run.label)
    for child in run.children:
        if child.arn in run.pending:
            child.close("ABORTED")
    run.pending.clear()
    step.frame.scope.check()
    if run.exceeded():
        cause = "The specified tolerated failure threshold was exceeded"
        raise StateError("States.ExceedToleratedFailureThreshold", cause)


def _may_start(execution: Execution) -> None:
    """Errors: StateError. A map run starts executions of its own machine, under the machine's role."""
    machine = machine_of(execution.arn)
    try:
        authority.as_role(
            execution.role_arn,
            authority.SESSION_OF_MACHINES,
            region=machine.split(":")[3],
            api="stepfunctions:StartExecution",
            params={"stateMachineArn": machine},
        )
    except authority.NotPermittedError as error:
        raise StateError("States.Runtime", error.message) from error


def _run_child(runtime: Runtime, scope: Scope, child: Execution) -> None:
    def abort() -> None:
        child.close("ABORTED")

    if child.status != "RUNNING":
        child.reopen()
    with scope.listening(abort):
        lifecycle.perform(runtime, child)
