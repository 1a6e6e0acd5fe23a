"""What the commands that change a stack share: one at a time, the provider of the daemon, lines about what happens."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.commands import CommandError
from embedded.engine import Event
from embedded.engine.project import Project, ProjectError, load_project
from embedded.engine.urns import parse
from embedded.provider import AwsProvider
from embedded.state import Daemon, Home


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run: the project in a directory, one of its stacks, and where that one's settings come from."""

    directory: Path
    stack: str
    config: Mapping[str, str]
    config_file: Path | None = None

    def load(self) -> Project:
        """The project with these settings. Raises `ProjectError`."""
        return load_project(self.directory, self.stack, self.config, config_file=self.config_file)


WORDS = {"create": "created", "update": "updated", "replace": "replaced", "same": "unchanged", "delete": "deleted"}
_SHOWN = ("create", "update", "replace", "delete", "discard", "keep")


@contextmanager
def alone(home: Home) -> Generator[None]:
    """No other deployment meanwhile. Raises `CommandError` if one is under way, or for a project file's mistakes."""
    try:
        with home.locked():
            yield
    except BlockingIOError:
        message = "another deployment is under way"
        raise CommandError(message) from None
    except ProjectError as error:
        raise CommandError(str(error)) from None


def provider_of(running: Daemon, root: Path, *, own_credentials: bool = False) -> AwsProvider:
    """The provider that deploys the project in `root` into the embedded AWS, as its operator or as boto3 finds."""
    if own_credentials:
        # boto3 asks for a role's session before there is a client that could be told where.
        os.environ["AWS_ENDPOINT_URL"] = running.endpoint_url
    return AwsProvider(
        root=root,
        endpoint_url=running.endpoint_url,
        access_key_id=None if own_credentials else running.access_key_id,
        secret_access_key=None if own_credentials else running.secret_access_key,
        account=running.account_id,
    )


def line(event: Event) -> str:
    """An event as text: what becomes of which resource, and for which of its properties; empty if nothing does."""
    if event.kind in _SHOWN:
        urn = parse(event.urn)
        because = f" ({', '.join(event.properties)})" if event.properties else ""
        return f"{event.kind} {urn.type} {urn.name}{because}"
    return event.message if event.kind == "log" else ""


def outputs_of(home: Home, name: str) -> dict[str, Any] | None:
    """The outputs of `[organization/][project/]stack`, if this embedded AWS holds it."""
    *project, stack = name.split("/")
    if project and project[-1] != home.project(stack):
        return None
    return home.outputs(stack)
