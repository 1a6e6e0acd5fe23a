"""`resources`: what the last deployment consists of."""

import json
from typing import Any

from embedded.commands import CommandError
from embedded.engine import Resource
from embedded.engine.values import mask
from embedded.state import Home


def resources(stack: str, *, as_json: bool) -> None:
    """Print every resource: as a table, or as JSON with its inputs and outputs (secrets masked)."""
    found = Home.of_environment().resources(stack)
    if not found:
        message = f"stack {stack} is not deployed: `python -m embedded up --stack {stack}`"
        raise CommandError(message)
    if as_json:
        print(json.dumps([_entry(resource) for resource in found.values()], indent=1))
        return
    width = max(len(resource.type) for resource in found.values())
    for resource in found.values():
        print(f"{resource.type:{width}} {resource.name} {resource.id}".rstrip())
    print(f"{len(found)} resources in {stack}")


def _entry(resource: Resource) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "id": resource.id,
        "parent": resource.parent,
        "custom": resource.custom,
        "inputs": mask(resource.inputs),
        "outputs": mask(resource.outputs),
        "dependencies": list(resource.dependencies),
    }
