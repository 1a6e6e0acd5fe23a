"""Patterns of policies: `*`, `?` and policy variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from embedded.authorisation.errors import PolicyError
from embedded.authorisation.keys import key_of

Context = Mapping[str, tuple[str, ...]]
"""Context keys in lower case → their values; a single-valued key has one."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"([^,\s]+)(?:\s*,\s*'([^']*)')?\s*")
_LITERALS = {"*", "?", "$"}
_ARN_COLONS = 5


class UnresolvedError(Exception):
    """A policy variable has no value in the request: the statement does not apply."""


def has_variables(template: str) -> bool:
    """Whether the text holds `${…}`."""
    return "${" in template


def variables_of(template: str) -> list[str]:
    """The condition keys that a text's variables name."""
    named = (_NAMED.fullmatch(inner) for inner in _VARIABLE.findall(template) if inner not in _LITERALS)
    return [found[1] for found in named if found]


def check_variables(template: str) -> None:
    """Raises PolicyError for what is no variable, UnknownKeyError for a key that is not known or has several values."""
    for found in _VARIABLE.finditer(template):
        if found[1] in _LITERALS:
            continue
        named = _NAMED.fullmatch(found[1])
        if named is None:
            message = f"{found[0]} in {template!r} is no policy variable"
            raise PolicyError(message)
        if key_of(named[1]).several:
            message = f"{found[0]}: {named[1]} has several values and cannot be a variable"
            raise PolicyError(message)
    if "${" in _VARIABLE.sub("", template):
        message = f"{template!r} holds an unfinished policy variable"
        raise PolicyError(message)


def substitute(template: str, context: Context, write: Callable[[str], str] = str) -> str:
    """Variables replaced by what `write` makes of their value. Errors: UnresolvedError."""

    def value(found: re.Match[str]) -> str:
        if found[1] in _LITERALS:
            return write(found[1])
        named = _NAMED.fullmatch(found[1])
        assert named is not None  # noqa: S101 - checked when the document was read
        held = context.get(named[1].lower())
        if held:
            return write(held[0])
        if named[2] is None:
            raise UnresolvedError(named[1])
        return write(named[2])

    return _VARIABLE.sub(value, template)


def matches(pattern: str, text: str, context: Context | None = None) -> bool:
    """Whether `text` is like `pattern`, case-sensitively. With a context, variables are replaced (UnresolvedError)."""
    return bool(_compiled(_protected(pattern, context))(text))


def matches_action(pattern: str, action: str) -> bool:
    """As `matches`, in any case; an action has no variables."""
    return bool(_compiled(pattern.lower())(action.lower()))


def matches_resource(pattern: str, arn: str, context: Context | None = None) -> bool:
    """As `matches`, but a `*` passes an ARN's colon only where it ends a segment, or in the last segment."""
    return bool(_compiled_resource(_protected(pattern, context))(arn))


def matches_arn(pattern: str, arn: str, context: Context | None = None) -> bool:
    """As ArnLike does: each of the six segments by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    wanted = _protected(pattern, context).split(":", _ARN_COLONS)
    held = arn.split(":", _ARN_COLONS)
    return len(wanted) == len(held) == _ARN_COLONS + 1 and all(
        _compiled(one)(other) for one, other in zip(wanted, held, strict=True)
    )


# A wildcard in a variable's value is meant literally, so it travels as a character that no pattern holds.
_ESCAPES = {"*": "\ue000", "?": "\ue001", "$": "$"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}


def _protected(pattern: str, context: Context | None) -> str:
    if context is None or "${" not in pattern:
        return pattern
    return substitute(pattern, context, lambda value: "".join(_ESCAPES.get(letter, letter) for letter in value))


def _literal(letter: str) -> str:
    return re.escape(_UNESCAPES.get(letter, letter))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], object]:
    if not {"*", "?"} & set(pattern):
        plain = "".join(_UNESCAPES.get(letter, letter) for letter in pattern)
        return plain.__eq__ if plain else _is_empty
    pieces = [".*" if letter == "*" else "." if letter == "?" else _literal(letter) for letter in pattern]
    return re.compile("".join(pieces), re.DOTALL).fullmatch


def _is_empty(text: str) -> bool:
    return not text


@lru_cache(maxsize=4096)
def _compiled_resource(pattern: str) -> Callable[[str], object]:
    colons, pieces = 0, list[str]()
    for at, letter in enumerate(pattern):
        free = colons >= _ARN_COLONS
        if letter == "*":
            ends = at + 1 == len(pattern) or pattern[at + 1] == ":"
            pieces.append(".*" if free or ends else "[^:]*")
        elif letter == "?":
            pieces.append("." if free else "[^:]")
        else:
            colons += letter == ":"
            pieces.append(_literal(letter))
    return re.compile("".join(pieces), re.DOTALL).fullmatch
