"""`preview`: run the program without making anything, and count what it would make."""

import sys
from collections import Counter
from collections.abc import Mapping

from embedded.commands import CommandError
from embedded.engine import DeploymentFailed, Event, run
from embedded.engine.project import ProjectError
from embedded.state import ROOT


def preview(stack: str, config: Mapping[str, str]) -> None:
    """Print how many resources of which type `stack` consists of; every argument has been checked then."""

    def show(event: Event) -> None:
        if event.kind == "log":
            print(event.message, file=sys.stderr)

    try:
        deployment = run(ROOT, stack, preview=True, config=config, on_event=show)
    except DeploymentFailed as failure:
        message = f"the preview of {stack} failed:\n{failure}"
        raise CommandError(message) from None
    except ProjectError as error:
        raise CommandError(str(error)) from None
    counts = Counter(resource.type for resource in deployment.resources)
    for token, count in sorted(counts.items()):
        print(f"{count:5} {token}")
    print(f"{len(deployment.resources):5} resources of {len(counts)} types in {stack}")
