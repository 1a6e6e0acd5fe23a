"""`serve`: the stack's CDN, for a browser on this machine."""

import contextlib
import sys
import threading

from embedded.commands import CommandError, daemon
from embedded.state import Home


def serve(stack: str, port: int, page: str) -> None:
    """Serve the distribution of `stack` until Ctrl-C, after printing the URL of `page`, a path with its query."""
    home = Home.of_environment()
    running = daemon.required(home)
    outputs = home.outputs(stack)
    if outputs is None:
        message = f"stack {stack} is not deployed: `python -m embedded up --stack {stack}`"
        raise CommandError(message)
    from embedded.cloud import cdn

    access = cdn.Access(running.endpoint_url, home.region(stack), running.access_key_id, running.secret_access_key)
    server = cdn.CdnServer(access, outputs["distribution_id"], port or None).start()
    sys.stdout.write(f"{server.url}/{page.removeprefix('/')}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    server.stop()
