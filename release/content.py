"""What a checkout is: computed the same way when a release is written and whenever one is compared with it."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from functions.contracts.code import code_digest
from infra.promotion import Content, workflows
from infra.settings import Settings


class ProgramError(Exception):
    """The Pulumi program does not run."""


def of_checkout(root: Path) -> Content:
    """Takes seconds: the program runs once, for its permissions. Raises ProgramError."""
    return Content(
        code_digest=code_digest(root),
        workflows=workflows(root),
        settings_schema=_hash(_wordless(Settings.model_json_schema())),
        permissions=_permissions(root),
    )


def differences(before: Content, after: Content) -> Iterator[str]:
    """One line for everything that is not the same, in words."""
    if before.code_digest != after.code_digest:
        yield "code of the functions"
    for what, old, new in (
        ("workflow", before.workflows, after.workflows),
        ("permissions of", before.permissions, after.permissions),
    ):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                change = " (new)" if name not in old else " (removed)" if name not in new else ""
                yield f"{what} {name}{change}"
    if before.settings_schema != after.settings_schema:
        yield "which settings there are"


def run_program(root: Path, *stack: str) -> Mapping[str, Any]:
    """What the program grants and makes, see release/recording.py. Raises ProgramError."""
    command = [sys.executable, "-m", "release.recording", *stack]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode:
        message = f"the program does not run under {stack[0] if stack else 'prod'}'s settings:\n{ran.stderr.strip()}"
        raise ProgramError(message)
    return json.loads(ran.stdout.strip().splitlines()[-1])


def _permissions(root: Path) -> dict[str, str]:
    found: Mapping[str, Any] = run_program(root)["permissions"]
    return {name: _hash(documents) for name, documents in sorted(found.items())}


def _wordless(schema: object) -> object:
    """A schema without its descriptions: another wording is no other setting."""
    if isinstance(schema, dict):
        entries = cast("dict[str, object]", schema).items()
        return {key: _wordless(value) for key, value in entries if key != "description" or not isinstance(value, str)}
    return [_wordless(item) for item in cast("list[object]", schema)] if isinstance(schema, list) else schema


def _hash(document: object) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
