"""The commands of `python -m embedded`, a module each."""


class CommandError(Exception):
    """A command that cannot do what it was asked to; the message says why and what helps."""
