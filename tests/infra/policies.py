"""Reading policy documents out of a recording."""

from collections.abc import Iterator
from typing import Any

from tests.support.recorder import Recorded, Recording


def statements(resource: Recorded, of: str = "policy") -> list[dict[str, Any]]:
    return resource.document(of)["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_statements(recording: Recording) -> Iterator[tuple[str, dict[str, Any]]]:
    for policy in recording.of("iam/rolePolicy:RolePolicy"):
        for statement in statements(policy):
            yield policy.name, statement


def of_role(recording: Recording, name: str) -> list[dict[str, Any]]:
    return statements(recording.one("iam/rolePolicy:RolePolicy", name))


def allows(recording: Recording, role: str, action: str) -> list[str]:
    """The resources on which a role may do it."""
    return [
        resource
        for statement in of_role(recording, role)
        if action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
