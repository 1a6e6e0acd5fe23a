"""EventBridge event patterns: which events a rule, or a Lambda filter, lets through.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
An operator that is not known is an error when the pattern is made, never a pattern that matches by accident.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

Json = Any
"""Whatever JSON holds."""

_MISSING = object()
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}
_OPERATORS = frozenset(
    ["prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"]
)


class BadPatternError(ValueError):
    """The pattern is not one that EventBridge takes."""


def check(pattern: Mapping[str, Any]) -> None:
    """Raise `BadPatternError` for what EventBridge would refuse."""
    for field, wanted in pattern.items():
        if field == "$or":
            if not isinstance(wanted, list) or len(cast("list[Any]", wanted)) < 2:
                raise BadPatternError("$or must be an array of at least two patterns")
            for option in cast("list[Mapping[str, Any]]", wanted):
                check(option)
        elif isinstance(wanted, Mapping):
            check(cast("Mapping[str, Any]", wanted))
        elif isinstance(wanted, list) and wanted:
            for condition in cast("list[Any]", wanted):
                _check_condition(field, condition)
        else:
            raise BadPatternError(f"{field!r} must be an object or a non-empty array")


def matches(pattern: Mapping[str, Any], event: Json) -> bool:
    """Whether `event` satisfies every field of `pattern`."""
    if isinstance(event, list):  # a nested pattern matches an array if it matches one of its objects
        return any(matches(pattern, item) for item in cast("list[Any]", event))
    if not isinstance(event, Mapping):
        # Only "does not exist" can hold for fields of something that is no object.
        event = {}
    fields = cast("Mapping[str, Any]", event)
    return all(_field_matches(name, wanted, fields) for name, wanted in pattern.items())


def _field_matches(name: str, wanted: Json, event: Mapping[str, Any]) -> bool:
    if name == "$or":
        return any(matches(option, event) for option in wanted)
    found = event.get(name, _MISSING)
    if isinstance(wanted, Mapping):
        return matches(cast("Mapping[str, Any]", wanted), None if found is _MISSING else found)
    return any(_condition_holds(condition, found) for condition in wanted)


def _condition_holds(condition: Json, found: Json) -> bool:
    if isinstance(condition, Mapping) and "exists" in condition:
        present = found is not _MISSING and not isinstance(found, Mapping)
        return present is condition["exists"]
    if found is _MISSING or isinstance(found, Mapping):
        return False
    values = cast("list[Any]", found) if isinstance(found, list) else [found]
    return any(_value_matches(condition, value) for value in values)


def _value_matches(condition: Json, value: Json) -> bool:
    if not isinstance(condition, Mapping):
        same_type = type(condition) is type(value) or _number(condition, value)
        return same_type and condition == value
    operator, operand = next(iter(cast("Mapping[str, Any]", condition).items()))
    if operator == "anything-but":
        return _is_something_else(operand, value)
    if operator == "numeric":
        return _number(value) and all(
            _COMPARISONS[sign](value, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    if operator == "cidr":
        return _in_network(value, operand)
    return isinstance(value, str) and any(_text_matches(operator, option, value) for option in _options(operand))


def _is_something_else(operand: Json, value: Json) -> bool:
    if isinstance(operand, Mapping):
        return not _value_matches(cast("Any", operand), value)
    return not any(_value_matches(option, value) for option in _options(operand))


def _text_matches(operator: str, option: Json, value: str) -> bool:
    if isinstance(option, Mapping):  # {"prefix": {"equals-ignore-case": "x"}}
        folded = cast("Mapping[str, str]", option)["equals-ignore-case"].lower()
        return _text_matches(operator, folded, value.lower())
    if operator == "prefix":
        return value.startswith(option)
    if operator == "suffix":
        return value.endswith(option)
    if operator == "equals-ignore-case":
        return value.lower() == option.lower()
    return _wildcard(option).fullmatch(value) is not None


def _wildcard(text: str) -> re.Pattern[str]:
    pieces = re.findall(r"\\[*\\]|.", text, re.DOTALL)
    return re.compile("".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces), re.DOTALL)


def _options(operand: Json) -> list[Any]:
    return cast("list[Any]", operand) if isinstance(operand, list) else [operand]


def _number(*values: Json) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _in_network(value: Json, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _check_condition(field: str, condition: Json) -> None:
    if not isinstance(condition, Mapping):
        if isinstance(condition, list):
            raise BadPatternError(f"{field!r}: a condition is a value or an object, not an array")
        return
    operators = list(cast("Mapping[str, Any]", condition).items())
    if len(operators) != 1 or operators[0][0] not in _OPERATORS:
        raise BadPatternError(f"{field!r}: unrecognized match type {', '.join(name for name, _ in operators)}")
    operator, operand = operators[0]
    if operator == "exists" and not isinstance(operand, bool):
        raise BadPatternError(f"{field!r}: exists must be true or false")
    if operator == "numeric":
        _check_numeric(field, operand)
    if operator == "anything-but" and isinstance(operand, Mapping):
        _check_condition(field, cast("Any", operand))


def _check_numeric(field: str, operand: Json) -> None:
    terms = cast("list[Any]", operand) if isinstance(operand, list) else []
    if len(terms) not in (2, 4) or not all(sign in _COMPARISONS for sign in terms[::2]) or not _number(*terms[1::2]):
        raise BadPatternError(f'{field!r}: numeric wants ["<", 5] or [">", 0, "<=", 5]')
