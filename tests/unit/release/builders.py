"""A checkout with history, and an account with the images of a release."""

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from functions.contracts.code import code_digest
from infra.promotion import Content, workflows
from release.git import Checkout
from release.promote import Desk
from release.registry import Registry

ACCOUNT = "123456789012"
REGION = "eu-central-1"
BASE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shoppable-video"
_DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path, message: str = "a change") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


def any_checkout(root: Path) -> Path:
    (root / "functions").mkdir(parents=True)
    (root / "functions" / "handler.py").write_text("x = 1\n")
    (root / "infra" / "workflows").mkdir(parents=True)
    (root / "infra" / "workflows" / "video-analysis.asl.json").write_text("{}")
    git(root, "init", "-q", "-b", "main")
    commit(root, "the first")
    return root


def content_of(root: Path, **roles: str) -> Content:
    permissions = {name: hashlib.sha256(policy.encode()).hexdigest() for name, policy in roles.items()}
    return Content(
        code_digest=code_digest(root), workflows=workflows(root), settings_schema="5" * 64, permissions=permissions
    )


class Ecr:
    """moto's ECR, with the parts that moto has not: scan results of one's choice, and layers that can be fetched."""

    def __init__(self) -> None:
        self._real: Any = boto3.client("ecr", region_name=REGION)
        self.critical = 0
        self.status = "COMPLETE"
        self.architecture = "arm64"

    def describe_image_scan_findings(self, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._real.describe_image_scan_findings(**arguments)
        counts = answer["imageScanFindings"]["findingSeverityCounts"] | {"CRITICAL": self.critical}
        return answer | {
            "imageScanFindings": {"findingSeverityCounts": counts},
            "imageScanStatus": {"status": self.status},
        }

    def get_download_url_for_layer(self, **arguments: Any) -> dict[str, Any]:
        return {"downloadUrl": f"https://layers.example/{arguments['layerDigest']}"}

    def fetch(self, url: str) -> bytes:
        assert url == f"https://layers.example/sha256:{'c' * 64}"
        return json.dumps({"architecture": self.architecture}).encode()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def push(self, target: str, tag: str, *, media_type: str = _DOCKER) -> str:
        """Returns the digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"digest": f"sha256:{'c' * 64}", "size": 1, "mediaType": "application/json"},
            "layers": [{"digest": f"sha256:{hashlib.sha256((target + tag).encode()).hexdigest()}", "size": 1}],
        }
        image: dict[str, Any] = self._real.put_image(
            repositoryName=f"shoppable-video/{target}", imageManifest=json.dumps(manifest), imageTag=tag
        )["image"]
        return image["imageId"]["imageDigest"]

    def scan(self, target: str, digest: str) -> None:
        self._real.start_image_scan(repositoryName=f"shoppable-video/{target}", imageId={"imageDigest": digest})


def any_account() -> Ecr:
    """With both repositories, empty."""
    ecr = Ecr()
    for target in ("api", "vision"):
        ecr.create_repository(repositoryName=f"shoppable-video/{target}")
    return ecr


def any_desk(root: Path, ecr: Ecr) -> Desk:
    registry = Registry(BASE, client=ecr, fetch=ecr.fetch)
    return Desk(
        checkout=Checkout(root),
        directory=root / "promotions",
        content=lambda: content_of(root, start="may start"),
        registry=lambda _environment: registry,
    )


def with_roles(desk: Desk, **roles: str) -> Desk:
    return replace(desk, content=lambda: content_of(desk.checkout.root, **roles))


def outputs_of(desk: Desk, digests: dict[str, str]) -> dict[str, str]:
    """Of a dev stack that was deployed from the checkout."""
    return {
        "commit": desk.checkout.head(),
        "code_digest": code_digest(desk.checkout.root),
        **{f"image_{target}": f"{BASE}/{target}@{digest}" for target, digest in digests.items()},
    }
