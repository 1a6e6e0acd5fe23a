"""Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml`: project name, main directory, and the configuration of one stack.

The rules are those of https://www.pulumi.com/docs/iac/concepts/projects/project-file/ : a key without a namespace
belongs to the project, a schema's `default` (or a foreign key's `value`) applies where the stack sets nothing, a key
with a `type` and no default must be set.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from embedded.engine.values import Value

_SCALARS: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}


class ProjectError(Exception):
    """A project or stack file that does not say what it must."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project and the configuration of one stack: values as Pulumi passes them, objects as JSON text."""

    name: str
    directory: Path
    main: Path
    stack: str
    config: Mapping[str, str]
    secret_keys: tuple[str, ...]


def load_project(
    directory: Path, stack: str, overrides: Mapping[str, str] | None = None, *, config_file: Path | None = None
) -> Project:
    """Read the files of `directory`; `overrides` win over the stack's own settings. Raises `ProjectError`.

    The settings are those in `config_file`, if given, and otherwise in `Pulumi.<stack>.yaml`.
    """
    project = _read(directory / "Pulumi.yaml")
    name = project.get("name")
    if not isinstance(name, str) or not name:
        message = f"{directory / 'Pulumi.yaml'} has no name"
        raise ProjectError(message)
    stack_file = config_file or directory / f"Pulumi.{stack}.yaml"
    settings = _read(stack_file) if config_file or stack_file.exists() else {}
    chosen: dict[str, Any] = {**(settings.get("config") or {}), **(overrides or {})}
    config, secret_keys = _configuration(name, project.get("config") or {}, chosen, stack_file)
    return Project(
        name=name,
        directory=directory,
        main=directory / str(project.get("main", ".")),
        stack=stack,
        config=config,
        secret_keys=secret_keys,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        message = f"no {path.name} in {path.parent}"
        raise ProjectError(message) from None
    if not isinstance(document, dict):
        message = f"{path} is not a mapping"
        raise ProjectError(message)
    return cast("dict[str, Any]", document)


def _configuration(
    project: str, schema: Mapping[str, Any], settings: Mapping[str, Any], stack_file: Path
) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    secrets: list[str] = []
    for key, value in settings.items():
        full = _full(project, key)
        if isinstance(value, dict) and set(cast("dict[str, Any]", value)) == {"secure"}:
            message = f"{stack_file.name}: {full} is encrypted; the embedded engine holds no key to it"
            raise ProjectError(message)
        declared = schema.get(key.removeprefix(f"{project}:"), schema.get(full))
        if isinstance(declared, dict):
            _check_type(stack_file, full, value, cast("dict[str, Any]", declared))
        values[full] = _text(value)
    for key, declared in schema.items():
        full = _full(project, key)
        rules = cast("dict[str, Any]", declared) if isinstance(declared, dict) else {"default": declared}
        if rules.get("secret"):
            secrets.append(full)
        if full in values:
            continue
        default = rules.get("default", rules.get("value"))
        if default is not None:
            values[full] = _text(default)
        elif "type" in rules and "default" not in rules:
            message = f"Stack file {stack_file.name} is missing configuration value '{full}'"
            raise ProjectError(message)
    return values, tuple(secrets)


def _full(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _check_type(stack_file: Path, key: str, value: Value, rules: Mapping[str, Any]) -> None:
    declared = rules.get("type")
    match declared:
        case "array":
            found = _parsed(value)
            valid = isinstance(found, list)
            for item in cast("list[Any]", found) if valid else ():
                _check_type(stack_file, f"{key}[]", item, rules.get("items", {}))
        case "object":
            valid = isinstance(_parsed(value), dict)
        case str() if declared in _SCALARS:
            # Every scalar may be quoted in a settings file; YAML's `true` is an int for Python.
            found = value if declared == "string" else _parsed(value)
            valid = isinstance(found, _SCALARS[declared]) and (declared == "boolean" or not isinstance(found, bool))
        case _:
            valid = True
    if not valid:
        message = f"{stack_file.name}: {key} must be of type {declared}, not {value!r}"
        raise ProjectError(message)


def _parsed(value: Value) -> Value:
    """What a text says: overrides are always text, lists and objects as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))
