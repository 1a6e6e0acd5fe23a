"""What a rule's target receives: the event, a part of it, a constant, or a text made from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from embedded.cloud.documents import part

Json = Any
"""Whatever JSON holds."""

_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")


class BadPathError(ValueError):
    """An input path that EventBridge would not take."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The text for `target` (as in PutTargets): `Input`, `InputPath`, `InputTransformer`, or the event itself."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = _at(event, target["InputPath"])
        return json.dumps(found)
    transformer = target.get("InputTransformer")
    if transformer:
        return _transform(transformer, event, rule_arn)
    return json.dumps(event)


def _transform(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    values: dict[str, Json] = {name: _at(event, path) for name, path in part(transformer, "InputPathsMap").items()}
    values["aws.events.rule-arn"] = rule_arn
    values["aws.events.rule-name"] = rule_arn.rpartition("/")[2]
    values["aws.events.event.ingestion-time"] = event["time"]
    values["aws.events.event"] = {name: value for name, value in event.items() if name != "detail"}
    values["aws.events.event.json"] = event
    template = str(transformer["InputTemplate"])
    quoted = _inside_quotes(template)

    def fill(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        value = values[found[1]]
        if quoted[found.start()]:  # inside a JSON string: the text alone, escaped
            text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
            return json.dumps(text)[1:-1]
        if isinstance(value, str) and not template.lstrip().startswith(("{", "[", "<")):
            return value
        return json.dumps(value)

    return _PLACEHOLDER.sub(fill, template)


def _inside_quotes(template: str) -> list[bool]:
    inside, marks, escaped = False, list[bool](), False
    for character in template:
        if character == '"' and not escaped:
            inside = not inside
        escaped = character == "\\" and not escaped
        marks.append(inside)
    return marks


def _at(event: Mapping[str, Any], path: str) -> Json:
    """The value at a JSON path (`$.detail.object.key`), or None."""
    if not path.startswith("$"):
        raise BadPathError(f"the input path {path!r} does not begin with $")
    rest, value = path[1:], cast("Any", event)
    while rest:
        step = _STEP.match(rest)
        if not step:
            raise BadPathError(f"the input path {path!r} is not understood at {rest!r}")
        name = step[1] or step[3]
        if name is not None:
            value = cast("dict[str, Json]", value).get(name) if isinstance(value, dict) else None
        else:
            position, items = int(step[2]), cast("list[Json]", value) if isinstance(value, list) else []
            value = items[position] if position < len(items) else None
        rest = rest[step.end() :]
    return value
