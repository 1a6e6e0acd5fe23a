"""What moto's ECR leaves out: layers that can be fetched, and scans when an image is pushed.

Nothing is looked for in an image. A scan finds what `scans.json` in the daemon's directory says, which is read each
time: `{"sha256:…": {"CRITICAL": 1}}`; without a line it finds nothing.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from moto.ecr.models import ecr_backends

from embedded.cloud.context import Cloud
from embedded.cloud.documents import part
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import PUBLIC, fallback, service

Model = Any
"""moto's own objects: untyped for all that matters here."""
_LAYERS = "/_embedded/layers/"


class Layers:
    """The bytes of layers by digest, and the addresses that were given out for them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._bytes: dict[str, bytes] = {}
        self._given: dict[str, str] = {}

    def complete(self, request: Request) -> Response:
        """CompleteLayerUpload."""
        given = request.json()
        repository = _repository(self._cloud.account_id, request.region, str(given.get("repositoryName")))
        upload: Model = repository.uploads.get(given.get("uploadId")) if repository else None
        content = bytes(upload.layer_parts) if upload else b""
        response = fallback(request)
        if response.status == 200 and isinstance(response.body, bytes):
            self._bytes[json.loads(response.body)["layerDigest"]] = content
        return response

    def address(self, request: Request) -> Response:
        """GetDownloadUrlForLayer. The address is the secret, as in a presigned one."""
        digest = str(request.json().get("layerDigest"))
        if digest not in self._bytes:
            return Response.of_error("LayersNotFoundException", f"There is no layer {digest}")
        name = secrets.token_urlsafe(32)
        self._given[name] = digest
        return Response.of_json({"downloadUrl": f"{self._cloud.endpoint_url}{_LAYERS}{name}", "layerDigest": digest})

    def fetch(self, request: Request) -> Response:
        """A layer's bytes."""
        digest = self._given.get(request.path.removeprefix(_LAYERS))
        return Response(404) if digest is None else Response(200, [], self._bytes[digest])


def install(cloud: Cloud) -> None:
    """Serve ECR."""
    layers = Layers(cloud)
    PUBLIC[_LAYERS] = layers.fetch

    @service("ecr")
    def answer(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction] - registered above
        match request.target:
            case "CompleteLayerUpload":
                return layers.complete(request)
            case "GetDownloadUrlForLayer":
                return layers.address(request)
            case "PutImage":
                return _put(cloud.account_id, request)
            case "DescribeImageScanFindings":
                return _found(cloud.state, request)
            case _:
                return fallback(request)


def _put(account: str, request: Request) -> Response:
    response = fallback(request)
    if response.status == 200 and isinstance(response.body, bytes):
        image: dict[str, Any] = json.loads(response.body)["image"]
        with lock_of("ecr"):
            repository = _repository(account, request.region, image["repositoryName"])
            scanning: Mapping[str, Any] = repository.image_scanning_configuration or {}
            if str(scanning.get("scanOnPush")).lower() == "true":
                pushed: Model = repository._get_image(None, image["imageId"]["imageDigest"])
                pushed.last_scan = pushed.last_scan or datetime.now(UTC)
    return response


def _found(state: Path, request: Request) -> Response:
    response = fallback(request)
    if response.status != 200 or not isinstance(response.body, bytes):
        return response
    answer: dict[str, Any] = json.loads(response.body)
    file = state / "scans.json"
    findings: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    counts = part(findings, str(part(answer, "imageId").get("imageDigest")))
    answer["imageScanFindings"] = {"findings": [], "findingSeverityCounts": counts}
    return Response.of_json(answer, content_type="application/x-amz-json-1.1")


def _repository(account: str, region: str, name: str) -> Model:
    return cast("Model", ecr_backends[account][region]).repositories.get(name)
