"""Small Pulumi projects, written for one test each."""

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import yaml

PROJECT = "example"


def write_program(
    directory: Path,
    source: str,
    *,
    project: dict[str, Any] | None = None,
    stacks: dict[str, dict[str, Any]] | None = None,
) -> Path:
    """A project of the given program; `stacks` are settings by stack name (default: `dev`, in eu-west-1)."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump({"name": PROJECT, "runtime": "python", **(project or {})}))
    for name, settings in (stacks or {"dev": {"aws:region": "eu-west-1"}}).items():
        (directory / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": settings}))
    (directory / "__main__.py").write_text(dedent(source))
    return directory


def component(name: str, body: str) -> str:
    """The source of a component class whose constructor runs `body`."""
    return (
        f"class {name}(pulumi.ComponentResource):\n"
        f"    def __init__(self, name, opts=None):\n"
        f"        super().__init__('example:parts:{name}', name, None, opts)\n" + indent(dedent(body), "        ")
    )
