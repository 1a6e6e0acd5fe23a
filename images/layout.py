"""Reads an image from the tar file of an OCI layout, as a registry would be given it.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What an archive holds. `config` and `layers` are of its first manifest."""

    manifests: int
    digest: str
    media_type: str
    config: dict[str, Any]
    layers: tuple[str, ...]
    """Names of the members that are the layers, lowest first."""
    compressed_bytes: int


def read(archive: Path) -> Layout:
    """The facts of an archive. Raises KeyError when it is no OCI layout."""
    with tarfile.open(archive) as tar:
        index = _json(tar, "index.json")
        descriptor = index["manifests"][0]
        manifest = _json(tar, _blob(descriptor["digest"]))
        # An index has `manifests` and neither of these.
        layers = cast("list[dict[str, Any]]", manifest["layers"])
        return Layout(
            manifests=len(index["manifests"]),
            digest=descriptor["digest"],
            media_type=descriptor["mediaType"],
            config=_json(tar, _blob(manifest["config"]["digest"])),
            layers=tuple(_blob(layer["digest"]) for layer in layers),
            compressed_bytes=sum(layer["size"] for layer in layers),
        )


def unpack(archive: Path, layout: Layout, into: Path) -> int:
    """Lay the layers over each other in a new directory; the bytes of its files. Root keeps the files' owners."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for name in layout.layers:
            blob = tar.extractfile(name)
            assert blob is not None  # noqa: S101 - a layer is a file
            with tarfile.open(fileobj=blob, mode="r:*") as layer:
                for member in layer:
                    _lay(layer, member, into)
    return sum(file.lstat().st_size for file in into.rglob("*") if file.is_file() and not file.is_symlink())


def _lay(layer: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = PurePosixPath(member.name)
    target = into / path.relative_to("/") if path.is_absolute() else into / path
    if path.name == _OPAQUE:
        for child in target.parent.iterdir():
            _remove(child)
    elif path.name.startswith(_WHITEOUT):
        _remove(target.with_name(path.name.removeprefix(_WHITEOUT)))
    else:
        if not member.isdir() or (target.is_symlink() or target.is_file()):
            _remove(target)
        layer.extract(member, into, filter="tar")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return json.load(member)
