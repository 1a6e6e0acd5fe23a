"""The settings of a stack, read from its file as Pulumi would pass them, without Pulumi's command line or a login."""

import json
from pathlib import Path
from typing import Any, cast

import yaml

from infra.promotion import Environment
from infra.settings import Settings

PROJECT = "shoppable-video"
ENVIRONMENTS: tuple[Environment, ...] = ("dev", "staging", "prod")
"""In the order of promotion."""


class StackFileError(Exception):
    """A stack whose file is missing or is no mapping."""


def configuration(root: Path, stack: str) -> dict[str, str]:
    """Every configuration key with its value as text, lists as JSON text. Raises StackFileError."""
    declared: dict[str, dict[str, Any]] = _mapping(root / "Pulumi.yaml").get("config", {})
    given: dict[str, Any] = _mapping(root / f"Pulumi.{stack}.yaml").get("config", {})
    defaults: dict[str, Any] = {
        f"{PROJECT}:{key}": entry["default"] for key, entry in declared.items() if ":" not in key and "default" in entry
    }
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in {**defaults, **given}.items()}


def settings(root: Path, stack: str) -> Settings:
    """Raises StackFileError and `infra.configuration.SettingsError`."""
    given = configuration(root, stack)
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in given.items() if key.startswith(f"{PROJECT}:")}
    return Settings.parse(own | {"region": given["aws:region"]}, stack, PROJECT)


def _mapping(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        message = f"there is no {file.name}: is the stack's name right?"
        raise StackFileError(message) from None
    if not isinstance(document, dict):
        message = f"{file.name} is no mapping"
        raise StackFileError(message)
    return cast("dict[str, Any]", document)
