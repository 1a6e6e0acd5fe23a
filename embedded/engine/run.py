"""Runs a Pulumi program against the engine."""

from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.engine.model import Deployment, Event, Provider, Resource


def run(
    project_dir: Path,
    stack: str,
    *,
    preview: bool,
    provider: Provider | None = None,
    state: Mapping[str, Resource] | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Deployment:
    """Run `project_dir/__main__.py` under the stack's settings and return what it registered.

    `provider` defaults to one that checks every argument and knows no cloud (preview only). Raises `DeploymentFailed`.
    """
    raise NotImplementedError
