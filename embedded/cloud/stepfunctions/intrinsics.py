"""The intrinsic functions, `States.…(…)`, and the small language they are written in.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

from embedded.cloud.stepfunctions.errors import IntrinsicError

Json = Any
Resolve = Callable[[str], Json]
"""Gives the value of a path argument."""

_CALL = re.compile(r"States\.([A-Za-z0-9]+)\(")
_LITERAL = re.compile(r"(true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,)])")
_ENCODED_LIMIT = 10_000
_ARRAY_LIMIT = 1_000


def dumps(value: Json) -> str:
    """JSON as Step Functions writes it: no blanks, no escapes beyond JSON's own."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def evaluate(text: str, resolve: Resolve) -> Json:
    """The value of `States.Name(arguments)`. Errors: IntrinsicError; what `resolve` raises."""
    value, end = _call(text, 0, resolve)
    if text[end:].strip():
        raise IntrinsicError(f"Invalid intrinsic function: '{text}'")
    return value


def check(text: str) -> None:
    """Raise IntrinsicError if `text` is not a call of known functions, without evaluating it."""

    def skip(at: int) -> int:
        found = _CALL.match(text, at)
        if found is None or found.group(1) not in FUNCTIONS:
            raise IntrinsicError(f"Invalid intrinsic function: '{text}'")
        return _arguments(text, found.end(), lambda _path: None, lambda inner: (None, skip(inner)))[1]

    if text[skip(0) :].strip():
        raise IntrinsicError(f"Invalid intrinsic function: '{text}'")


def _call(text: str, at: int, resolve: Resolve) -> tuple[Json, int]:
    found = _CALL.match(text, at)
    function = FUNCTIONS.get(found.group(1)) if found else None
    if found is None or function is None:
        raise IntrinsicError(f"Invalid intrinsic function: '{text}'")
    arguments, end = _arguments(text, found.end(), resolve, lambda inner: _call(text, inner, resolve))
    try:
        return function(*arguments), end
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise IntrinsicError(f"The function 'States.{found.group(1)}' had invalid arguments: {error}") from error


def _arguments(text: str, at: int, resolve: Resolve, call: Callable[[int], tuple[Json, int]]) -> tuple[list[Json], int]:
    """Arguments up to the closing bracket, and the place behind it."""
    values: list[Json] = []
    at = _blank(text, at)
    if text[at : at + 1] == ")":
        return values, at + 1
    while at < len(text):
        value, at = _argument(text, at, resolve, call)
        values.append(value)
        at = _blank(text, at)
        if text[at : at + 1] == ")":
            return values, at + 1
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    raise IntrinsicError(f"Invalid intrinsic function: '{text}'")


def _argument(text: str, at: int, resolve: Resolve, call: Callable[[int], tuple[Json, int]]) -> tuple[Json, int]:
    if text[at] == "'":
        return _string(text, at + 1)
    if text[at] == "$":
        end = _path_end(text, at)
        return resolve(text[at:end].strip()), end
    literal = _LITERAL.match(text, at)
    if literal:
        return json.loads(literal.group(1)), literal.end(1)
    return call(at)


def _string(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter == "'":
            return "".join(out), at + 1
        if letter == "\\" and at + 1 < len(text):
            escaped = text[at + 1]
            # `\{` stays escaped for States.Format, which alone gives braces a meaning.
            out.append(f"\\{escaped}" if escaped in "{}" else escaped)
            at += 2
            continue
        out.append(letter)
        at += 1
    raise IntrinsicError(f"Invalid intrinsic function: '{text}'")


def _path_end(text: str, at: int) -> int:
    depth = 0
    quote = ""
    while at < len(text):
        letter = text[at]
        if quote:
            at += 1 if letter == "\\" else 0
            quote = "" if letter == quote else quote
        elif letter in "'\"" and depth:
            quote = letter
        elif letter in "[(":
            depth += 1
        elif letter in "])" and depth:
            depth -= 1
        elif letter in ",)":
            return at
        at += 1
    return at


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _format(template: str, *values: Json) -> str:
    parts = re.split(r"(?<!\\)\{\}", template)
    if len(parts) - 1 != len(values):
        raise ValueError(f"{len(parts) - 1} placeholders and {len(values)} arguments")
    out = [parts[0]]
    for value, part in zip(values, parts[1:], strict=True):
        out += [value if isinstance(value, str) else dumps(value), part]
    return re.sub(r"\\([{}])", r"\1", "".join(out))


def _integer(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return round(value)


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not an array")
    return value  # pyright: ignore[reportUnknownVariableType]


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _partition(array: Json, size: Json) -> list[list[Json]]:
    items, count = _array(array), _integer(size)
    if count < 1:
        raise ValueError("the chunk size is not positive")
    return [items[at : at + count] for at in range(0, len(items), count)]


def _range(first: Json, last: Json, step: Json) -> list[int]:
    start, stop, pace = _integer(first), _integer(last), _integer(step)
    values = list(range(start, stop + (1 if pace > 0 else -1), pace))
    if len(values) > _ARRAY_LIMIT:
        raise ValueError(f"more than {_ARRAY_LIMIT} elements")
    return values


def _same(one: Json, other: Json) -> bool:
    return type(one) is type(other) and one == other


def _unique(array: Json) -> list[Json]:
    kept: list[Json] = []
    for item in _array(array):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return kept


def _limited(value: Json) -> str:
    text = _text(value)
    if len(text) > _ENCODED_LIMIT:
        raise ValueError(f"more than {_ENCODED_LIMIT} characters")
    return text


_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _hash(value: Json, algorithm: Json) -> str:
    text = value if isinstance(value, str) else dumps(value)
    return hashlib.new(_HASHES[_text(algorithm)], _limited(text).encode(), usedforsecurity=False).hexdigest()


def _merge(one: Json, other: Json, deep: Json) -> dict[str, Json]:
    if deep is not False:
        raise ValueError("only shallow merging (false) is supported")
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise TypeError("both arguments must be objects")
    return {**one, **other}


def _random(first: Json, last: Json, seed: Json = None) -> int:
    # Step Functions documents a number from start (inclusive) to end (exclusive).
    source = random.Random(_integer(seed)) if seed is not None else random  # noqa: S311 - no secret is made
    return source.randrange(_integer(first), _integer(last))


def _split(value: Json, delimiters: Json) -> list[str]:
    pattern = "|".join(re.escape(letter) for letter in _text(delimiters))
    return [part for part in re.split(pattern, _text(value)) if part] if pattern else [_text(value)]


def _index(value: Json) -> int:
    index = _integer(value)
    if index < 0:
        raise IndexError("a negative index")
    return index


def _array_contains(array: Json, value: Json) -> bool:
    return any(_same(item, value) for item in _array(array))


def _make_array(*values: Json) -> list[Json]:
    return list(values)


def _get_item(array: Json, index: Json) -> Json:
    return _array(array)[_index(index)]


def _length(array: Json) -> int:
    return len(_array(array))


def _parse(text: Json) -> Json:
    return json.loads(_text(text))


def _encode(text: Json) -> str:
    return base64.b64encode(_limited(text).encode()).decode()


def _decode(text: Json) -> str:
    return base64.b64decode(_limited(text), validate=True).decode()


def _add(one: Json, other: Json) -> int:
    return _integer(one) + _integer(other)


def _uuid() -> str:
    return str(uuid.uuid4())


FUNCTIONS: dict[str, Callable[..., Json]] = {
    "Format": _format,
    "StringToJson": _parse,
    "JsonToString": dumps,
    "Array": _make_array,
    "ArrayPartition": _partition,
    "ArrayContains": _array_contains,
    "ArrayRange": _range,
    "ArrayGetItem": _get_item,
    "ArrayLength": _length,
    "ArrayUnique": _unique,
    "Base64Encode": _encode,
    "Base64Decode": _decode,
    "Hash": _hash,
    "JsonMerge": _merge,
    "MathRandom": _random,
    "MathAdd": _add,
    "StringSplit": _split,
    "UUID": _uuid,
}
