"""Shows a running execution: a line for each state it enters, and how much of its work is done."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from shop.stack import Stack

Record = dict[str, Any]
T = TypeVar("T")

POLL_SECONDS = 0.5
RUNNING = frozenset({"processing", "restoring"})
"""States of a record that something else will follow."""


class TimedOutError(Exception):
    """Nothing final was recorded within the time that the operator allowed."""


def say(text: str) -> None:
    """A line of progress: to stderr, so that stdout stays for results."""
    print(text, file=sys.stderr, flush=True)


class Follower:
    """Follows one execution; `show(record)` prints what is new since the last call.

    `record` is the status record: `execution` is the execution's ARN, `progress` counts frames per segment.
    """

    def __init__(self, stack: Stack) -> None:
        self._states = stack.client("stepfunctions")
        self._started = time.monotonic()
        self._seen = 0
        self._work = ""
        self._items = ""

    def show(self, record: Record) -> None:
        """Print the states entered since the last call, and the counts that changed."""
        execution = record.get("execution")
        if not execution:
            return
        self._show_states(execution)
        counts: Mapping[str, Mapping[str, Any]] = record.get("progress") or {}
        done, total = (sum(int(segment[part]) for segment in counts.values()) for part in ("done", "total"))
        work = f"frames {done} of {total}" if total else ""
        if work and work != self._work:
            self._work = work
            self._line(f"  {work}")
        if record.get("state") in RUNNING:
            self._show_map_runs(execution)

    def _show_states(self, execution: str) -> None:
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=execution)
        for event in (event for page in pages for event in page["events"]):
            if event["id"] <= self._seen:
                continue
            self._seen = event["id"]
            entered = event.get("stateEnteredEventDetails")
            if entered:
                self._line(entered["name"])

    def _show_map_runs(self, execution: str) -> None:
        for run in self._states.list_map_runs(executionArn=execution)["mapRuns"]:
            if run.get("stopDate"):
                continue
            counts = self._states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
            items = f"items {counts['succeeded']} of {counts['total']}"
            if counts["total"] and items != self._items:
                self._items = items
                self._line(f"  {items}")

    def _line(self, text: str) -> None:
        say(f"{time.monotonic() - self._started:7.1f} s  {text}")


def wait_for(look: Callable[[], T | None], timeout_seconds: float, what: str) -> T:
    """Call `look` until it gives a value.

    Raises:
        TimedOutError: it gave none in time.

    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise TimedOutError(
                f"{what} was not finished within {timeout_seconds:.0f} s; `python -m shop status` shows it"
            )
        time.sleep(POLL_SECONDS)
