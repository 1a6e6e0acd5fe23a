"""The captured resources as CloudFormation templates, one per region.

Names follow CloudFormation's own schemas, which cfn-lint brings along: a property is found there whatever its case.
What is called otherwise, or lies elsewhere, is said in `lint/cloudformation_types.py`. A type or a property that is
found nowhere is an error: nothing is left out silently.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from embedded.engine.values import Value
from lint.cloudformation_types import NO_EQUIVALENT, TYPES, Row
from lint.naming import label, short
from tests.support.captured import Captured, Stack

_TAGGED = ("Tags", "ResourceTags")


class MappingError(ValueError):
    """A resource type or property that the mapping does not know."""


class Template:
    """A template of one region. `labels` leads from logical ids back to the resources."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.labels: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """What CloudFormation would be given."""
        return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": self.resources}


def templates(stack: Stack) -> dict[str, Template]:
    """Region → template. Raises MappingError."""
    made: dict[str, Template] = {}
    places: dict[str, tuple[Template, str]] = {}
    guests: list[tuple[Captured, Row]] = []
    for resource in stack.resources:
        if not resource.custom or resource.type.startswith("pulumi:") or short(resource) in NO_EQUIVALENT:
            continue
        row = TYPES.get(short(resource))
        if row is None:
            message = f"{resource.type} ({resource.name}): say in lint/cloudformation_types.py what it is there"
            raise MappingError(message)
        if row.host:
            guests.append((resource, row))
            continue
        template = made.setdefault(resource.region, Template())
        logical = _logical(template, resource)
        template.resources[logical] = {"Type": row.type, "Properties": _properties(resource, row)}
        template.labels[logical] = label(resource)
        places[resource.urn] = (template, logical)
    for resource, row in guests:
        hosts = [urn for urn in resource.property_dependencies.get(row.host, ()) if urn in places]
        if len(hosts) != 1:
            message = f"{label(resource)}: its `{row.host}` comes from {len(hosts)} resources, not from one"
            raise MappingError(message)
        template, logical = places[hosts[0]]
        if row.replaces:
            template.resources[logical]["Properties"] |= _properties(resource, row)
        else:
            _merge(template.resources[logical]["Properties"], _properties(resource, row))
    return made


def _logical(template: Template, resource: Captured) -> str:
    kind = resource.type.rpartition(":")[2]
    stem = kind + "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]", resource.name))
    name, count = stem, 1
    while name in template.resources:
        count += 1
        name = f"{stem}{count}"
    return name


def _properties(resource: Captured, row: Row) -> dict[str, Any]:
    given = {key: value for key, value in resource.inputs.items() if value is not None and key not in row.drop}
    for key in ("tags", "region", row.host):
        given.pop(key, None)
    tags: dict[str, str] = given.pop("tagsAll", None) or {}
    shaped = row.shape(given) if row.shape else given
    shaped = {row.rename.get(key, key): value for key, value in shaped.items()}
    schema = _schema(resource.region, row.type)
    where = label(resource)
    found = _named(schema, schema, {row.root: shaped} if row.root else shaped, where)
    if tags and not row.host:
        key = next((key for key in _TAGGED if key in schema["properties"]), None)
        if key is None and not row.untagged:
            message = f"{where} has tags, and {row.type} takes none"
            raise MappingError(message)
        if key:
            mapped = "properties" not in _resolved(schema["properties"][key].get("items", {}), schema)
            pairs = [{"Key": name, "Value": value} for name, value in tags.items()]
            found[key] = dict(tags) if mapped else pairs
    return found


def _schema(region: str, type_: str) -> Mapping[str, Any]:
    manager: Any = PROVIDER_SCHEMA_MANAGER
    return manager.get_resource_schema(region, type_).schema


def _named(
    schema: Mapping[str, Any], whole: Mapping[str, Any], values: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """`values` under the names that an object of `schema` has for them."""
    named: dict[str, Any] = {}
    known = {name.casefold(): name for name in _members(schema, whole)}
    for key, value in values.items():
        if value is None:
            continue
        name = known.get(key.casefold())
        if name is None:
            message = f"{where}.{key}: no such property in CloudFormation: rename or drop it in cloudformation_types.py"
            raise MappingError(message)
        named[name] = _value(_members(schema, whole)[name], whole, value, f"{where}.{key}")
    return named


def _value(schema: Mapping[str, Any], whole: Mapping[str, Any], value: Value, where: str) -> Value:
    schema = _resolved(schema, whole)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, str) and "object" in kinds and "string" not in kinds:
        return value
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        if "array" in kinds:
            return [_value(schema.get("items", {}), whole, given, where)]
        return _named(schema, whole, given, where) if _members(schema, whole) else dict(given)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if kinds and "array" not in kinds and len(items) == 1:
            return _value(schema, whole, items[0], where)
        return [_value(schema.get("items", {}), whole, item, where) for item in items]
    return value


def _members(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    schema = _resolved(schema, whole)
    members: dict[str, Any] = dict(schema.get("properties", {}))
    for choice in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(choice, []):
            members = {**_members(part, whole), **members}
    return members


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        target: Any = whole
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Lists grow, objects merge, anything else is replaced."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], cast("dict[str, Any]", value))
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = [*into[key], *cast("list[Any]", value)]
        else:
            into[key] = value
