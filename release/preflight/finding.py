"""What a check works on, and what it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.promotion import Promotion
from infra.settings import Settings

GLOBAL_REGION = "us-east-1"
"""Of certificates for CloudFront, and of the quotas of global services."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that would fail, and how to mend it."""

    what: str
    problem: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """The account and region that a stack is to be deployed to."""

    root: Path
    stack: str
    settings: Settings
    promotion: Promotion | None
    """None in dev, which builds its images, and where the file itself is a finding."""
    client: Callable[[str, str | None], Any]
    """Service and region → boto3 client."""

    def regional(self, service: str) -> Any:  # noqa: ANN401  (whoever calls types what comes out)
        """A client of the stack's region."""
        return self.client(service, self.settings.region)


Check = Callable[[Target], Iterator[Finding]]
"""May raise ClientError and BotoCoreError: what cannot be looked at is a finding too."""
