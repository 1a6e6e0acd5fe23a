"""Choice rules: https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from embedded.cloud.stepfunctions.errors import PathError
from embedded.cloud.stepfunctions.template import expression

Json = Any
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


def timestamp(value: Json) -> datetime | None:
    """An RFC 3339 time (`T` and `Z` upper case), or None for anything else."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _number(value: Json) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _typed(read: Callable[[Json], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def test(value: Json, wanted: Json) -> bool:
        one, other = read(value), read(wanted)
        return one is not None and other is not None and compare(one, other)

    return test


def _matches(value: Json, pattern: Json) -> bool:
    if not isinstance(value, str):
        return False
    parts = re.findall(r"\\.|\*|[^*\\]+|\\", pattern)
    regex = "".join(
        ".*" if part == "*" else re.escape(part[1:] if len(part) > 1 and part[0] == "\\" else part) for part in parts
    )
    return re.fullmatch(regex, value, re.DOTALL) is not None


_ORDER = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_KINDS: dict[str, Callable[[Json], Any]] = {
    "String": lambda value: value if isinstance(value, str) else None,
    "Numeric": _number,
    "Timestamp": timestamp,
}
_TYPED: dict[str, Callable[[Json, Json], bool]] = {
    **{f"{kind}{name}": _typed(read, compare) for kind, read in _KINDS.items() for name, compare in _ORDER.items()},
    "BooleanEquals": _typed(lambda value: value if isinstance(value, bool) else None, operator.eq),
}
COMPARISONS: dict[str, Callable[[Json, Json], bool]] = {
    **_TYPED,
    **{f"{name}Path": test for name, test in _TYPED.items()},
    "StringMatches": _matches,
}
CHECKS: dict[str, Callable[[Json], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}


def holds(rule: Mapping[str, Json], data: Json, context: Json) -> bool:
    """Whether a choice rule is true. Errors: PathError when its variable is absent (unless IsPresent asks that)."""
    if "And" in rule:
        return all(holds(inner, data, context) for inner in rule["And"])
    if "Or" in rule:
        return any(holds(inner, data, context) for inner in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, context)
    try:
        value = expression(rule["Variable"], data, context)
    except PathError:
        if "IsPresent" in rule:
            return rule["IsPresent"] is False
        message = f"Invalid path '{rule['Variable']}': The choice state's condition path references an invalid value."
        raise PathError(message) from None
    return _compares(rule, value, data, context)


def _compares(rule: Mapping[str, Json], value: Json, data: Json, context: Json) -> bool:
    if "IsPresent" in rule:
        return rule["IsPresent"] is True
    (name,) = rule.keys() - {"Variable", "Next", "Comment"}
    if name in CHECKS:
        return CHECKS[name](value) is rule[name]
    wanted = expression(rule[name], data, context) if name.endswith("Path") else rule[name]
    return COMPARISONS[name](value, wanted)
