"""What was promoted to an environment: the file that staging and prod take images and code from, and nothing else.

`make release` and `make promote` write it (docs/promotion.md); the program only reads it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from functions.contracts.code import code_digest

Target = Literal["api", "vision"]
Architecture = Literal["arm64", "amd64"]
TARGETS: tuple[Target, ...] = ("api", "vision")
ARCHITECTURE: Architecture = "arm64"
"""What functions run on. A release may hold images for others beside it."""

Environment = Literal["dev", "staging", "prod"]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
EXAMPLE = "0" * 40
"""No commit: a file with it was never released. It lets a program run that deploys into no account."""
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class Content(BaseModel):
    """What a checkout is, as far as an environment can tell: promoted together, or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_digest: Hash
    """Of functions/, see functions/contracts/code.py."""
    workflows: Mapping[str, Hash]
    """State machine → SHA-256 of its definition in infra/workflows, placeholders unfilled."""
    settings_schema: Hash
    """SHA-256 of the JSON schema of `infra.settings.Settings`: which settings there are, and what they may be."""
    permissions: Mapping[str, Hash]
    """The matrix of permissions: role → SHA-256 of its trust and its policy, and what keys, buckets, queues and topics
    grant, under the same stand-in account for every environment."""


class Promotion(BaseModel):
    """The file of one environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    environment: Environment
    """A file that was copied by hand names another."""
    commit: Commit
    """That the images were built from."""
    images: Mapping[Target, Mapping[Architecture, Digest]]
    content: Content

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [target for target in TARGETS if ARCHITECTURE not in self.images.get(target, {})]
        if missing:
            raise ValueError(f"no {ARCHITECTURE} image for {', '.join(missing)}")
        digests = [digest for target in TARGETS for digest in self.images[target].values()]
        if len(set(digests)) != len(digests):
            raise ValueError("one digest stands for two images")
        return self

    @property
    def example(self) -> bool:
        """Whether nothing was ever released; such a file says nothing that could be out of date."""
        return self.commit == EXAMPLE

    def image(self, target: Target) -> str:
        """The digest that functions run."""
        return self.images[target][ARCHITECTURE]


class PromotionError(Exception):
    """A promotion file that is absent or does not say what it must; the message says what to do."""


def path(directory: Path, environment: str) -> Path:
    """Where an environment's file is."""
    return directory / f"{environment}.json"


def read(directory: Path, environment: Environment) -> Promotion:
    """The file of an environment. Raises PromotionError."""
    file = path(directory, environment)
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        message = (
            f"nothing was promoted to {environment}: {file} is missing. Run `make promote FROM=… TO={environment}`"
        )
        raise PromotionError(message) from None
    return parse(text, environment, name=file.name)


def parse(text: bytes, environment: Environment, *, name: str) -> Promotion:
    """A file's text. Raises PromotionError."""
    advice = f"Do not edit it: run `make promote FROM=… TO={environment}`, or `make rollback ENV={environment}`."
    try:
        promotion = Promotion.model_validate_json(text)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise PromotionError("\n".join([f"{name} is no promotion:", *lines, advice])) from None
    if promotion.environment != environment:
        message = f"{name} was written for {promotion.environment}, not for {environment}. {advice}"
        raise PromotionError(message)
    return promotion


def workflows(root: Path) -> dict[str, str]:
    """State machine → SHA-256 of its definition in a checkout."""
    return {
        file.name.removesuffix(".asl.json"): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((root / "infra" / "workflows").glob("*.asl.json"))
    }


def moved_on(promotion: Promotion, root: Path) -> tuple[str, ...]:
    """What of a checkout is not what was promoted, as far as the program itself can see."""
    if promotion.example:
        return ("everything (the file is the example: nothing was released)",)
    found = workflows(root)
    names = sorted({*found, *promotion.content.workflows})
    changed = [f"workflow {name}" for name in names if found.get(name) != promotion.content.workflows.get(name)]
    return ("code", *changed) if code_digest(root) != promotion.content.code_digest else tuple(changed)
