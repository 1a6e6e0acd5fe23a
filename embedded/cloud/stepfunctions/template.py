"""Payload templates and paths of a state: `Parameters`, `ItemSelector`, `InputPath`, `ResultPath` and their like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from embedded.cloud.stepfunctions import intrinsics, jsonpath
from embedded.cloud.stepfunctions.errors import PathError, StateError

Json = Any


def expression(text: str, data: Json, context: Json) -> Json:
    """The value of a path (`$…`), a context path (`$$…`) or an intrinsic function."""
    if text.startswith("$$"):
        return jsonpath.read(context, text[1:])
    if text.startswith("$"):
        return jsonpath.read(data, text)
    return intrinsics.evaluate(text, lambda path: expression(path, data, context))


def fill(template: Json, data: Json, context: Json) -> Json:
    """`template` with every `"name.$": expression` replaced by `"name": value`. Errors: PathError, StateError."""
    if isinstance(template, Mapping):
        filled: dict[str, Json] = {}
        entries: dict[str, Json] = dict(template)  # pyright: ignore[reportUnknownArgumentType]
        for key, value in entries.items():
            if not key.endswith(".$"):
                filled[key] = fill(value, data, context)
                continue
            try:
                filled[key[:-2]] = expression(value, data, context)
            except PathError as failure:
                message = str(failure).replace("' could not be", f"' specified for the field '{key}' could not be", 1)
                raise PathError(message) from failure
        return filled
    if isinstance(template, list):
        return [fill(item, data, context) for item in cast("list[Json]", template)]
    return template


def select(state: Mapping[str, Json], field: str, data: Json, context: Json) -> Json:
    """Apply `InputPath` or `OutputPath`: absent is all of it, null is an empty object."""
    path: str | None = state.get(field, "$")
    if path is None:
        return {}
    return expression(path, data, context)


def combine(data: Json, result: Json, path: str | None) -> Json:
    """Put a result where `ResultPath` says; null discards it. Errors: States.ResultPathMatchFailure."""
    if path is None:
        return data
    try:
        return jsonpath.write(data, path, result)
    except PathError as failure:
        raise StateError("States.ResultPathMatchFailure", str(failure)) from failure


def number(state: Mapping[str, Json], field: str, data: Json, context: Json) -> float | None:
    """A number given as `Field` or as `FieldPath`; None when neither is given. Errors: PathError."""
    if f"{field}Path" in state:
        value: Json = expression(state[f"{field}Path"], data, context)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PathError(f"The {field}Path parameter does not reference a number: {value!r}")
        return value
    return state.get(field)
