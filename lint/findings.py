"""Findings of the linters, and the written exceptions that explain some of them."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, order=True)
class Finding:
    """What a linter says. `resource` is Pulumi's type and the logical name, as `s3/bucket:Bucket::video`."""

    tool: str
    rule: str
    stack: str
    resource: str
    message: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.tool} {self.rule} {self.resource}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Explains findings. `resource`, `message` and `stack` are patterns as of a shell; what is not given may be any."""

    tool: str
    rule: str
    resource: str
    reason: str
    message: str = "*"
    stack: str = "*"

    def explains(self, finding: Finding) -> bool:
        """Whether the finding is what this is about."""
        return (
            (self.tool, self.rule) == (finding.tool, finding.rule)
            and fnmatchcase(finding.resource, self.resource)
            and fnmatchcase(finding.message, self.message)
            and fnmatchcase(finding.stack, self.stack)
        )

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} {self.stack} {self.resource} ({self.reason})"


class ExemptionError(Exception):
    """An exceptions file that does not say what it must."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`unexplained` must be empty, and so must `idle`: exceptions that nothing needs any more."""

    unexplained: tuple[Finding, ...]
    explained: tuple[Finding, ...]
    idle: tuple[Exemption, ...]


def exemptions(file: Path = FILE) -> tuple[Exemption, ...]:
    """The exceptions file. Raises ExemptionError for an entry without tool, rule, resource or reason."""
    entries: list[dict[str, Any]] = tomllib.loads(file.read_text()).get("exception", [])
    read: list[Exemption] = []
    for entry in entries:
        try:
            exemption = Exemption(**entry)
        except TypeError as error:
            message = f"{file.name}: {entry}: {error}"
            raise ExemptionError(message) from None
        if not all(value.strip() for value in (exemption.tool, exemption.rule, exemption.resource, exemption.reason)):
            message = f"{file.name}: {entry}: tool, rule, resource and reason must say something"
            raise ExemptionError(message)
        read.append(exemption)
    return tuple(read)


def judge(findings: Iterable[Finding], explained_by: Sequence[Exemption]) -> Verdict:
    """Sort findings into explained and not."""
    used: set[Exemption] = set()
    unexplained: list[Finding] = []
    explained: list[Finding] = []
    for finding in sorted(set(findings)):
        reasons = [exemption for exemption in explained_by if exemption.explains(finding)]
        used.update(reasons)
        (explained if reasons else unexplained).append(finding)
    return Verdict(
        unexplained=tuple(unexplained),
        explained=tuple(explained),
        idle=tuple(exemption for exemption in explained_by if exemption not in used),
    )
