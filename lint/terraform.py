"""The captured resources as the JSON form of a Terraform plan.

Format: https://developer.hashicorp.com/terraform/internals/json-format . `planned_values` holds the values,
`configuration` says which of them come from which resource: that is what graph checks walk along.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from embedded.engine.values import Archive, Asset, Value
from lint.naming import label, short
from lint.terraform_types import MAPS, NAMES, NO_EQUIVALENT, PLURAL, RENAMED
from tests.support.captured import Captured, Stack


class MappingError(ValueError):
    """A list of blocks of which it is not known what one of them is called."""


def plan(stack: Stack) -> tuple[dict[str, Any], dict[str, str]]:
    """The plan, and for each address in it the label of the resource. Raises MappingError."""
    known = {one.urn: one for one in stack.resources if _mapped(one)}
    addresses = {urn: _address(resource) for urn, resource in known.items()}
    if len(set(addresses.values())) != len(addresses):
        message = "two resources have the same address in the plan"
        raise MappingError(message)
    values: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    configured: list[dict[str, Any]] = []
    for urn, resource in known.items():
        kind, _, name = addresses[urn].partition(".")
        head = {"address": addresses[urn], "mode": "managed", "type": kind, "name": name, "provider_name": _PROVIDER}
        after = _block(kind, "", resource.inputs)
        values.append({**head, "schema_version": 0, "values": after, "sensitive_values": {}})
        changes.append({**head, "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}}})
        expressions = {
            _name(kind, key): {"references": [part for to in targets if to in known for part in _reference(to, known)]}
            for key, targets in resource.property_dependencies.items()
        }
        configured.append({**head, "provider_config_key": "aws", "expressions": expressions})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": values}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": _PROVIDER}},
            "root_module": {"resources": configured},
        },
    }, {addresses[urn]: label(resource) for urn, resource in known.items()}


_PROVIDER = "registry.terraform.io/hashicorp/aws"


def _mapped(resource: Captured) -> bool:
    return resource.custom and not resource.type.startswith("pulumi:") and short(resource) not in NO_EQUIVALENT


def _kind(resource: Captured) -> str:
    found = NAMES.get(short(resource))
    module, _, name = short(resource).partition("/")
    return found or f"aws_{module}_{_snake(name.partition(':')[0])}"


def _address(resource: Captured) -> str:
    return f"{_kind(resource)}.{re.sub(r'[^A-Za-z0-9_-]', '-', resource.name)}"


def _reference(urn: str, known: Mapping[str, Captured]) -> list[str]:
    address = _address(known[urn])
    return [f"{address}.id", address]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _name(kind: str, path: str) -> str:
    return RENAMED.get(f"{kind}.{path}", _snake(path.rpartition(".")[2]))


def _block(kind: str, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in values.items():
        inner = f"{path}.{key}" if path else key
        name = _name(kind, inner)
        made[name] = _value(kind, inner, name, value)
    return made


def _value(kind: str, path: str, name: str, value: Value) -> Value:
    if isinstance(value, Asset | Archive):
        return value.path or "content"
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        return dict(given) if name in MAPS else [_block(kind, path, given)]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if any(isinstance(item, Mapping) for item in items):
            if f"{kind}.{path}" not in RENAMED and name not in PLURAL:
                message = f"{kind}: what is one of `{path}` called? Say so in RENAMED of lint/terraform_types.py"
                raise MappingError(message)
            return [_block(kind, path, cast("Mapping[str, Any]", item)) for item in items]
        return list(items)
    return value
