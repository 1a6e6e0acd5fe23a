"""Runs a Pulumi program against the engine."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from embedded.engine.model import Deployment, DeploymentFailed, Event, Provider, Snapshot, Step
from embedded.engine.monitor import serve
from embedded.engine.project import Project, load_project
from embedded.engine.session import Session

_PARALLEL = 48
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_HOST = Path(__file__).with_name("host.py")
_TERMINATED = "Resource monitor has terminated, shutting down"


def _ignore(_event: Event) -> None:
    """Watch nothing."""


def _forget(_step: Step) -> None:
    """Remember nothing before the end."""


def _no_stack(_name: str) -> None:
    """Know no other stack."""


def run(
    project_dir: Path,
    stack: str,
    *,
    preview: bool,
    provider: Provider | None = None,
    state: Snapshot | None = None,
    config: Mapping[str, str] | None = None,
    config_file: Path | None = None,
    stack_references: Callable[[str], Mapping[str, Any] | None] = _no_stack,
    on_event: Callable[[Event], None] = _ignore,
    on_step: Callable[[Step], None] = _forget,
) -> Deployment:
    """Run `project_dir/__main__.py` under the stack's settings and return what it registered.

    With `preview`, nothing is made: every argument is checked, and what only a deployment can know stays `UNKNOWN`. The
    default provider is AWS. `state` is what the last deployment left. `config` overrides settings of the
    stack and `config_file` names another file of them, as `--config` and `--config-file` of `pulumi up` do.
    `stack_references` gives the outputs of
    other stacks by name (`organization/project/stack`); in a preview an unknown stack's outputs are unknown.
    `on_event` is called from several threads, one at a time; so is `on_step`, whose caller waits for its return before
    anything depends on the step: what it keeps is complete at any moment. Raises `DeploymentFailed` and `ProjectError`.
    """
    project = load_project(project_dir.resolve(), stack, config, config_file=config_file)
    if provider is None:
        # The provider's types are written in terms of the engine's model: this way round only at run time.
        from embedded.provider import AwsProvider

        provider = AwsProvider(root=project.main)
    session = Session(
        project,
        preview=preview,
        provider=provider,
        state=state or Snapshot(),
        stack_references=stack_references,
        on_event=on_event,
        on_step=on_step,
    )
    with ThreadPoolExecutor(max_workers=2 * _PARALLEL) as executor:
        address, stop = serve(session, executor, _UNLIMITED)
        try:
            status, output = _run_program(project, address, session)
        finally:
            stop()
    if status and not session.errors:
        session.fail(output.strip() or f"the program ended with status {status}")
    session.finish()
    deployment = session.deployment()
    if session.errors:
        raise DeploymentFailed(tuple(error for error in session.errors if error != _TERMINATED), deployment)
    return deployment


def _run_program(project: Project, address: str, session: Session) -> tuple[int, str]:
    command = [sys.executable, str(_HOST), "--monitor", address, "--engine", address]
    command += ["--project", project.name, "--stack", project.stack, "--organization", "organization"]
    command += ["--root-directory", str(project.directory), "--parallel", str(_PARALLEL)]
    if session.preview:
        command.append("--dry-run")
    command.append(str(project.main))
    environment = os.environ | {
        "PULUMI_CONFIG": json.dumps(dict(project.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(project.secret_keys),
        "PULUMI_PROJECT": project.name,
        "PULUMI_STACK": project.stack,
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_DRY_RUN": str(session.preview).lower(),
        "PYTHONUNBUFFERED": "1",
        # The program's own process makes no forks, but the libraries it loads may.
        "GRPC_ENABLE_FORK_SUPPORT": "0",
    }
    process = subprocess.Popen(
        command, cwd=project.main, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    errors: list[str] = []
    assert process.stdout is not None  # noqa: S101  (narrows the type)
    assert process.stderr is not None  # noqa: S101
    readers = [
        threading.Thread(target=_follow, args=(process.stdout, session.log)),
        threading.Thread(target=_follow, args=(process.stderr, errors.append)),
    ]
    try:
        for reader in readers:
            reader.start()
        status = process.wait()
    except BaseException:
        process.terminate()
        raise
    finally:
        for reader in readers:
            reader.join()
    if status == 0:
        for line in errors:
            session.log(line)
    return status, "\n".join(errors)


def _follow(stream: IO[str], take: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            take(line.rstrip("\n"))
