"""`up`: start the embedded AWS if need be, and deploy the program into it."""

import time
from collections import Counter

from embedded.commands import CommandError, daemon
from embedded.commands.session import WORDS, Program, alone, line, outputs_of, provider_of
from embedded.engine import DeploymentFailed, Event, run
from embedded.engine.settings import stack_settings
from embedded.engine.values import mask
from embedded.state import Home


def up(program: Program, port: int, *, own_credentials: bool = False) -> None:
    """Deploy the program's stack, with a line per resource that changes, and print its outputs.

    By default the operator deploys, who may do everything. With `own_credentials` it is whoever boto3 finds: an access
    key, or the role of `AWS_ROLE_ARN` with the token of `AWS_WEB_IDENTITY_TOKEN_FILE`.
    """
    home = Home.of_environment()
    with alone(home):
        _deploy(home, program, port, own_credentials=own_credentials)


def _deploy(home: Home, program: Program, port: int, *, own_credentials: bool) -> None:
    began = time.monotonic()
    loaded, stack = program.load(), program.stack
    region = stack_settings(loaded.config).region
    running = daemon.start(home, port, region)
    print(f"embedded AWS at {running.endpoint_url} (process {running.pid})")
    if home.project(stack) not in ("", loaded.name):
        message = f"stack {stack} belongs to the project {home.project(stack)}: give this one another name"
        raise CommandError(message)
    counts: Counter[str] = Counter()

    def show(event: Event) -> None:
        counts[event.kind] += 1
        text = line(event)
        if text:
            print(text, flush=True)

    home.begin(stack, loaded.name, region)
    try:
        with home.journal(stack) as take:
            deployment = run(
                program.directory,
                stack,
                preview=False,
                provider=provider_of(running, loaded.main, own_credentials=own_credentials),
                state=home.snapshot(stack),
                config=program.config,
                config_file=program.config_file,
                stack_references=lambda name: outputs_of(home, name),
                on_event=show,
                on_step=take,
            )
    except DeploymentFailed as failure:
        home.save(failure.deployment)
        message = f"the deployment of {stack} failed:\n{failure}"
        raise CommandError(message) from None
    home.save(deployment)
    home.write_stack_file(deployment, running, region)
    for name, value in sorted(mask(deployment.outputs).items()):
        print(f"  {name} = {value}")
    done = ", ".join(f"{counts[kind]} {word}" for kind, word in WORDS.items() if counts[kind])
    print(f"{stack}: {done or 'nothing to do'} in {time.monotonic() - began:.1f} s")
