"""Checkov over a plan derived from the captured resources.

It pins a boto3 of its own, and so lives in an environment of its own (`make install`).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lint.findings import Finding
from lint.terraform import plan
from tests.support.captured import Stack

TOOL = "checkov"
ENVIRONMENT = Path(__file__).resolve().parents[1] / ".venv" / "checkov"


class CheckovError(Exception):
    """Checkov did not run to its end."""


def findings(stack: Stack) -> Iterator[Finding]:
    """Failed checks. Raises CheckovError, and `MappingError` for what Terraform has no known name for."""
    derived, labels = plan(stack)
    report = _run(derived)
    if not report["summary"]["passed"]:
        message = "Checkov passed nothing at all: it did not understand the plan"
        raise CheckovError(message)
    for failed in report["results"]["failed_checks"]:
        yield Finding(TOOL, failed["check_id"], stack.name, labels[failed["resource"]], failed["check_name"])


def _run(derived: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "plan.json"
        file.write_text(json.dumps(derived))
        done = subprocess.run(
            [
                str(ENVIRONMENT / "bin" / "python"), "-m", "checkov.main", "--file", str(file), "--framework",
                "terraform_plan", "--output", "json", "--quiet", "--compact", "--skip-download", "--soft-fail",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
            # No look for newer versions, no wait for a network that is not there.
            env={**os.environ, "BC_SKIP_MAPPING": "TRUE", "CKV_SKIP_PACKAGE_UPDATE_CHECK": "TRUE", "LOG_LEVEL": "ERROR"},
        )  # fmt: skip
    if done.returncode:
        raise CheckovError(done.stderr.strip()[-2000:])
    return json.loads(done.stdout)
