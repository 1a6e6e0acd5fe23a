"""The image repositories of an environment: what is in them, for what machine, and what the scan found."""

import json
import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release import aws

_SINGLE = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")
_INDEXES = ("application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json")
_LOOPBACK = "http://127.0.0.1:"
_TIMEOUT_SECONDS = 30


class ImageError(Exception):
    """An image that is absent or that Lambda would refuse."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What ECR knows of an image. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html"""

    status: str
    findings: Mapping[str, int]
    """Severity → number."""

    @property
    def done(self) -> bool:
        """ACTIVE is enhanced scanning, which goes on for as long as the image is there."""
        return self.status in {"COMPLETE", "ACTIVE"}


def _fetch(url: str) -> bytes:
    if not url.startswith(("https://", _LOOPBACK)):
        message = "ECR gave an address without TLS"
        raise ImageError(message)
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  (checked above)
        return answer.read()


class Registry:
    """The repositories `<base>/<target>`. Methods raise `botocore.exceptions.ClientError` for what is not said."""

    def __init__(self, base: str, *, client: object = None, fetch: Callable[[str], bytes] = _fetch) -> None:
        """`base` is `<account>.dkr.ecr.<region>.amazonaws.com/<prefix>`, as in the settings."""
        matched = re.fullmatch(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/(.+)", base)
        if matched is None:
            message = f"{base} is no ECR repository"
            raise ImageError(message)
        self.base = base
        self.account, self.region, self._prefix = matched.groups()
        self._client: Any = client or aws.client("ecr", self.region)
        self._fetch = fetch

    def has(self, target: str, digest: str) -> bool:
        """Whether the image is there."""
        try:
            self._client.describe_images(**self._named(target), imageIds=[{"imageDigest": digest}])
        except ClientError as error:
            if _code(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                return False
            raise
        return True

    def exists(self, target: str) -> bool:
        """Whether there is a repository for the target."""
        try:
            self._client.describe_repositories(
                registryId=self.account, repositoryNames=[self._named(target)["repositoryName"]]
            )
        except ClientError as error:
            if _code(error) == "RepositoryNotFoundException":
                return False
            raise
        return True

    def architecture(self, target: str, digest: str) -> str:
        """`arm64` or `amd64`, from the image's own configuration. Raises ImageError for what is no single image."""
        manifest = json.loads(self._manifest(target, digest))
        if manifest.get("mediaType") not in _SINGLE:
            # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
            message = f"{target}@{digest} is an index of images, which Lambda refuses: build it without attestations"
            raise ImageError(message)
        address: dict[str, str] = self._client.get_download_url_for_layer(
            **self._named(target), layerDigest=manifest["config"]["digest"]
        )
        return json.loads(self._fetch(address["downloadUrl"]))["architecture"]

    def tag(self, target: str, digest: str, tag: str) -> None:
        """Give an image a second name, which keeps it from expiring. Doing so again is no error."""
        try:
            self._client.put_image(
                **self._named(target), imageManifest=self._manifest(target, digest), imageTag=tag, imageDigest=digest
            )
        except ClientError as error:
            if _code(error) != "ImageAlreadyExistsException":
                raise

    def scan(self, target: str, digest: str) -> Scan:
        """The last scan; status ABSENT where there was none."""
        try:
            answer: dict[str, Any] = self._client.describe_image_scan_findings(
                **self._named(target), imageId={"imageDigest": digest}
            )
        except ClientError as error:
            if _code(error) == "ScanNotFoundException":
                return Scan(status="ABSENT", findings={})
            raise
        counts = answer.get("imageScanFindings", {}).get("findingSeverityCounts", {})
        return Scan(status=answer["imageScanStatus"]["status"], findings=counts)

    def _manifest(self, target: str, digest: str) -> str:
        answer: dict[str, Any] = self._client.batch_get_image(
            **self._named(target), imageIds=[{"imageDigest": digest}], acceptedMediaTypes=[*_SINGLE, *_INDEXES]
        )
        if not answer["images"]:
            message = f"{self.base}/{target} has no image {digest}"
            raise ImageError(message)
        return answer["images"][0]["imageManifest"]

    def _named(self, target: str) -> dict[str, str]:
        return {"registryId": self.account, "repositoryName": f"{self._prefix}/{target}"}


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
