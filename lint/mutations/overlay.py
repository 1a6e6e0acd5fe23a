"""A copy of the checkout to make a mistake in."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lint.mutations.seeds import Mutation

_NOT_NEEDED = ("web/", "demo/", "bench/", ".github/")


class SeedError(Exception):
    """A mutation that does not apply, or changes nothing: the program has moved on, and the seed must follow."""


def files(root: Path) -> tuple[str, ...]:
    """The files of a checkout that the program and its tests need."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = listed.stdout.splitlines()
    return tuple(file for file in found if not file.startswith(_NOT_NEEDED) and (root / file).is_file())


def copy(root: Path, to: Path, names: Sequence[str], addition: str) -> None:
    """Copies files, appends to the program, and makes a player of two files."""
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, to / name)
    with (to / "__main__.py").open("a") as program:
        program.write(addition)
    player = to / "web" / "dist"
    player.mkdir(parents=True)
    (player / "index.html").write_text("<!doctype html><title>player</title>")
    (player / "player.js").write_text("export {};")


def check(root: Path, mutations: Sequence[Mutation]) -> None:
    """Raises SeedError, naming all that do not apply to a checkout."""
    stale: list[str] = []
    for mutation in mutations:
        for edit in mutation.edits:
            path = root / edit.file
            if not path.is_file() or edit.old not in path.read_text() or edit.old == edit.new:
                stale.append(f"{mutation.name}: {edit.file} does not contain {edit.old!r}")
    if stale:
        raise SeedError("\n".join(stale))


def apply(mutation: Mutation, to: Path) -> None:
    """Makes the mistake in a copy that `check` has been asked about."""
    for edit in mutation.edits:
        path = to / edit.file
        path.write_text(path.read_text().replace(edit.old, edit.new, 1))
