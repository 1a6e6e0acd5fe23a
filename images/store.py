"""Where built images lie: outside the checkout, since their storage is gigabytes and belongs to root."""

import hashlib
import json
import os
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from functions.contracts.code import code_digest

ROOT = Path(__file__).resolve().parents[1]

Target = Literal["api", "vision"]
TARGETS: tuple[Target, ...] = get_args(Target)
Architecture = Literal["amd64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)

_NAMES: dict[str, Architecture] = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def store() -> Path:
    """`IMAGES_STORE`, or a directory of this user's below the temporary one."""
    return Path(os.environ.get("IMAGES_STORE") or Path(tempfile.gettempdir()) / f"shoppable-images-{os.getuid()}")


def machine() -> Architecture:
    """The architecture of this machine, as images name it. Raises KeyError for one that Lambda has not."""
    return _NAMES[platform.machine().lower()]


def source() -> str:
    """SHA-256 of all that an image is made from besides its base: Dockerfile, locks, code."""
    hasher = hashlib.sha256(code_digest(ROOT).encode())
    for name in ("docker/Dockerfile", ".dockerignore", *(f"requirements-{target}.lock" for target in TARGETS)):
        hasher.update((ROOT / name).read_bytes())
    return hasher.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image as it was built and unpacked."""

    target: Target
    architecture: str
    digest: str
    """Of the image's manifest."""
    base: str
    """Reference or id of the image it is built on."""
    source: str
    manifests: int
    """How many the archive holds; Lambda runs an image with one."""
    media_type: str
    compressed_bytes: int
    unpacked_bytes: int
    user: str
    entrypoint: tuple[str, ...]
    working_directory: str
    environment: tuple[str, ...]

    @property
    def rootfs(self) -> Path:
        """The image's files."""
        return store() / "rootfs" / self.target

    @property
    def sbom(self) -> Path:
        """CycloneDX JSON, beside the archive and never in the image."""
        return store() / f"{self.target}.cdx.json"

    def write(self) -> None:
        """Keep it for tests and measurements."""
        _record(self.target).write_text(json.dumps(asdict(self), indent=2) + "\n")


def read(target: Target) -> Built | None:
    """What was built last; None when nothing was."""
    if not _record(target).is_file():
        return None
    fields = json.loads(_record(target).read_text())
    return Built(**(fields | {name: tuple(fields[name]) for name in ("entrypoint", "environment")}))


def why_not(target: Target) -> str | None:
    """Why there is no image of the present code to test; None when there is one."""
    built = read(target)
    if built is None:
        return f"the image {target} was not built on this machine: make images"
    if built.source != source():
        return f"the image {target} was built from other code than this: make images"
    return None


def archive(target: Target) -> Path:
    """An OCI layout in a tar file."""
    return store() / f"{target}.oci.tar"


def _record(target: Target) -> Path:
    return store() / f"{target}.json"
