"""Parallel and the inline Map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from embedded.cloud.stepfunctions.errors import PathError, StateError
from embedded.cloud.stepfunctions.interpreter import Frame, Step, run
from embedded.cloud.stepfunctions.scope import Cancelled, Scope, run_all
from embedded.cloud.stepfunctions.template import expression, fill, number

Json = Any
# "Concurrency of 40": https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
INLINE_CONCURRENCY = 40


def parallel(step: Step, data: Json) -> Json:
    """Run all branches on the same input; the result is the array of their outputs."""
    frame = step.frame
    branches: list[Mapping[str, Json]] = step.state["Branches"]
    shared = step.parameters(data)
    if not step.resumed:
        frame.execution.forget(step.path)
    frame.add("ParallelStateStarted")

    def job(index: int, branch: Mapping[str, Json]) -> Callable[[Scope], Json]:
        def branch_run(scope: Scope) -> Json:
            inner = Frame(frame.execution, frame.runtime, scope, f"{step.path}/{index}", frame.last, frame.item)
            return run(inner, branch, shared)

        return branch_run

    try:
        jobs = [job(index, branch) for index, branch in enumerate(branches)]
        results = run_all(frame.scope, jobs, len(jobs))
    except StateError:
        frame.add("ParallelStateFailed")  # AWS gives this event no details
        raise
    frame.add("ParallelStateSucceeded")
    return results


def items_of(step: Step, data: Json) -> list[Json]:
    """The array that an inline Map (or a distributed one without ItemReader) runs over. Errors: PathError."""
    path: str = step.state.get("ItemsPath", "$")
    items: Json = expression(path, data, step.context)
    if not isinstance(items, list):
        raise PathError(f'Reference path "{path}" must point to array.')
    return items  # pyright: ignore[reportUnknownVariableType]


def select_item(step: Step, data: Json, index: int, item: Json) -> Json:
    """The input of one iteration: the item, or what `ItemSelector` (of old `Parameters`) makes of it."""
    template: Json = step.state.get("ItemSelector", step.state.get("Parameters"))
    if template is None:
        return item
    context = {**step.context, "Map": {"Item": {"Index": index, "Value": item}}}
    return fill(template, data, context)


def processor(state: Mapping[str, Json]) -> dict[str, Json]:
    """The states that run per item, under the new or the old name."""
    return state.get("ItemProcessor") or state["Iterator"]


def inline_map(step: Step, data: Json) -> Json:
    """Run the processor once per item; the result is the array of outputs in the order of the items."""
    frame = step.frame
    items = items_of(step, data)
    definition = processor(step.state)
    limit = int(number(step.state, "MaxConcurrency", data, step.context) or 0) or INLINE_CONCURRENCY
    if not step.resumed:
        frame.execution.forget(step.path)
    frame.add("MapStateStarted", length=len(items))

    def job(index: int, item: Json) -> Callable[[Scope], Json]:
        def iteration(scope: Scope) -> Json:
            value = select_item(step, data, index, item)
            context = {"Item": {"Index": index, "Value": item}}
            inner = Frame(frame.execution, frame.runtime, scope, f"{step.path}/{index}", frame.last, context)
            about = {"name": step.name, "index": index}
            inner.add("MapIterationStarted", **about)
            try:
                output = run(inner, definition, value)
            except Cancelled:
                inner.add("MapIterationAborted", **about)
                raise
            except StateError:
                inner.add("MapIterationFailed", **about)
                raise
            inner.add("MapIterationSucceeded", **about)
            return output

        return iteration

    try:
        jobs = [job(index, item) for index, item in enumerate(items)]
        results = run_all(frame.scope, jobs, min(limit, INLINE_CONCURRENCY))
    except StateError:
        frame.add("MapStateFailed")  # AWS gives this event no details
        raise
    frame.add("MapStateSucceeded")
    return results
