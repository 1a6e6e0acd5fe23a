"""Property paths as resource options name them: `tags.owner`, `rules[0].status`, `tags["a.b"]`, `rules[*].id`.

https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from embedded.engine.values import Value

_PART = re.compile(r"""\.?(?:\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]"]+))""")
_ABSENT = object()

Path = list[str | int]


def parse(text: str) -> Path:
    """The keys and indexes of a path; `*` stands for all. Raises `ValueError`."""
    parts: Path = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            message = f"{text!r} is no property path"
            raise ValueError(message)
        quoted, index, name = match.groups()
        if index is not None:
            parts.append(index if index == "*" else int(index))
        else:
            parts.append(name if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    return parts


def restore(inputs: Mapping[str, Any], old: Mapping[str, Any], texts: tuple[str, ...]) -> dict[str, Any]:
    """`inputs` with what is at each path as it is in `old`; what is not in `old` goes."""
    result: Any = dict(inputs)
    for text in texts:
        result = _restored(result, old, parse(text))
    return cast("dict[str, Any]", result)


def differs(inputs: Mapping[str, Any], old: Mapping[str, Any], text: str) -> bool:
    """Whether anything at the path differs."""
    return restore(inputs, old, (text,)) != inputs


def _restored(value: Value, old: Value, path: Path) -> Value:
    if not path:
        return value if old is _ABSENT else old
    if isinstance(value, list):
        return _restored_list(cast("list[Any]", value), old, path)
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    before = cast("dict[str, Any]", old) if isinstance(old, dict) else {}
    head, *rest = path
    result = dict(given)
    for key in sorted({*given, *before}) if head == "*" else [str(head)]:
        if not rest and key not in before:
            result.pop(key, None)
        elif key in given or not rest:
            result[key] = _restored(given.get(key), before.get(key, _ABSENT), rest)
    return result


def _restored_list(value: list[Any], old: Value, path: Path) -> Value:
    before = cast("list[Any]", old) if isinstance(old, list) else []
    head, *rest = path
    if head == "*" and not rest:
        return before
    return [
        _restored(item, before[index], rest) if head in ("*", index) and index < len(before) else item
        for index, item in enumerate(value)
    ]
