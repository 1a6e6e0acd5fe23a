"""An image's layers over each other, and what is read of its archive."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from images import layout, sbom


def _tar(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return sink.getvalue()


def _archive(path: Path, *layers: dict[str, bytes], index_only: bool = False) -> Path:
    """An OCI layout of uncompressed layers; `index_only` names an index where the manifest belongs."""
    blobs: dict[str, bytes] = {}

    def keep(body: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(body).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = body
        return {"digest": f"sha256:{digest}", "size": len(body), "mediaType": f"application/vnd.oci.image.{kind}"}

    config = keep(json.dumps({"architecture": "arm64", "config": {"User": "10001"}}).encode(), "config.v1+json")
    kept = [keep(_tar(layer), "layer.v1.tar") for layer in layers]
    manifest = {"manifests": []} if index_only else {"config": config, "layers": kept}
    descriptor = keep(json.dumps(manifest).encode(), "manifest.v1+json")
    path.write_bytes(_tar({**blobs, "index.json": json.dumps({"manifests": [descriptor]}).encode()}))
    return path


def test_a_later_layer_replaces_removes_and_empties_what_an_earlier_one_laid(tmp_path: Path) -> None:
    archive = _archive(
        tmp_path / "image.tar",
        {"kept": b"1", "replaced": b"1", "removed": b"1", "folder/old": b"1", "folder/deep/old": b"1"},
        {"replaced": b"22", ".wh.removed": b"", "folder/.wh..wh..opq": b"", "folder/new": b"333"},
    )
    into = tmp_path / "rootfs"
    size = layout.unpack(archive, layout.read(archive), into)
    files = {file.relative_to(into).as_posix(): file.read_bytes() for file in into.rglob("*") if file.is_file()}
    assert files == {"kept": b"1", "replaced": b"22", "folder/new": b"333"}
    assert size == 1 + 2 + 3


def test_an_archive_tells_its_manifests_its_configuration_and_its_size(tmp_path: Path) -> None:
    found = layout.read(_archive(tmp_path / "image.tar", {"a": b"1"}, {"b": b"2"}))
    assert (found.manifests, len(found.layers)) == (1, 2)
    assert (found.config["architecture"], found.config["config"]["User"]) == ("arm64", "10001")
    assert found.compressed_bytes == len(_tar({"a": b"1"})) + len(_tar({"b": b"2"}))
    assert found.digest.startswith("sha256:")


def test_an_index_where_the_manifest_belongs_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="layers"):
        layout.read(_archive(tmp_path / "image.tar", index_only=True))


def test_a_bill_of_materials_names_what_is_installed_and_nothing_that_was_removed(tmp_path: Path) -> None:
    status = tmp_path / "var" / "lib" / "dpkg" / "status"
    status.parent.mkdir(parents=True)
    status.write_text(
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12+deb13u1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
    )
    metadata = tmp_path / "opt" / "packages" / "Some_Thing-1.2.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.4\nName: Some_Thing\nVersion: 1.2\nLicense-Expression: MIT\n")
    bill = sbom.sbom(tmp_path, "an-image", "sha256:" + "a" * 64)
    assert [one["purl"] for one in bill["components"]] == [
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "pkg:pypi/some-thing@1.2",
    ]
    assert bill["components"][1]["licenses"] == [{"expression": "MIT"}]
    assert bill == sbom.sbom(tmp_path, "an-image", "sha256:" + "a" * 64)
