"""Every policy document of a stack: of identities, resources, keys, and of who may assume a role."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lint.naming import label, short
from tests.support.captured import Captured, Stack

# Type → input that is a policy document.
HOLDERS: Mapping[str, str] = {
    "cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "iam/role:Role": "assumeRolePolicy",
    "iam/rolePolicy:RolePolicy": "policy",
    "kms/key:Key": "policy",
    "kms/keyPolicy:KeyPolicy": "policy",
    "s3/bucketPolicy:BucketPolicy": "policy",
    "sns/topicPolicy:TopicPolicy": "policy",
    "sqs/queuePolicy:QueuePolicy": "policy",
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A policy. `kind`: identity, trust or resource (a key's policy is that of a resource)."""

    resource: Captured
    kind: str
    text: str

    @property
    def label(self) -> str:
        return label(self.resource)

    @property
    def statements(self) -> list[dict[str, Any]]:
        """Its statements, always as a list."""
        found: dict[str, Any] | list[dict[str, Any]] = json.loads(self.text)["Statement"]
        return [found] if isinstance(found, dict) else found


class UnknownHolderError(Exception):
    """A resource that holds a policy document in an input that `HOLDERS` does not name."""


def documents(stack: Stack) -> Iterator[Document]:
    """All of them. Raises UnknownHolderError where there is one in an unexpected place."""
    for resource in stack.resources:
        of = HOLDERS.get(short(resource))
        for key, value in resource.inputs.items():
            if key != of and isinstance(value, str) and '"Statement"' in value and '"Effect"' in value:
                message = f"{label(resource)}.{key} looks like a policy: name it in HOLDERS of lint/documents.py"
                raise UnknownHolderError(message)
        text = resource.inputs.get(of or "")
        if not isinstance(text, str):
            continue
        kind = {"iam/role:Role": "trust", "iam/rolePolicy:RolePolicy": "identity"}.get(short(resource), "resource")
        yield Document(resource=resource, kind=kind, text=text)
