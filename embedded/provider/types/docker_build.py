"""Container images: nothing is built here, an image is the digest of what it would be built from."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from embedded.engine.model import Created, Goal
from embedded.engine.values import is_unknown
from embedded.provider.kinds import Call, Request, Steps, kind, nothing

_NEVER = (".*", "node_modules", "__pycache__")
_KNOWN = (
    "addHosts",
    "buildArgs",
    "buildOnPreview",
    "builder",
    "cacheFrom",
    "cacheTo",
    "context",
    "contextHash",
    "dockerfile",
    "exec",
    "exports",
    "ignoreSecretsInDiffCalculation",
    "labels",
    "load",
    "network",
    "noCache",
    "platforms",
    "pull",
    "push",
    "registries",
    "secrets",
    "ssh",
    "tags",
    "target",
)
_ABSENT = "RepositoryNotFoundException"
_BUILT_FROM = ("target", "platforms", "buildArgs", "labels", "contextHash")


def _fingerprint(goal: Goal, root: Path) -> Mapping[str, Any]:
    context: Mapping[str, Any] = goal.inputs.get("context") or {"location": "."}
    dockerfile: Mapping[str, Any] = goal.inputs.get("dockerfile") or {}
    total = hashlib.sha256(str(dockerfile.get("inline", "")).encode())
    place = dockerfile.get("location")
    if place and (root / place).is_file():
        total.update((root / place).read_bytes())
    total.update(_tree(root / context.get("location", ".")).encode())
    return {"contextHash": total.hexdigest()}


def _tree(directory: Path) -> str:
    """The digest of a build context's files, less those that `.dockerignore` or their nature keeps out."""
    rules_file = directory / ".dockerignore"
    lines = rules_file.read_text().splitlines() if rules_file.exists() else []
    rules = [_rule(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    total = hashlib.sha256()
    for path in _files(directory):
        name = path.relative_to(directory).as_posix()
        if not _ignored(name, rules):
            total.update(name.encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in _NEVER):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _rule(line: str) -> tuple[bool, re.Pattern[str]]:
    """One line of `.dockerignore`: whether it keeps files out, and which (a directory means all that is in it)."""
    # https://docs.docker.com/build/concepts/context/#dockerignore-files
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", line.removeprefix("!").strip("/"))
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pattern = "".join(wild.get(part, re.escape(part)) for part in parts)
    return not line.startswith("!"), re.compile(f"{pattern}(?:/.*)?")


def _ignored(name: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    ignored = False
    for keeps_out, pattern in rules:  # the last rule that matches counts
        if pattern.fullmatch(name):
            ignored = keeps_out
    return ignored


@kind("docker-build:index:Image", "ecr", put=True, fingerprint=_fingerprint, delete=nothing, volatile=("digest", "ref"))
def image(request: Request) -> Steps:
    """A manifest that follows from the context, the target and the arguments, pushed where its repository exists.

    Without one (bootstrap/ was not deployed) nothing is pushed: no function here needs its image.
    """
    given = request.arguments.take_some(*_KNOWN)
    content = json.dumps({key: given.get(key) for key in _BUILT_FROM}, sort_keys=True)
    built = hashlib.sha256(content.encode()).hexdigest()
    platforms: list[str] = given.get("platforms") or ["linux/arm64"]
    config = json.dumps({"architecture": platforms[0].partition("/")[2], "os": "linux", "content": built}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "digest": _digest(config),
                "size": len(config),
            },
            "layers": [],
        }
    )
    digest = _digest(manifest.encode())
    tags: list[str] = given.get("tags") or []
    reference = f"{tags[0]}@{digest}" if tags else digest
    found = re.fullmatch(r"[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:]+):(.+)", tags[0] if tags else "")
    if found and not is_unknown(content):
        region, repository, tag = found.groups()
        where = {"repositoryName": repository}
        upload = yield Call(operation="InitiateLayerUpload", params=where, region=region, tolerate=(_ABSENT,))
        if "uploadId" in upload:
            part = {**where, "uploadId": upload["uploadId"]}
            size = {"partFirstByte": 0, "partLastByte": len(config) - 1}
            yield Call(operation="UploadLayerPart", params={**part, **size, "layerPartBlob": config}, region=region)
            done = {**part, "layerDigests": [_digest(config)]}
            yield Call(operation="CompleteLayerUpload", params=done, region=region)
            image = {**where, "imageManifest": manifest, "imageTag": tag, "imageDigest": digest}
            yield Call(operation="PutImage", params=image, region=region, tolerate=("ImageAlreadyExistsException",))
    return Created(id=digest, outputs={"digest": digest, "ref": reference})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
