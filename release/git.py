"""The checkout as git sees it."""

import subprocess
from pathlib import Path


class GitError(Exception):
    """Git refused, or there is no history to answer from."""


class Checkout:
    """A working tree. Every method raises GitError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def head(self) -> str:
        """The commit, 40 hex digits."""
        return self._git("rev-parse", "HEAD").strip()

    def changes(self) -> tuple[str, ...]:
        """Files that differ from the commit, and files that git does not know."""
        return tuple(line[3:] for line in self._git("status", "--porcelain").splitlines())

    def subjects(self, since: str, until: str) -> tuple[str, ...]:
        """Commits in between, newest first; none where history does not hold them."""
        try:
            return tuple(self._git("log", "--oneline", f"{since}..{until}").splitlines())
        except GitError:
            return ()

    def versions(self, file: Path) -> tuple[str, ...]:
        """Commits that changed a file, newest first."""
        return tuple(self._git("log", "--format=%H", "--", self._name(file)).split())

    def read(self, commit: str, file: Path) -> bytes:
        """A file as of a commit."""
        return self._git("show", f"{commit}:{self._name(file)}").encode()

    def _name(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix()

    def _git(self, *arguments: str) -> str:
        ran = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        if ran.returncode:
            message = f"git {' '.join(arguments)}: {ran.stderr.strip()}"
            raise GitError(message)
        return ran.stdout
