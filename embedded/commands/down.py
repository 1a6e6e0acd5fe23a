"""`down`: delete what has been deployed, and stop the embedded AWS once nothing is left in it."""

import sys
import time
from collections import Counter

from embedded.commands import CommandError, daemon
from embedded.engine.urns import parse
from embedded.state import Daemon, Home


def down(stack: str | None, *, force: bool, exclude_protected: bool) -> None:
    """Delete `stack`, or every stack, and stop the daemon if none is left.

    Raises `CommandError` naming what refused to go; the daemon runs on then. With `force` the daemon is stopped
    without asking anyone: what is in it is gone.
    """
    home = Home.of_environment()
    running = daemon.running(home)
    if force or running is None:
        _stop(home)
        return
    # Only now: a forced stop has no use for a provider.
    from embedded.commands.session import alone

    if stack is not None and stack not in home.stacks():
        message = f"stack {stack} is not deployed"
        raise CommandError(message)
    with alone(home):
        refused = [
            text
            for name in ([stack] if stack else home.stacks())
            for text in _destroy(home, running, name, exclude_protected=exclude_protected)
        ]
    if refused:
        message = "\n".join(["these are left, and the embedded AWS runs on:", *refused])
        raise CommandError(message)
    if home.stacks():
        print(f"the embedded AWS runs on with {', '.join(home.stacks())}")
    else:
        _stop(home)


def _stop(home: Home) -> None:
    stopped = daemon.stop(home)
    print("the embedded AWS is down" if stopped else "the embedded AWS was not running")


def _destroy(home: Home, running: Daemon, stack: str, *, exclude_protected: bool) -> list[str]:
    from embedded.commands.session import line, provider_of
    from embedded.engine import Event, destroy
    from embedded.state import ROOT

    began = time.monotonic()
    counts: Counter[str] = Counter()

    def show(event: Event) -> None:
        counts[event.kind] += 1
        sys.stdout.write(f"{line(event)}\n")

    with home.journal(stack) as take:
        done = destroy(
            home.snapshot(stack),
            provider=provider_of(running, ROOT),
            region=home.region(stack),
            exclude_protected=exclude_protected,
            on_event=show,
            on_step=take,
        )
    home.keep(stack, done.left)
    print(f"{stack}: {counts['delete'] + counts['discard']} deleted in {time.monotonic() - began:.1f} s")
    return [f"{parse(urn).type} {parse(urn).name} of {stack}: {reason}" for urn, reason in done.refused.items()]
