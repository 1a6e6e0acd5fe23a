"""What an image is made of, as CycloneDX 1.6: Debian's packages and Python's, read from the image's own files.

It lies beside the image: attached to it, it would make the image an index, which Lambda refuses.
https://cyclonedx.org/docs/1.6/json/
"""

import json
import uuid
from collections.abc import Iterator
from importlib.metadata import PackagePath, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote


def sbom(rootfs: Path, name: str, digest: str) -> dict[str, Any]:
    """The same document for the same image: no clock and no chance in it."""
    components = sorted([*_python(rootfs), *_debian(rootfs)], key=lambda one: one["bom-ref"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": f"{name}@{digest}",
                "name": name,
                "version": digest,
                "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
            }
        },
        "components": components,
        "dependencies": [{"ref": f"{name}@{digest}", "dependsOn": [one["bom-ref"] for one in components]}],
    }


def write(rootfs: Path, name: str, digest: str, file: Path) -> int:
    """Write it; how many components it names."""
    document = sbom(rootfs, name, digest)
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    return len(document["components"])


def _python(rootfs: Path) -> Iterator[dict[str, Any]]:
    for found in distributions(path=[str(rootfs / "opt" / "packages")]):
        name = found.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        licence = found.metadata["License-Expression"] if "License-Expression" in found.metadata else None  # noqa: SIM401
        files: list[PackagePath] = found.files or []
        yield {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{found.version}",
            "purl": f"pkg:pypi/{name}@{found.version}",
            "name": name,
            "version": found.version,
            "properties": [{"name": "files", "value": str(len(files))}],
        } | ({"licenses": [{"expression": licence}]} if licence else {})


def _debian(rootfs: Path) -> Iterator[dict[str, Any]]:
    for paragraph in (rootfs / "var" / "lib" / "dpkg" / "status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if line[:1].strip() and ": " in line)
        if fields.get("Status") != "install ok installed":
            continue
        name, version = fields["Package"], fields["Version"]
        purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={fields['Architecture']}"
        yield {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version}
