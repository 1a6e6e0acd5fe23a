"""What the service keeps: state machines, executions and map runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from embedded.cloud.stepfunctions.history import History
from embedded.cloud.stepfunctions.scope import Scope

Json = Any
CLOSING_EVENTS = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html
_ERROR_LIMIT = 256
_CAUSE_LIMIT = 32_768


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Revision:
    """What an update makes a new one of, and a version keeps."""

    revision_id: str
    role_arn: str
    text: str
    definition: dict[str, Json]
    settings: dict[str, Json]

    @property
    def encrypted(self) -> bool:
        """Whether its executions' data is under a key of the customer's."""
        return self.settings.get("encryptionConfiguration", {}).get("type") == "CUSTOMER_MANAGED_KMS_KEY"


@dataclass(frozen=True, slots=True)
class Version:
    """A revision that was published; it never changes."""

    arn: str
    number: int
    revision: Revision
    description: str
    created: datetime


@dataclass(slots=True)
class Alias:
    """A name for one version, or for two of which each gets its share of the executions."""

    arn: str
    name: str
    weights: dict[str, int]
    """ARN of a version → percent."""
    description: str
    created: datetime
    updated: datetime


@dataclass(slots=True)
class StateMachine:
    """A state machine as it is now. A running execution keeps the `definition` and role that it started with."""

    arn: str
    name: str
    revision: Revision
    kind: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict[str, str])
    versions: dict[int, Version] = field(default_factory=dict[int, Version])
    published: int = 0
    """Number of the latest version that ever was: none is given twice."""
    aliases: dict[str, Alias] = field(default_factory=dict[str, Alias])


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a sequence of states is: about to run `state` on `data`, or done with `data` as its output."""

    state: str | None
    data: Json


@dataclass(slots=True)
class Execution:
    """One execution, or one child of a map run."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    definition: dict[str, Json]
    """The object that holds `StartAt` and `States`."""
    input: str
    status: str = "RUNNING"
    started: datetime = field(default_factory=now)
    stopped: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    data: Json = None
    """The input, parsed."""
    machine_text: str = ""
    version_arn: str | None = None
    """Of the version that runs, where one was started by its own ARN or an alias's."""
    alias_arn: str | None = None
    encrypted: bool = False
    trace_header: str | None = None
    map_run: MapRun | None = None
    items: int = 1
    """How many items a child of a map run works on."""
    redrives: int = 0
    redriven: datetime | None = None
    history: History = field(default_factory=History)
    scope: Scope = field(default_factory=Scope)
    progress: dict[str, Cursor] = field(default_factory=dict[str, Cursor])
    """Cursor of each sequence of states by its path (`""` is the top): where a redrive goes on."""
    map_runs: dict[str, MapRun] = field(default_factory=dict[str, "MapRun"])
    """The latest map run of each distributed Map by its path."""
    on_change: Callable[[Execution], None] | None = None
    closed: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    """Nothing of the last attempt runs any more: what ends from outside is closed before that."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> bool:
        """End the execution; only the first end counts, and everything that still runs in it is cancelled."""
        with self._lock:
            if self.status != "RUNNING":
                return False
            self.output = output
            self.error = error[:_ERROR_LIMIT] if error else error
            self.cause = cause[:_CAUSE_LIMIT] if cause else cause
            self.stopped = now()
            if status == "SUCCEEDED":
                details = {"output": output, "outputDetails": {"truncated": False}}
            else:
                details = {name: text for name, text in (("error", self.error), ("cause", self.cause)) if text}
            self.history.close(CLOSING_EVENTS[status], **details)
            self.status = status
        self.scope.cancel()
        self.closed.set()
        if self.on_change is not None:
            self.on_change(self)
        return True

    def reopen(self) -> None:
        """Make a failed execution run again from where it stopped."""
        with self._lock:
            self.status, self.stopped, self.error, self.cause = "RUNNING", None, None, None
            self.scope = Scope()
            self.closed.clear()
            self.redrives += 1
            self.redriven = now()
            self.history.reopen()

    def forget(self, path: str) -> None:
        """Drop the cursors below `path`: its branches or iterations start anew."""
        for key in [key for key in self.progress if key.startswith(f"{path}/")]:
            del self.progress[key]


@dataclass(slots=True)
class MapRun:
    """The run of a distributed Map and its child executions, one per item or batch."""

    arn: str
    execution_arn: str
    label: str
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    children: list[Execution] = field(default_factory=list[Execution])
    pending: set[str] = field(default_factory=set[str])
    """ARNs of children that have not started yet."""
    status: str = "RUNNING"
    started: datetime = field(default_factory=now)
    stopped: datetime | None = None
    redrives: int = 0
    redriven: datetime | None = None
    results_written: int = 0

    def counts(self, *, items: bool) -> dict[str, int]:
        """By status, of items or of child executions, under the names of DescribeMapRun."""
        counts: dict[str, int] = {}
        counts |= dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted"), 0)
        names = {
            "RUNNING": "running",
            "SUCCEEDED": "succeeded",
            "FAILED": "failed",
            "TIMED_OUT": "timedOut",
            "ABORTED": "aborted",
        }
        total = 0
        for child in self.children:
            weight = child.items if items else 1
            total += weight
            counts["pending" if child.arn in self.pending else names[child.status]] += weight
        return {**counts, "total": total, "resultsWritten": self.results_written}

    def exceeded(self) -> bool:
        """Whether more items failed than are tolerated."""
        counts = self.counts(items=True)
        failed = counts["failed"] + counts["timedOut"]
        if self.tolerated_count == 0 and self.tolerated_percentage == 0:
            return failed > 0
        by_count = self.tolerated_count > 0 and failed > self.tolerated_count
        by_share = self.tolerated_percentage > 0 and failed * 100 > self.tolerated_percentage * counts["total"]
        return by_count or by_share
