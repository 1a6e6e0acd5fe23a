"""`down`: stop the embedded AWS. Everything in it is gone."""

from embedded.commands import daemon
from embedded.state import Home


def down() -> None:
    """Stop the daemon and forget its stacks."""
    stopped = daemon.stop(Home.of_environment())
    print("the embedded AWS is down" if stopped else "the embedded AWS was not running")
