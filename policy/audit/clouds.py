"""Two embedded clouds: one with everything that the project deploys, one with nothing but mistakes."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.commands import daemon
from embedded.state import Home

ROOT = Path(__file__).resolve().parents[2]
STACKS = (("dev", "."), ("staging", "."), ("prod", "."), ("shared", "bootstrap"))
"""Stack and its project's folder."""

_REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Where an embedded AWS answers, and its operator's credentials."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program of others needs to talk to it and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def deployed(directory: Path) -> Generator[Cloud]:
    """All environments and what they share. Raises `CalledProcessError` where one does not deploy."""
    with empty(directory) as cloud:
        for stack, project in STACKS:
            subprocess.run(
                [sys.executable, "-m", "embedded", "up", "--stack", stack, "--project", str(ROOT / project)],
                cwd=ROOT,
                env=os.environ | {"EMBEDDED_HOME": str(directory)},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        yield cloud


@contextmanager
def empty(directory: Path) -> Generator[Cloud]:
    """An account in which nothing is. Its daemon keeps its files in `directory`, and ends with the block."""
    home = Home(directory)
    # Who audits reads more than anything here calls.
    os.environ["EMBEDDED_AUDITED"] = "1"
    running = daemon.start(home, 0, _REGION)
    try:
        yield Cloud(
            endpoint_url=running.endpoint_url,
            access_key_id=running.access_key_id,
            secret_access_key=running.secret_access_key,
        )
    finally:
        daemon.stop(home)
