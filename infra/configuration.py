"""How a stack's settings are read and checked, and what a mistake in its file is answered with: the YAML to write."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pulumi
import yaml
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class SettingsError(pulumi.RunError):
    """A stack's configuration that is not what its settings want; the message names the key and the YAML to write."""


class Configuration(BaseModel):
    """The settings of a project: one field each, described by its docstring, in camelCase in the stack's file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )

    examples: ClassVar[Mapping[str, object]] = {}
    """A value for each setting whose default would not show what is meant."""

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """Every setting by its name in a stack's file."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def load(cls) -> Self:
        """The settings of the stack that runs. Raises SettingsError."""
        project = pulumi.get_project()
        given: dict[str, Any] = {
            key.removeprefix(f"{project}:"): value
            for key, value in {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}.items()
            if key.startswith(f"{project}:")
        }
        return cls.parse(given | {"region": pulumi.Config("aws").require("region")}, pulumi.get_stack(), project)

    @classmethod
    def parse(cls, given: Mapping[str, Any], stack: str, project: str) -> Self:
        """Settings of values as Pulumi passes them: text, and lists as JSON text. Raises SettingsError."""
        problems, named = cls._unknown(given)
        if not problems:
            try:
                settings = cls.model_validate(dict(given))
            except ValidationError as error:
                for problem in error.errors():
                    key = str(problem["loc"][0]) if problem["loc"] else ""
                    said = problem["msg"].removeprefix("Value error, ")
                    problems.append(f"{key}: {said}" if key else said)
                    meant = [key] if key else [one for one in cls.fields() if re.search(rf"\b{one}\b", said)]
                    named |= dict.fromkeys(meant)
            else:
                settings.check_stack(stack, project)
                return settings
        lines = [f"Pulumi.{stack}.yaml:", *(f"  {problem}" for problem in problems)]
        if named:
            lines += ["Write there, for example:", "config:"]
            lines += [cls._line(key, project, value) for key, value in named.items()]
        raise SettingsError("\n".join(lines)) from None

    def check_stack(self, stack: str, project: str) -> None:
        """Whether a stack of that name may have these settings. Raises SettingsError."""

    @classmethod
    def _unknown(cls, given: Mapping[str, Any]) -> tuple[list[str], dict[str, object]]:
        """What is wrong, and which settings were probably meant, with the values that were given to them."""
        problems: list[str] = []
        meant: dict[str, object] = {}
        for key, value in given.items():
            if key in cls.fields():
                continue
            near = difflib.get_close_matches(key, cls.fields(), n=1)
            problems.append(f"unknown setting {key}{f'; did you mean {near[0]}?' if near else ''}")
            if near:
                meant[near[0]] = value
        return problems, meant

    @classmethod
    def _line(cls, key: str, project: str, value: object) -> str:
        """What sets `key` in a stack's file, below `config:`, and above it what it is."""
        field = cls.fields()[key]
        full = "aws:region" if key == "region" else f"{project}:{key}"
        shown = cls.examples.get(key, None if field.is_required() else field.default) if value is None else value
        entry = yaml.safe_dump({full: shown}, width=1000, allow_unicode=True, default_flow_style=None).rstrip()
        return f"  # {' '.join((field.description or '').split())}\n  {entry}"
