"""`serve`: the stack's CDN, for a browser on this machine."""

from embedded.commands import CommandError, daemon
from embedded.state import Home


def serve(stack: str, port: int) -> None:
    """Serve the distribution of `stack` until Ctrl-C."""
    home = Home.of_environment()
    running = daemon.required(home)
    outputs = home.outputs(stack)
    if outputs is None:
        message = f"stack {stack} is not deployed: `python -m embedded up --stack {stack}`"
        raise CommandError(message)
    from embedded.cloud import cdn

    cdn.serve(running, outputs, port)
