"""Property values and their wire form.

Pulumi carries values in `google.protobuf.Struct`; unknown values, secrets, assets and archives are marked by signatures
(pulumi's `sdk/go/common/resource/properties.go`). In memory they are `UNKNOWN`, `Secret`, `Asset` and `Archive`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from google.protobuf import struct_pb2

# A property value: JSON-like, with `UNKNOWN`, `Secret`, `Asset`, `Archive` and `Reference` anywhere in it.
Value = Any
# An unknown value is this very string on the wire; a text with an unknown part contains it.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (a signature, not a secret)
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass(frozen=True)
class Secret:
    """A value that must not be shown."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file: a path, a text, or a URI. `hash` is the content's SHA-256 in hex, once the engine has read it."""

    path: str = ""
    text: str | None = None
    uri: str = ""
    hash: str = ""

    def content(self, root: Path) -> bytes:
        """The bytes of the asset; paths are relative to the project. Raises `ValueError` for a remote one."""
        if self.text is not None:
            return self.text.encode()
        if self.path:
            return (root / self.path).read_bytes()
        message = f"a remote asset ({self.uri}) cannot be read here: use a file or a text"
        raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A directory or archive file by path, a URI, or a map of names to assets and archives. `hash` as in `Asset`."""

    path: str = ""
    uri: str = ""
    assets: Mapping[str, Any] | None = None
    hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A resource that is passed as a value."""

    urn: str
    id: str = ""


def is_unknown(value: object) -> bool:
    """Whether `value` is unknown, or a text with an unknown part."""
    return isinstance(value, str) and UNKNOWN in value


def walk(value: Value, leaf: Callable[[Any], Any]) -> Value:
    """Rebuild `value` with `leaf` applied to everything that is no plain dict or list."""
    if isinstance(value, dict):
        return {key: walk(item, leaf) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [walk(item, leaf) for item in cast("list[Any]", value)]
    return leaf(value)


def contains_unknown(value: Value) -> bool:
    """Whether anything inside `value` is unknown."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in cast("list[Any]", value))
    if isinstance(value, Secret):
        return contains_unknown(value.value)
    return is_unknown(value)


def contains_secret(value: Value) -> bool:
    """Whether anything inside `value` is a secret."""
    if isinstance(value, dict):
        return any(contains_secret(item) for item in cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return any(contains_secret(item) for item in cast("list[Any]", value))
    return isinstance(value, Secret)


def reveal(value: Value) -> Value:
    """`value` with every secret replaced by what it holds."""
    return walk(value, lambda leaf: reveal(leaf.value) if isinstance(leaf, Secret) else leaf)


def mask(value: Value) -> Value:
    """`value` as JSON for people: secrets and unknowns named, assets by their path."""

    def leaf(item: Value) -> Value:
        match item:
            case Secret():
                return "[secret]"
            case Asset() | Archive():
                return {"path": item.path, "uri": item.uri}
            case Reference():
                return item.urn
            case str() if item == UNKNOWN:
                return "[unknown]"
            case _:
                return item

    return walk(value, leaf)


def to_wire(value: Value) -> Value:
    """JSON-like form with Pulumi's signatures."""

    def leaf(item: Value) -> Value:
        match item:
            case Secret():
                return {_SIGNATURE: _SECRET, "value": to_wire(item.value)}
            case Asset():
                kinds = {
                    "path": item.path or None,
                    "text": item.text,
                    "uri": item.uri or None,
                    "hash": item.hash or None,
                }
                return {_SIGNATURE: _ASSET} | {key: text for key, text in kinds.items() if text is not None}
            case Archive():
                assets = None if item.assets is None else to_wire(dict(item.assets))
                kinds = {
                    "path": item.path or None,
                    "assets": assets,
                    "uri": item.uri or None,
                    "hash": item.hash or None,
                }
                return {_SIGNATURE: _ARCHIVE} | {key: part for key, part in kinds.items() if part is not None}
            case Reference():
                return {_SIGNATURE: _RESOURCE, "urn": item.urn} | ({"id": item.id} if item.id else {})
            case tuple():
                return [to_wire(part) for part in cast("tuple[Any, ...]", item)]
            case _:
                return item

    return walk(value, leaf)


def from_wire(value: Value) -> Value:
    """The inverse of `to_wire`. Numbers that are whole become `int` (protobuf knows only doubles)."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return _from_wire_mapping(cast("Mapping[str, Any]", value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [from_wire(item) for item in cast("Sequence[Any]", value)]
    return value


def _from_wire_mapping(value: Mapping[str, Any]) -> Value:
    match value.get(_SIGNATURE):
        case None:
            return {key: from_wire(item) for key, item in value.items()}
        case signature if signature == _SECRET:
            return Secret(from_wire(value.get("value")))
        case signature if signature == _ASSET:
            return Asset(
                path=value.get("path", ""), text=value.get("text"), uri=value.get("uri", ""), hash=value.get("hash", "")
            )
        case signature if signature == _ARCHIVE:
            assets = value.get("assets")
            return Archive(
                path=value.get("path", ""),
                uri=value.get("uri", ""),
                assets=None if assets is None else from_wire(assets),
                hash=value.get("hash", ""),
            )
        case signature if signature == _RESOURCE:
            return Reference(urn=value["urn"], id=value.get("id", ""))
        case signature if signature == _OUTPUT:
            inner = from_wire(value["value"]) if "value" in value else UNKNOWN
            return Secret(inner) if value.get("secret") else inner
        case unknown:
            message = f"a value with the unknown signature {unknown}"
            raise ValueError(message)


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Read a protobuf struct."""
    return {key: from_wire(_plain(value)) for key, value in struct.fields.items()}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write a protobuf struct; keys whose value is `None` are left out, as Pulumi's providers do."""
    struct = struct_pb2.Struct()
    struct.update({key: to_wire(value) for key, value in values.items() if value is not None})
    return struct


def _plain(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "struct_value":
            return {key: _plain(item) for key, item in value.struct_value.fields.items()}
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "number_value":
            return value.number_value
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None
