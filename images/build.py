"""Builds an image into the tar file of an OCI layout, unpacks it and writes down what it is."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from images import layout, sbom
from images.base import base
from images.buildah import buildah
from images.store import ROOT, Built, Target, archive, machine, source, store

Builder = Literal["buildah", "docker"]


def builder() -> Builder:
    """The one that works here: buildah on a local base where this is root on Debian, else Docker. Raises SystemExit."""
    if os.geteuid() == 0 and shutil.which("buildah") and shutil.which("debootstrap"):
        return "buildah"
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return "docker"
    raise SystemExit("nothing to build with: as root, `apt-get install buildah debootstrap`; or start Docker")


def build(target: Target, using: Builder, on: str | None) -> Built:
    """Build one target for this machine's architecture, on the base `on` or the local one."""
    store().mkdir(parents=True, exist_ok=True)
    made_from = source()
    file = archive(target)
    file.unlink(missing_ok=True)
    if using == "buildah":
        on = on or base()
        _with_buildah(target, on, file)
        identity = buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", on)
        on = f"{on} {identity}".strip()
    else:
        if on is None or "@sha256:" not in on:
            raise SystemExit("Docker builds on a base by digest: BASE=name:tag@sha256:…")
        _with_docker(target, on, file)
    found = layout.read(file)
    config = found.config["config"]
    built = Built(
        target=target,
        architecture=found.config["architecture"],
        digest=found.digest,
        base=on,
        source=made_from,
        manifests=found.manifests,
        media_type=found.media_type,
        compressed_bytes=found.compressed_bytes,
        unpacked_bytes=layout.unpack(file, found, store() / "rootfs" / target),
        user=config["User"],
        entrypoint=tuple(config["Entrypoint"]),
        working_directory=config["WorkingDir"],
        environment=tuple(config["Env"]),
    )
    sbom.write(built.rootfs, f"shoppable-video/{target}", built.digest, built.sbom)
    built.write()
    return built


def _with_buildah(target: Target, on: str, file: Path) -> None:
    image = f"localhost/shoppable-{target}"
    buildah(
        *("bud", "--quiet", "--isolation", "chroot", "--pull-never", "--timestamp", "0", "--layers=false"),
        *("--build-arg", f"BASE={on}", "--target", target, "--tag", image, *_secrets()),
        *("--file", str(ROOT / "docker" / "Dockerfile"), str(ROOT)),
    )
    buildah("push", "--quiet", image, f"oci-archive:{file}")


def _with_docker(target: Target, on: str, file: Path) -> None:
    command = [
        *("docker", "buildx", "build", "--provenance=false", "--sbom=false", "--platform", f"linux/{machine()}"),
        *("--build-arg", f"BASE={on}", "--target", target, "--output", f"type=oci,dest={file}", *_secrets()),
        *("--file", str(ROOT / "docker" / "Dockerfile"), str(ROOT)),
    ]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"docker buildx build of {target} failed")


def _secrets() -> list[str]:
    """The certificates of this machine, where pip is told of some: PIP_CERT is pip's own variable."""
    certificates = os.environ.get("PIP_CERT")
    if not certificates:
        return []
    settings = store() / "pip.conf"
    settings.write_text("[global]\ncert = /run/secrets/certificates\n")
    return ["--secret", f"id=pip,src={settings}", "--secret", f"id=certificates,src={certificates}"]
