"""Which fields each state may and must have (Amazon States Language, JSONPath)."""

from __future__ import annotations

from dataclasses import dataclass

_PATHS = {"InputPath", "OutputPath"}
_RESULT = {"Parameters", "ResultPath", "ResultSelector"}
_COMMON = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_RECOVERY = {"Retry", "Catch"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`one_of`: exactly one of each group; `at_most_one`: not two of a group."""

    fields: frozenset[str]
    required: frozenset[str] = frozenset()
    one_of: tuple[tuple[str, ...], ...] = ()
    at_most_one: tuple[tuple[str, ...], ...] = ()
    terminal: bool = False
    """Has neither Next nor End."""


def _rule(
    fields: set[str],
    required: set[str] | None = None,
    one_of: tuple[tuple[str, ...], ...] = (),
    at_most_one: tuple[tuple[str, ...], ...] = (),
    *,
    terminal: bool = False,
) -> Rule:
    every = fields | _COMMON if terminal else fields | _COMMON | _FLOW
    return Rule(frozenset(every), frozenset(required or set()), one_of, at_most_one, terminal)


RULES: dict[str, Rule] = {
    "Pass": _rule(_PATHS | {"Parameters", "ResultPath", "Result"}),
    "Task": _rule(
        _PATHS
        | _RESULT
        | _RECOVERY
        | {
            "Resource",
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
            "Credentials",
        },
        {"Resource"},
        at_most_one=(("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    ),
    "Choice": _rule(_PATHS | {"Choices", "Default"}, {"Choices"}, terminal=True),
    "Wait": _rule(
        _PATHS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
        one_of=(("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    ),
    "Succeed": _rule(set(_PATHS), terminal=True),
    "Fail": _rule(
        {"Error", "ErrorPath", "Cause", "CausePath"},
        at_most_one=(("Error", "ErrorPath"), ("Cause", "CausePath")),
        terminal=True,
    ),
    "Parallel": _rule(_PATHS | _RESULT | _RECOVERY | {"Branches"}, {"Branches"}),
    "Map": _rule(
        _PATHS
        | _RESULT
        | _RECOVERY
        | {
            "ItemsPath",
            "ItemSelector",
            "ItemProcessor",
            "Iterator",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
        }
        | {"MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailureCountPath"}
        | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
        one_of=(("ItemProcessor", "Iterator"),),
        at_most_one=(
            ("ItemSelector", "Parameters"),
            ("MaxConcurrency", "MaxConcurrencyPath"),
            ("ToleratedFailureCount", "ToleratedFailureCountPath"),
            ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
        ),
    ),
}
DISTRIBUTED_ONLY = frozenset(
    {"ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath"}
    | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}
)
TOP = frozenset({"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"})
PROCESSOR = frozenset({"Comment", "StartAt", "States", "ProcessorConfig", "QueryLanguage"})
BRANCH = frozenset({"Comment", "StartAt", "States", "QueryLanguage"})
RETRIER = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
CATCHER = frozenset({"ErrorEquals", "Next", "ResultPath", "Comment"})
READER_INPUTS = frozenset({"JSON", "JSONL", "CSV"})
