"""The interpreter with all of its states."""

from __future__ import annotations

from embedded.cloud.stepfunctions.distributed import map_items
from embedded.cloud.stepfunctions.fork import parallel
from embedded.cloud.stepfunctions.interpreter import Work
from embedded.cloud.stepfunctions.simple import choose, fail, pass_on, succeed, wait
from embedded.cloud.stepfunctions.task import task

WORKS: dict[str, Work] = {
    "Pass": pass_on,
    "Task": task,
    "Choice": choose,
    "Wait": wait,
    "Succeed": succeed,
    "Fail": fail,
    "Parallel": parallel,
    "Map": map_items,
}
