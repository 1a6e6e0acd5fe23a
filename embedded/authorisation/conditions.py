"""Condition operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from embedded.authorisation.errors import PolicyError, UnknownOperatorError
from embedded.authorisation.keys import Kind, key_of
from embedded.authorisation.wildcards import (
    Context,
    UnresolvedError,
    check_variables,
    has_variables,
    matches,
    matches_arn,
    substitute,
)

Test = Callable[[str, str, Context | None], bool]
"""(value of the request, value of the policy, context for variables or None) → whether they match."""


@dataclass(frozen=True, slots=True)
class Operator:
    """How one value of a request is compared with one of a policy."""

    kind: Kind
    test: Test
    negated: bool = False


def _compare(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Test:
    def test(held: str, wanted: str, _context: Context | None) -> bool:
        try:
            return holds(read(held), read(wanted))
        except ValueError:
            return False

    return test


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _within(held: Any, wanted: Any) -> bool:  # noqa: ANN401 - two networks of one family
    return held.version == wanted.version and held.subnet_of(wanted)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(text) from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _text(wanted: str, context: Context | None) -> str:
    return substitute(wanted, context) if context is not None else wanted


def _equals(held: Any, wanted: Any) -> bool:  # noqa: ANN401 - two of a kind
    return held == wanted


_READ: dict[Kind, Callable[[str], Any]] = {
    Kind.NUMBER: _number,
    Kind.DATE: _moment,
    Kind.BOOLEAN: _boolean,
    Kind.BINARY: _bytes,
    Kind.ADDRESS: _network,
}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": _equals,
    "LessThan": lambda held, wanted: held < wanted,
    "LessThanEquals": lambda held, wanted: held <= wanted,
    "GreaterThan": lambda held, wanted: held > wanted,
    "GreaterThanEquals": lambda held, wanted: held >= wanted,
}
_same: Test = lambda held, wanted, context: held == _text(wanted, context)  # noqa: E731
_same_letters: Test = lambda held, wanted, context: held.lower() == _text(wanted, context).lower()  # noqa: E731
_like: Test = lambda held, wanted, context: matches(wanted, held, context)  # noqa: E731
_arn_like: Test = lambda held, wanted, context: matches_arn(wanted, held, context)  # noqa: E731
_address = _compare(_network, _within)

OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(Kind.TEXT, _same),
    "StringNotEquals": Operator(Kind.TEXT, _same, negated=True),
    "StringEqualsIgnoreCase": Operator(Kind.TEXT, _same_letters),
    "StringNotEqualsIgnoreCase": Operator(Kind.TEXT, _same_letters, negated=True),
    "StringLike": Operator(Kind.TEXT, _like),
    "StringNotLike": Operator(Kind.TEXT, _like, negated=True),
    # "ArnEquals and ArnLike behave identically."
    "ArnEquals": Operator(Kind.ARN, _arn_like),
    "ArnLike": Operator(Kind.ARN, _arn_like),
    "ArnNotEquals": Operator(Kind.ARN, _arn_like, negated=True),
    "ArnNotLike": Operator(Kind.ARN, _arn_like, negated=True),
    "Bool": Operator(Kind.BOOLEAN, _compare(_boolean, _equals)),
    "BinaryEquals": Operator(Kind.BINARY, _compare(_bytes, _equals)),
    "IpAddress": Operator(Kind.ADDRESS, _address),
    "NotIpAddress": Operator(Kind.ADDRESS, _address, negated=True),
    **{f"Numeric{name}": Operator(Kind.NUMBER, _compare(_number, order)) for name, order in _ORDERS.items()},
    "NumericNotEquals": Operator(Kind.NUMBER, _compare(_number, _equals), negated=True),
    **{f"Date{name}": Operator(Kind.DATE, _compare(_moment, order)) for name, order in _ORDERS.items()},
    "DateNotEquals": Operator(Kind.DATE, _compare(_moment, _equals), negated=True),
}
_WITH_VARIABLES = (Kind.TEXT, Kind.ARN)
_QUANTIFIERS = ("ForAllValues", "ForAnyValue")
_ARN_SEGMENTS = 6


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator. `operator` is None for `Null`; `key` is in lower case."""

    written: str
    key: str
    values: tuple[str, ...]
    operator: Operator | None
    quantifier: str = ""
    if_exists: bool = False
    variables: bool = False

    def holds(self, context: Context) -> bool:
        """Whether the request meets it. A variable without a value meets nothing."""
        held = context.get(self.key)
        if self.operator is None:
            return (held is None) == _boolean(self.values[0])
        if not held:
            # Absent, or an empty set.
            return self.quantifier == "ForAllValues" or (
                self.quantifier == "" and (self.if_exists or self.operator.negated)
            )
        try:
            one = [self._one(value, context, self.operator) for value in held]
        except UnresolvedError:
            return False
        return all(one) if self.quantifier != "ForAnyValue" else any(one)

    def _one(self, held: str, context: Context, operator: Operator) -> bool:
        given = context if self.variables else None
        return any(operator.test(held, wanted, given) for wanted in self.values) != operator.negated


def read_conditions(block: object, *, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a statement. Errors: PolicyError and its kinds."""
    if not isinstance(block, Mapping):
        message = f"Condition is {block!r}; it must be an object"
        raise PolicyError(message)
    made: list[Condition] = []
    for written, keys in cast("Mapping[str, Any]", block).items():
        if not isinstance(keys, Mapping):
            message = f"{written} holds {keys!r}; it must be an object of condition keys"
            raise PolicyError(message)
        for key, wanted in cast("Mapping[str, Any]", keys).items():
            made.append(_read(written, key, wanted, variables=variables))
    return tuple(made)


def _read(written: str, key: str, wanted: Any, *, variables: bool) -> Condition:  # noqa: ANN401 - a document's value
    quantifier, _, rest = written.rpartition(":")
    name = rest.removesuffix("IfExists")
    known = key_of(key)
    if quantifier and quantifier not in _QUANTIFIERS:
        message = f"the set operator {quantifier} is not known"
        raise UnknownOperatorError(message)
    given = cast("list[Any]", wanted if isinstance(wanted, list) else [wanted])
    values = tuple(_written(value, key) for value in given)
    if not values:
        message = f"{written} gives no value for {key}"
        raise PolicyError(message)
    if written == "Null":
        if len(values) != 1 or values[0] not in ("true", "false"):
            message = f"Null takes true or false for {key}, not {values}"
            raise PolicyError(message)
        return Condition(written, key.lower(), values, None)
    operator = OPERATORS.get(name)
    if operator is None:
        message = f"the condition operator {written} is not known"
        raise UnknownOperatorError(message)
    if quantifier == "ForAnyValue" and rest != name:
        message = f"{written}: what an absent key means to it is not documented"
        raise UnknownOperatorError(message)
    if known.several and not quantifier:
        message = f"{key} holds several values: {written} needs ForAllValues or ForAnyValue"
        raise PolicyError(message)
    for value in values:
        _check_value(written, operator, value, variables=variables)
    replaced = variables and operator.kind in _WITH_VARIABLES and any(has_variables(value) for value in values)
    return Condition(written, key.lower(), values, operator, quantifier, rest != name, replaced)


def _written(value: object, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    message = f"the value {value!r} of {key} must be a string, a number or a boolean"
    raise PolicyError(message)


def _check_value(written: str, operator: Operator, value: str, *, variables: bool) -> None:
    if operator.kind in _READ:
        try:
            _READ[operator.kind](value)
        except ValueError:
            message = f"{written} cannot take {value!r}"
            raise PolicyError(message) from None
        return
    if variables:
        check_variables(value)
    if operator.kind is Kind.ARN and value.count(":") < _ARN_SEGMENTS - 1 and not has_variables(value):
        message = f"{written} takes ARNs of six segments, not {value!r}"
        raise PolicyError(message)
