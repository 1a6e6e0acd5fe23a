"""Validation of a definition, as CreateStateMachine does it: what is wrong, and where.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from embedded.cloud.stepfunctions import grammar, integrations, intrinsics, jsonpath
from embedded.cloud.stepfunctions.choice import CHECKS, COMPARISONS, timestamp
from embedded.cloud.stepfunctions.errors import IntrinsicError, PathError

Json = Any
_NAME_LIMIT = 80
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Credentials")


@dataclass(frozen=True, slots=True)
class Problem:
    """`location` is a JSON pointer into the definition."""

    code: str
    message: str
    location: str


class DefinitionError(Exception):
    """The definition is not valid."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        first = "; ".join(f"{problem.code}: {problem.message} at {problem.location}" for problem in problems[:5])
        super().__init__(f"Invalid State Machine Definition: '{first}'")


def load(text: str) -> dict[str, Json]:
    """Parse and validate. Errors: DefinitionError with everything that is wrong."""
    try:
        definition: Json = json.loads(text)
    except ValueError as error:
        raise DefinitionError([Problem("INVALID_JSON_DESCRIPTION", str(error), "/")]) from error
    if not isinstance(definition, dict):
        raise DefinitionError([Problem("INVALID_JSON_DESCRIPTION", "The definition is not an object", "/")])
    checked = cast("dict[str, Json]", definition)
    problems = list(_machine(checked, "", grammar.TOP))
    problems += _repeated_names(checked)
    if problems:
        raise DefinitionError(problems)
    return checked


def _schema(message: str, location: str) -> Problem:
    return Problem("SCHEMA_VALIDATION_FAILED", message, location)


def _unknown(fields: Mapping[str, Json], allowed: frozenset[str], at: str) -> Iterator[Problem]:
    for name in fields:
        if name not in allowed:
            yield _schema(f"Field '{name}' is not supported", f"{at}/{name}")


def _machine(part: Mapping[str, Json], at: str, allowed: frozenset[str]) -> Iterator[Problem]:
    yield from _unknown(part, allowed, at)
    if part.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield _schema("Only the query language JSONPath is served here", f"{at}/QueryLanguage")
    states: Json = part.get("States")
    if not isinstance(states, dict) or not states:
        yield _schema("'States' must be an object with at least one state", f"{at}/States")
        return
    known = cast("dict[str, Json]", states)
    start: Json = part.get("StartAt")
    if start not in known:
        yield Problem("MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {start}", f"{at}/StartAt")
        return
    for name, state in known.items():
        here = f"{at}/States/{name}"
        if not 1 <= len(name) <= _NAME_LIMIT:
            yield _schema(f"A state's name has 1 to {_NAME_LIMIT} characters", here)
        yield from _state(state, here, known)
    yield from _unreached(known, start, at)
    if not any(_ends(state) for state in known.values()):
        yield _schema("No state ends the state machine", f"{at}/States")


def _ends(state: Json) -> bool:
    known = _object(state)
    return known.get("End") is True or known.get("Type") in ("Succeed", "Fail")


def _object(value: Json) -> dict[str, Json]:
    """`value`, or an empty object where it is none."""
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}


def _targets(state: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        entries: list[Json] = state.get(field) or []
        for index, entry in enumerate(entries):
            if "Next" in _object(entry):
                yield f"{field}[{index}]/Next", entry["Next"]


def _unreached(states: Mapping[str, Json], start: str, at: str) -> Iterator[Problem]:
    seen = {start}
    todo = [start]
    while todo:
        state = states[todo.pop()]
        for _, target in _targets(_object(state)):
            if isinstance(target, str) and target in states and target not in seen:
                seen.add(target)
                todo.append(target)
    for name in states:
        if name not in seen:
            yield Problem("UNREACHABLE_STATE", f"State '{name}' is not reachable.", f"{at}/States/{name}")


def _state(value: Json, at: str, states: Mapping[str, Json]) -> Iterator[Problem]:
    state = _object(value)
    rule = grammar.RULES.get(state.get("Type", ""))
    if rule is None:
        yield _schema(f"Unknown state type {state.get('Type')!r}", f"{at}/Type")
        return
    yield from _unknown(state, rule.fields, at)
    for name in sorted(rule.required - state.keys()):
        yield _schema(f"The field '{name}' is required but was missing", at)
    for group in rule.one_of:
        if sum(name in state for name in group) != 1:
            yield _schema(f"Exactly one of {', '.join(group)} must be given", at)
    for group in rule.at_most_one:
        if sum(name in state for name in group) > 1:
            yield _schema(f"Only one of {', '.join(group)} may be given", at)
    if not rule.terminal and ("Next" in state) == (state.get("End") is True):
        yield _schema("Exactly one of 'Next' and 'End' (true) must be given", at)
    for field, target in _targets(state):
        if target not in states:
            yield Problem("MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", f"{at}/{field}")
    yield from _paths(state, at)
    yield from _recovery(state, at)
    yield from _by_type(state, at)


def _by_type(state: Mapping[str, Json], at: str) -> Iterator[Problem]:
    match state["Type"]:
        case "Task":
            yield from _task(state, at)
        case "Choice":
            for index, rule in enumerate(state.get("Choices") or ()):
                yield from _choice(rule, f"{at}/Choices[{index}]", top=True)
            if not state.get("Choices"):
                yield _schema("'Choices' must not be empty", at)
        case "Parallel":
            for index, branch in enumerate(state.get("Branches") or ()):
                yield from _machine(branch, f"{at}/Branches[{index}]", grammar.BRANCH)
            if not state.get("Branches"):
                yield _schema("'Branches' must not be empty", at)
        case "Map":
            yield from _map(state, at)
        case "Wait" if "Timestamp" in state and timestamp(state["Timestamp"]) is None:
            yield _schema("'Timestamp' is not an RFC 3339 time", f"{at}/Timestamp")
        case _:
            return


def _task(state: Mapping[str, Json], at: str) -> Iterator[Problem]:
    try:
        integration = integrations.parse(str(state.get("Resource")))
    except integrations.UnrecognisedError as error:
        yield _schema(str(error), f"{at}/Resource")
        return
    parameters: Json = state.get("Parameters")
    if integration.service != "lambda-function" and isinstance(parameters, dict):
        names = cast("dict[str, Json]", parameters)
        model = integrations.service_model(integration.client).operation_model(integration.operation).input_shape
        known = {f"{name[0].upper()}{name[1:]}".lower() for name in (model.members if model else {})}
        for name in names:
            plain = name.removesuffix(".$")
            if plain.lower() not in known or not plain[:1].isupper():
                yield _schema(f'The field "{plain}" is not supported by Step Functions', f"{at}/Parameters/{name}")
        missing = {name.lower() for name in (model.required_members if model else [])}
        for name in sorted(missing - {name.removesuffix(".$").lower() for name in names}):
            yield _schema(f'The field "{name}" is required but was missing', f"{at}/Parameters")
    if integration.pattern == "waitForTaskToken" and "$$.Task.Token" not in json.dumps(parameters):
        yield _schema("A task that waits for a token must pass $$.Task.Token on", f"{at}/Parameters")
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        value: Json = state.get(field)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            yield _schema(f"'{field}' must be a positive integer", f"{at}/{field}")


def _map(state: Mapping[str, Json], at: str) -> Iterator[Problem]:
    field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    inner: Json = state.get(field)
    if not isinstance(inner, dict):
        return
    yield from _machine(cast("dict[str, Json]", inner), f"{at}/{field}", grammar.PROCESSOR)
    config = cast("dict[str, Json]", inner).get("ProcessorConfig", {})
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield _schema(f"Unknown mode {mode!r}", f"{at}/{field}/ProcessorConfig/Mode")
    if mode == "DISTRIBUTED" and config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        yield _schema("'ExecutionType' must be STANDARD or EXPRESS", f"{at}/{field}/ProcessorConfig/ExecutionType")
    if mode == "INLINE":
        for name in sorted(grammar.DISTRIBUTED_ONLY & state.keys()):
            yield _schema(f"Field '{name}' needs the mode DISTRIBUTED", f"{at}/{name}")
    reader: Json = state.get("ItemReader")
    if isinstance(reader, dict):
        resource = str(cast("dict[str, Json]", reader).get("Resource"))
        kind = cast("dict[str, Json]", reader).get("ReaderConfig", {}).get("InputType")
        if not resource.endswith((":s3:getObject", ":s3:listObjectsV2")):
            yield _schema(f"The resource provided {resource} is not recognized.", f"{at}/ItemReader/Resource")
        elif resource.endswith("getObject") and kind not in grammar.READER_INPUTS:
            yield _schema(f"InputType {kind!r} is not served", f"{at}/ItemReader/ReaderConfig")
    for name in ("ItemReader", "ItemBatcher", "ResultWriter"):
        yield from _template(state.get(name), f"{at}/{name}", skip=("ReaderConfig",))


def _choice(rule: Json, at: str, *, top: bool) -> Iterator[Problem]:
    if not isinstance(rule, dict):
        yield _schema("A choice rule is an object", at)
        return
    entry = cast("dict[str, Json]", rule)
    if top != ("Next" in entry):
        yield _schema("'Next' belongs to the outermost rule, and only there", at)
    names = entry.keys() - {"Next", "Comment"}
    if names in ({"And"}, {"Or"}):
        (name,) = names
        for index, inner in enumerate(entry[name]):
            yield from _choice(inner, f"{at}/{name}[{index}]", top=False)
        if not entry[name]:
            yield _schema(f"'{name}' must not be empty", at)
    elif names == {"Not"}:
        yield from _choice(entry["Not"], f"{at}/Not", top=False)
    else:
        tests = names - {"Variable"}
        if (
            "Variable" not in entry
            or len(tests) != 1
            or not tests <= (COMPARISONS.keys() | CHECKS.keys() | {"IsPresent"})
        ):
            yield _schema("A rule has a Variable and exactly one known comparison", at)
        yield from _path(entry.get("Variable"), f"{at}/Variable")
        for name in tests:
            if name.endswith("Path"):
                yield from _path(entry[name], f"{at}/{name}")


def _recovery(state: Mapping[str, Json], at: str) -> Iterator[Problem]:
    for field, allowed in (("Retry", grammar.RETRIER), ("Catch", grammar.CATCHER)):
        entries = cast("list[dict[str, Json]]", state.get(field, []))
        for index, entry in enumerate(entries):
            here = f"{at}/{field}[{index}]"
            yield from _unknown(entry, allowed, here)
            names: Json = entry.get("ErrorEquals")
            if not isinstance(names, list) or not names:
                yield _schema("'ErrorEquals' must be a list of error names", here)
            elif "States.ALL" in names and (len(names) > 1 or index < len(entries) - 1):  # pyright: ignore[reportUnknownArgumentType]
                yield _schema("States.ALL must stand alone, and last", here)
            if field == "Catch" and "Next" not in entry:
                yield _schema("The field 'Next' is required but was missing", here)
            if entry.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
                yield _schema("'JitterStrategy' is NONE or FULL", here)
            if (
                entry.get("BackoffRate", 1) < 1
                or entry.get("IntervalSeconds", 1) < 1
                or entry.get("MaxAttempts", 0) < 0
            ):
                yield _schema("BackoffRate and IntervalSeconds are at least 1, MaxAttempts at least 0", here)


def _paths(state: Mapping[str, Json], at: str) -> Iterator[Problem]:
    for name, value in state.items():
        if name in ("InputPath", "OutputPath", "ResultPath") and value is None:
            continue
        if name == "ResultPath":
            yield from _path(value, f"{at}/{name}", reference=True)
        elif name.endswith("Path"):
            yield from _path(value, f"{at}/{name}")
    for name in _TEMPLATES:
        yield from _template(state.get(name), f"{at}/{name}")


def _template(value: Json, at: str, skip: tuple[str, ...] = ()) -> Iterator[Problem]:
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Json]", value).items():
            if name in skip:
                continue
            if name.endswith(".$"):
                yield from _path(inner, f"{at}/{name}")
            else:
                yield from _template(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Json]", value)):
            yield from _template(inner, f"{at}[{index}]")


def _path(value: Json, at: str, *, reference: bool = False) -> Iterator[Problem]:
    try:
        if not isinstance(value, str):
            raise PathError(f"{value!r} is not a path")
        if value.startswith("$"):
            path = jsonpath.parse(value[1:] if value.startswith("$$") else value)
            if reference and (not path.reference or value.startswith("$$")):
                raise PathError(f"The value '{value}' is not a reference path")
        elif reference:
            raise PathError(f"The value '{value}' is not a reference path")
        else:
            intrinsics.check(value)
    except (PathError, IntrinsicError) as error:
        yield _schema(str(error), at)


def _repeated_names(definition: Mapping[str, Json]) -> list[Problem]:
    """State names are unique in the whole state machine."""
    seen: set[str] = set()
    problems: list[Problem] = []

    def visit(part: Json, at: str) -> None:
        if not isinstance(part, dict):
            return
        states = cast("dict[str, Json]", part).get("States")
        for name, state in cast("dict[str, Json]", states).items() if isinstance(states, dict) else ():
            if name in seen:
                problems.append(Problem("DUPLICATE_STATE_NAME", f"Duplicate state name: {name}", f"{at}/States/{name}"))
            seen.add(name)
            if not isinstance(state, dict):
                continue
            inner = cast("dict[str, Json]", state)
            for index, branch in enumerate(inner.get("Branches") or ()):
                visit(branch, f"{at}/States/{name}/Branches[{index}]")
            for field in ("ItemProcessor", "Iterator"):
                visit(inner.get(field), f"{at}/States/{name}/{field}")

    visit(definition, "")
    return problems
