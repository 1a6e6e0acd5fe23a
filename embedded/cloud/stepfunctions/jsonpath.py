"""JSONPath as Amazon States Language uses it: `$.a['b'][0]`, wildcards, slices, unions, deep scans and filters.

A path of names and indices only is *definite*: it gives the value, or fails where there is none. Any other path gives a
list, which may be empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from embedded.cloud.stepfunctions.errors import PathError

Json = Any
_NAME = re.compile(r"[^.\[\]()\s,'\"=<>!&|]+")
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: `kind` is name, index, wild, slice, union, filter or length."""

    kind: str
    value: Any = None
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def definite(self) -> bool:
        return all(segment.kind in ("name", "index", "length") and not segment.deep for segment in self.segments)

    @property
    def reference(self) -> bool:
        """Whether it can say where a result goes: names and indices that name one place."""
        return all(segment.kind in ("name", "index") and not segment.deep for segment in self.segments)

    def find(self, root: Json) -> list[Json]:
        """All matches, in document order."""
        nodes: list[Json] = [root]
        for segment in self.segments:
            nodes = [found for node in nodes for found in _step(segment, node, root)]
        return nodes


def read(root: Json, text: str) -> Json:
    """The value at a path. Errors: PathError when a definite path leads nowhere."""
    path = parse(text)
    found = path.find(root)
    if not path.definite:
        return found
    if not found:
        raise PathError(f"The JSONPath '{text}' could not be found in the input '{json.dumps(root)}'")
    return found[0]


def write(root: Json, text: str, value: Json) -> Json:
    """A copy of `root` with `value` at a reference path; objects on the way are made. Errors: PathError."""
    path = parse(text)
    if not path.segments:
        return value
    return _write(root, path.segments, value, text)


def _write(node: Json, segments: tuple[Segment, ...], value: Json, text: str) -> Json:
    if not segments:
        return value
    head, rest = segments[0], segments[1:]
    if head.kind == "name":
        if node is not None and not isinstance(node, dict):
            raise PathError(f"Unable to apply step '{head.value}' of the ResultPath '{text}' to the input")
        held: dict[str, Json] = dict(node or {})  # pyright: ignore[reportUnknownArgumentType]
        held[head.value] = _write(held.get(head.value), rest, value, text)
        return held
    if not isinstance(node, list) or not -len(node) <= head.value < len(node):  # pyright: ignore[reportUnknownArgumentType]
        raise PathError(f"Unable to apply step '{head.value}' of the ResultPath '{text}' to the input")
    items: list[Json] = list(node)  # pyright: ignore[reportUnknownArgumentType]
    items[head.value] = _write(items[head.value], rest, value, text)
    return items


def _step(segment: Segment, node: Json, root: Json) -> Iterator[Json]:
    if segment.deep:
        flat = Segment(segment.kind, segment.value)
        for inner in _descend(node):
            yield from _step(flat, inner, root)
        return
    match segment.kind:
        case "union":
            for part in segment.value:
                yield from _step(part, node, root)
        case "wild":
            yield from _children(node)
        case "filter":
            yield from (item for item in _children(node) if segment.value(item, root))
        case "length" if isinstance(node, (list, dict, str)):
            yield len(cast("list[Json]", node))
        case _:
            yield from _pick(segment, node)


def _pick(segment: Segment, node: Json) -> Iterator[Json]:
    """What a name, an index or a slice takes of an object or an array."""
    if segment.kind == "name" and isinstance(node, dict):
        held = cast("dict[str, Json]", node)
        if segment.value in held:
            yield held[segment.value]
    elif segment.kind in ("index", "slice") and isinstance(node, list):
        items = cast("list[Json]", node)
        if segment.kind == "slice":
            yield from items[segment.value]
        elif -len(items) <= segment.value < len(items):
            yield items[segment.value]


def _children(node: Json) -> list[Json]:
    if isinstance(node, dict):
        return list(node.values())  # pyright: ignore[reportUnknownArgumentType]
    return node if isinstance(node, list) else []  # pyright: ignore[reportUnknownVariableType]


def _descend(node: Json) -> Iterator[Json]:
    yield node
    for child in _children(node):
        yield from _descend(child)


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a path that starts with `$`. Errors: PathError naming the place."""
    reader = _Reader(text)
    reader.expect("$")
    segments: list[Segment] = []
    while not reader.done:
        segments.append(reader.segment())
    return Path(text, tuple(segments))


class _Reader:
    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def fail(self) -> PathError:
        return PathError(f"The value '{self.text}' is not a valid JSONPath (at character {self.at})")

    def take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.fail()

    def blank(self) -> None:
        while not self.done and self.text[self.at].isspace():
            self.at += 1

    def segment(self) -> Segment:
        deep = self.take("..")
        if not deep and self.take("["):
            return self.bracket()
        if deep and self.take("["):
            inner = self.bracket()
            return Segment(inner.kind, inner.value, deep=True)
        if not deep:
            self.expect(".")
        if self.take("*"):
            return Segment("wild", deep=deep)
        if self.take("length()"):
            return Segment("length")
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.fail()
        self.at = found.end()
        return Segment("name", found.group(), deep)

    def bracket(self) -> Segment:
        self.blank()
        if self.take("*"):
            self.blank()
            self.expect("]")
            return Segment("wild")
        if self.take("?("):
            test = self.either()
            self.expect(")")
            self.expect("]")
            return Segment("filter", test)
        parts = [self.selector()]
        while self.take(","):
            parts.append(self.selector())
        self.expect("]")
        return parts[0] if len(parts) == 1 else Segment("union", tuple(parts))

    def selector(self) -> Segment:
        self.blank()
        if self.text[self.at : self.at + 1] in ("'", '"'):
            name = self.quoted()
            self.blank()
            return Segment("name", name)
        found = re.compile(r"(-?\d*)(?::(-?\d*))?(?::(-?\d*))?").match(self.text, self.at)
        if found is None or not found.group():
            raise self.fail()
        self.at = found.end()
        self.blank()
        if ":" in found.group():
            start, stop, step = (int(part) if part else None for part in found.groups())
            return Segment("slice", slice(start, stop, step))
        return Segment("index", int(found.group(1)))

    def quoted(self) -> str:
        quote = self.text[self.at]
        self.at += 1
        out: list[str] = []
        while not self.done:
            letter = self.text[self.at]
            self.at += 1
            if letter == quote:
                return "".join(out)
            if letter == "\\" and not self.done:
                letter = self.text[self.at]
                self.at += 1
            out.append(letter)
        raise self.fail()

    def either(self) -> Callable[[Json, Json], bool]:
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        return lambda item, root: any(test(item, root) for test in tests)

    def both(self) -> Callable[[Json, Json], bool]:
        tests = [self.comparison()]
        while self.take("&&"):
            tests.append(self.comparison())
        return lambda item, root: all(test(item, root) for test in tests)

    def comparison(self) -> Callable[[Json, Json], bool]:
        self.blank()
        if self.take("("):
            inner = self.either()
            self.expect(")")
            self.blank()
            return inner
        if self.take("!"):
            negated = self.comparison()
            return lambda item, root: not negated(item, root)
        left = self.operand()
        operator = next((token for token in _OPERATORS if self.take(token)), None)
        if operator is None:
            return lambda item, root: bool(left(item, root))
        right = self.operand()
        return lambda item, root: _compare(operator, left(item, root), right(item, root))

    def operand(self) -> Callable[[Json, Json], list[Json]]:
        self.blank()
        if self.take("@") or self.text[self.at : self.at + 1] == "$":
            from_root = self.take("$")
            segments: list[Segment] = []
            while not self.done and self.text[self.at] in ".[":
                segments.append(self.segment())
            path = Path(self.text, tuple(segments))
            self.blank()
            return lambda item, root: path.find(root if from_root else item)
        if self.text[self.at : self.at + 1] in ("'", '"'):
            literal: Json = self.quoted()
        else:
            found = re.compile(r"true|false|null|-?\d+(\.\d+)?").match(self.text, self.at)
            if found is None:
                raise self.fail()
            self.at = found.end()
            literal = json.loads(found.group())
        self.blank()
        return lambda _item, _root: [literal]


def _compare(operator: str, left: list[Json], right: list[Json]) -> bool:
    if not left or not right:
        return operator == "!=" and bool(left) != bool(right)
    one, other = left[0], right[0]
    if operator in ("==", "!="):
        same = one == other and isinstance(one, bool) == isinstance(other, bool)
        return same if operator == "==" else not same
    if isinstance(one, bool) or isinstance(other, bool) or isinstance(one, str) != isinstance(other, str):
        return False
    try:
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]
    except TypeError:
        return False
