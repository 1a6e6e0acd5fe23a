"""`preview`: run the program without making anything, and show what would become of each resource."""

import sys
from collections import Counter

from embedded.commands import CommandError, daemon
from embedded.commands.session import WORDS, Program, line, outputs_of
from embedded.engine import DeploymentFailed, Event, Snapshot, run
from embedded.engine.project import ProjectError
from embedded.state import Home


def preview(program: Program) -> None:
    """Print the difference that deploying the program would make, with the properties that make it.

    Every argument has been checked then. For a stack that is not deployed: how many resources of which type.
    """
    home, stack = Home.of_environment(), program.stack
    state = home.snapshot(stack) if daemon.running(home) else Snapshot()
    counts: Counter[str] = Counter()

    def show(event: Event) -> None:
        counts[event.kind] += 1
        if event.kind == "log":
            print(event.message, file=sys.stderr)
        elif state.resources and line(event):
            print(line(event))

    try:
        deployment = run(
            program.directory,
            stack,
            preview=True,
            state=state,
            config=program.config,
            config_file=program.config_file,
            stack_references=lambda name: outputs_of(home, name),
            on_event=show,
        )
    except DeploymentFailed as failure:
        message = f"the preview of {stack} failed:\n{failure}"
        raise CommandError(message) from None
    except ProjectError as error:
        raise CommandError(str(error)) from None
    if state.resources:
        done = ", ".join(f"{counts[kind]} to be {word}" for kind, word in WORDS.items() if counts[kind])
        print(f"{stack}: {done.replace('to be unchanged', 'unchanged') or 'nothing to do'}")
        return
    types = Counter(resource.type for resource in deployment.resources)
    for token, count in sorted(types.items()):
        print(f"{count:5} {token}")
    print(f"{len(deployment.resources):5} resources of {len(types)} types in {stack}")
