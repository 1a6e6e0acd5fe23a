"""What is called a secret is marked as one among inputs, and is no stack output and no setting: those hold ARNs.

What is marked as secret Pulumi encrypts in its state and hides in what it prints:
https://www.pulumi.com/docs/iac/concepts/secrets/
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from embedded.engine.values import Secret
from infra.settings import Settings
from tests.support.captured import captured
from tests.support.recorder import STACKS

_CALLED = re.compile(r"secret|password|passphrase|token|credential|private_?key|api_?key", re.IGNORECASE)
_ARN = re.compile(r"_?arn$", re.IGNORECASE)
_PLAIN = {"skip_credentials_validation", "skipCredentialsValidation"}
"""Arguments of the provider that are no secrets."""


def _in_the_open(value: Any, called: str = "") -> Iterator[str]:
    """Names of values that are called a secret, by their key or by a `name` beside them, and are not marked as one."""
    if isinstance(value, Secret):
        return
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        name = str(fields.get("name", "")) if "value" in fields else ""
        for key, held in fields.items():
            yield from _in_the_open(held, name if key == "value" else str(key))
    elif isinstance(value, list):
        for held in cast("list[Any]", value):
            yield from _in_the_open(held, called)
    elif value and _CALLED.search(called) and not _ARN.search(called) and called not in _PLAIN:
        yield called


@pytest.mark.parametrize("stack", STACKS)
def test_every_input_that_is_called_a_secret_is_marked_as_one(stack: str) -> None:
    found = {(one.name, called) for one in captured(stack).resources for called in _in_the_open(dict(one.given))}
    assert found == set()


@pytest.mark.parametrize("stack", STACKS)
def test_no_output_is_called_a_secret(stack: str) -> None:
    assert list(_in_the_open(dict(captured(stack).outputs))) == []


def test_settings_hold_arns_of_secrets_and_no_secrets() -> None:
    assert [name for name in Settings.model_fields if _CALLED.search(name) and not _ARN.search(name)] == []


def test_a_header_in_the_open_is_seen_and_one_that_is_marked_is_not() -> None:
    header = {"customHeaders": [{"name": "x-origin-token", "value": "9f2c1a7b"}]}
    marked = {"customHeaders": [{"name": "x-origin-token", "value": Secret("9f2c1a7b")}]}
    assert list(_in_the_open(header)) == ["x-origin-token"]
    assert list(_in_the_open(marked)) == []
