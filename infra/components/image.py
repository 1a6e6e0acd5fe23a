"""A container image by digest: built here and pushed, or built elsewhere and promoted. Never by tag."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import pulumi
import pulumi_docker_build as docker_build


@dataclass(frozen=True, kw_only=True)
class Build:
    """How an image is built from a checkout."""

    context: str
    """Directory; what `.dockerignore` leaves of it."""
    dockerfile: str
    tag: str
    """A new one for new content: the repository may refuse to move a tag."""
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    repository: str
    """`<account>.dkr.ecr.<region>.amazonaws.com/<name>`"""
    target: str
    """Stage of the Dockerfile."""
    source: Build | str
    """How to build it, or the digest (`sha256:…`) of one that is in the repository."""

    def __post_init__(self) -> None:
        if isinstance(self.source, str) and not self.source.startswith("sha256:"):
            message = f"image digest {self.source!r} must start with sha256: (a tag can be moved)"
            raise ValueError(message)


@final
class Image(pulumi.ComponentResource):
    """An arm64 image that Lambda can run. A machine that builds one pushes it with its own login to the registry."""

    uri: pulumi.Output[str]
    """`<repository>@sha256:…`: Lambda refuses a reference with both tag and digest."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:compute:Image", name, None, opts)
        digest = args.source if isinstance(args.source, str) else self._build(name, args, args.source)
        self.uri = pulumi.Output.concat(args.repository, "@", digest)
        self.register_outputs({"uri": self.uri})

    def _build(self, name: str, args: ImageArgs, build: Build) -> pulumi.Output[str]:
        image = docker_build.Image(
            name,
            context={"location": build.context},
            dockerfile={"location": build.dockerfile},
            target=args.target,
            build_args=build.arguments,
            platforms=[docker_build.Platform.LINUX_ARM64],
            tags=[f"{args.repository}:{build.tag}"],
            # An attestation makes the image an index, which Lambda refuses. Attestations need OCI media types, so
            # Docker's own leave room for none: https://docs.docker.com/build/metadata/attestations/attestation-storage/
            # and https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
            exports=[{"registry": {"oci_media_types": False, "push": True}}],
            push=False,
            build_on_preview=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return image.digest
