"""From Pulumi's argument names to an AWS operation's parameters, driven by botocore's input shapes.

`translate` renames, wraps and converts; an argument that no member of the shape takes is an error. `validate`
checks the result against the model: required members, enumerations, lengths, ranges and patterns. Both let unknown
values pass.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, cast

from embedded.engine.values import Value, is_unknown

# botocore's shapes carry no useful static types: one name for them, here and nowhere else.
Shape = Any


class ArgumentError(Exception):
    """An argument that the operation does not take, or a value that it does not accept."""


def translate(shape: Shape, value: Value, rename: Mapping[str, str], where: str = "") -> Value:
    """`value` (Pulumi's names) as parameters of `shape` (AWS's names).

    `rename` maps a path of arguments (`attributes.type`, no list indexes) to the member that takes it, relative to the
    structure it is in; dots descend (`Code.ImageUri`). Names that differ only in case, or by a plural, need no entry.
    """
    if is_unknown(value):
        return value
    match shape.type_name:
        case "structure":
            return _structure(shape, value, rename, where)
        case "list":
            return _list(shape, value, rename, where)
        case "map":
            if not isinstance(value, dict):
                message = f"{where}: expected a map, got {value!r}"
                raise ArgumentError(message)
            items = cast("dict[str, Any]", value).items()
            return {key: translate(shape.value, item, rename, where) for key, item in items}
        case kind:
            return _scalar(kind, value, where)


def _structure(shape: Shape, value: Value, rename: Mapping[str, str], where: str) -> dict[str, Any]:
    counted = {"Quantity", "Items"} <= set(shape.members)
    if isinstance(value, list) and counted:
        items = translate(shape.members["Items"], value, rename, where)
        return {"Quantity": len(cast("list[Any]", value)), "Items": items}
    if isinstance(value, list) and len(cast("list[Any]", value)) == 1:
        return _structure(shape, value[0], rename, where)
    if not isinstance(value, dict):
        message = f"{where}: expected arguments, got {value!r}"
        raise ArgumentError(message)
    result: dict[str, Any] = {}
    for key, item in cast("dict[str, Any]", value).items():
        if item is None:
            continue
        path = f"{where}.{key}" if where else key
        target = rename.get(path) or member_of(shape, key)
        if target is None:
            message = f"{path} is not an argument of {shape.name}"
            raise ArgumentError(message)
        inner = descend(shape, target, path)
        if counted and target == "Items":
            result["Quantity"] = len(item)
        merge(result, target, translate(inner, item, rename, path))
    return result


def _list(shape: Shape, value: Value, rename: Mapping[str, str], where: str) -> list[Any]:
    member = shape.member
    if isinstance(value, dict) and member.type_name == "structure":
        pair = _pair(member)
        if pair:
            key_name, value_name = pair
            return [{key_name: key, value_name: item} for key, item in cast("dict[str, Any]", value).items()]
    if not isinstance(value, list):
        value = [value]
    return [translate(member, item, rename, where) for item in cast("list[Any]", value)]


def _pair(shape: Shape) -> tuple[str, str] | None:
    names = list(shape.members)
    keys = [name for name in names if name.lower().endswith(("key", "name"))]
    texts = [name for name in names if name.lower().endswith("value")]
    return (keys[0], texts[0]) if len(names) == len(keys) + len(texts) == 2 else None


def _scalar(kind: str, value: Value, where: str) -> Value:
    if isinstance(value, dict | list):
        message = f"{where}: expected a {kind}, got {value!r}"
        raise ArgumentError(message)
    match kind:
        case "string" if isinstance(value, bool):
            return str(value).lower()
        case "string" if isinstance(value, int | float):
            return str(value)
        case "integer" | "long" | "float" | "double" if isinstance(value, str):
            return _number(kind, value, where)
        case "boolean" if isinstance(value, str):
            if value.lower() not in ("true", "false"):
                message = f"{where}: {value!r} is neither true nor false"
                raise ArgumentError(message)
            return value.lower() == "true"
        case "blob" if isinstance(value, str):
            return value.encode()
        case _:
            return value


def _number(kind: str, value: str, where: str) -> float:
    try:
        return int(value) if kind in ("integer", "long") else float(value)
    except ValueError:
        message = f"{where}: {value!r} is no {kind}"
        raise ArgumentError(message) from None


@functools.cache
def _members(shape_name: str, names: tuple[str, ...]) -> dict[str, str]:  # noqa: ARG001  (part of the cache's key)
    return {_normal(name): name for name in names}


def member_of(shape: Shape, key: str) -> str | None:
    """The member of `shape` that the Pulumi name `key` means: the same letters, or their plural or singular."""
    names = _members(shape.name, tuple(shape.members))
    normal = _normal(key)
    for candidate in (normal, f"{normal}s", normal.removesuffix("s"), f"{normal.removesuffix('ies')}y"):
        if candidate in names:
            return names[candidate]
    return None


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def descend(shape: Shape, target: str, where: str) -> Shape:
    """The shape at the dotted path `target` below `shape`."""
    for part in target.split("."):
        if shape.type_name != "structure" or part not in shape.members:
            message = f"{where}: {shape.name} has no member {target}"
            raise ArgumentError(message)
        shape = shape.members[part]
    return shape


def merge(result: dict[str, Any], target: str, value: Value) -> None:
    """Put `value` at the dotted path `target` in `result`, next to what is there."""
    *above, last = target.split(".")
    for part in above:
        result = result.setdefault(part, {})
    if isinstance(value, dict) and isinstance(result.get(last), dict):
        for key, item in cast("dict[str, Any]", value).items():
            merge(result[last], key, item)
    else:
        result[last] = value


def validate(shape: Shape, value: Value, where: str) -> None:
    """Raise `ArgumentError` unless `value` is what the model of `shape` allows."""
    if is_unknown(value):
        return
    limits: Mapping[str, Any] = shape.metadata
    match shape.type_name:
        case "structure":
            _check_kind(value, dict, where)
            for name in value:
                if name not in shape.members:
                    message = f"{where}: {shape.name} has no member {name}"
                    raise ArgumentError(message)
                validate(shape.members[name], value[name], f"{where}.{name}")
            missing = [name for name in shape.required_members if value.get(name) is None]
            if missing:
                message = f"{where}: {', '.join(missing)} required"
                raise ArgumentError(message)
        case "list":
            _check_kind(value, list, where)
            _check_range(len(value), limits, where, "entries")
            for index, item in enumerate(value):
                validate(shape.member, item, f"{where}[{index}]")
        case "map":
            _check_kind(value, dict, where)
            _check_range(len(value), limits, where, "entries")
            for key, item in value.items():
                validate(shape.key, key, where)
                validate(shape.value, item, f"{where}.{key}")
        case kind:
            _validate_scalar(shape, kind, value, where)


def _validate_scalar(shape: Shape, kind: str, value: Value, where: str) -> None:
    limits: Mapping[str, Any] = shape.metadata
    match kind:
        case "string":
            _check_kind(value, str, where)
            if shape.enum and value not in shape.enum:
                message = f"{where}: {value!r} is none of {', '.join(shape.enum)}"
                raise ArgumentError(message)
            _check_range(len(value), limits, where, "characters")
            _check_pattern(value, limits.get("pattern"), where)
        case "integer" | "long":
            if isinstance(value, bool):
                _check_kind(value, str, where)
            _check_kind(value, int, where)
            _check_range(value, limits, where, "")
        case "boolean":
            _check_kind(value, bool, where)
        case _:
            pass


def _check_kind(value: Value, kind: type, where: str) -> None:
    if not isinstance(value, kind):
        message = f"{where}: expected {kind.__name__}, got {value!r}"
        raise ArgumentError(message)


def _check_range(value: float, limits: Mapping[str, Any], where: str, unit: str) -> None:
    least, most = limits.get("min"), limits.get("max")
    if (least is not None and value < least) or (most is not None and value > most):
        message = f"{where}: {value} {unit}".rstrip() + f" is outside {least}…{most}"
        raise ArgumentError(message)


def _check_pattern(value: str, pattern: str | None, where: str) -> None:
    expression = _compiled(pattern) if pattern else None
    if expression is not None and not expression.fullmatch(value):
        message = f"{where}: {value!r} does not match {pattern}"
        raise ArgumentError(message)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # Java's classes (\p{L}) mean nothing to Python's
        return None
