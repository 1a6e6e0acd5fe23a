"""The cloud of the embedded AWS's own tests."""

from tests.embedded.conftest import cloud

__all__ = ["cloud"]
