"""`up`: start the embedded AWS if need be, and deploy the program into it."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from embedded.commands import CommandError, daemon
from embedded.engine import DeploymentFailed, Event, run
from embedded.engine.project import ProjectError, load_project
from embedded.engine.settings import stack_settings
from embedded.engine.urns import parse
from embedded.engine.values import mask
from embedded.provider import AwsProvider
from embedded.state import ROOT, Home


def up(stack: str, port: int, config: Mapping[str, str]) -> None:
    """Deploy `stack`, with a line per resource, and print its outputs."""
    home = Home.of_environment()
    try:
        with home.locked():
            _deploy(home, stack, port, config)
    except BlockingIOError:
        message = "another deployment is under way"
        raise CommandError(message) from None
    except ProjectError as error:
        raise CommandError(str(error)) from None


def _deploy(home: Home, stack: str, port: int, config: Mapping[str, str]) -> None:
    began = time.monotonic()
    region = stack_settings(load_project(ROOT, stack, config).config).region
    running = daemon.start(home, port, region)
    print(f"embedded AWS at {running.endpoint_url} (process {running.pid})")
    counts: Counter[str] = Counter()

    def show(event: Event) -> None:
        counts[event.kind] += 1
        line = _line(event)
        if line:
            print(line, flush=True)

    provider = AwsProvider(
        root=ROOT,
        endpoint_url=running.endpoint_url,
        access_key_id=running.access_key_id,
        secret_access_key=running.secret_access_key,
        account=running.account_id,
    )
    try:
        deployment = run(
            ROOT,
            stack,
            preview=False,
            provider=provider,
            state=home.resources(stack),
            config=config,
            stack_references=lambda name: _outputs_of(home, name),
            on_event=show,
        )
    except DeploymentFailed as failure:
        home.save(failure.deployment)
        message = f"the deployment of {stack} failed:\n{failure}"
        raise CommandError(message) from None
    home.save(deployment)
    home.write_stack_file(deployment, running, region)
    for name, value in sorted(mask(deployment.outputs).items()):
        print(f"  {name} = {value}")
    done = ", ".join(f"{counts[kind]} {word}" for kind, word in _WORDS.items() if counts[kind])
    print(f"{stack}: {done or 'nothing to do'} in {time.monotonic() - began:.1f} s")


_WORDS = {"create": "created", "update": "updated", "same": "unchanged", "delete": "deleted"}


def _line(event: Event) -> str:
    if event.kind in ("create", "update", "delete"):
        urn = parse(event.urn)
        return f"{event.kind} {urn.type} {urn.name}"
    if event.kind == "log":
        return event.message
    return ""


def _outputs_of(home: Home, name: str) -> dict[str, Any] | None:
    """The outputs of `[organization/][project/]stack`, if this embedded AWS holds it."""
    *project, stack = name.split("/")
    if project and project[-1] != home.project(stack):
        return None
    return home.outputs(stack)
