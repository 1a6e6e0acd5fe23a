"""Checkov over a plan derived from the captured resources.

It pins a boto3 of its own, and so lives in an environment of its own (`make install`).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
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
    yield from findings_of({"plan": stack})["plan"]


def findings_of(stacks: Mapping[str, Stack]) -> dict[str, list[Finding]]:
    """Failed checks of several runs, by the names that they are given here: most of Checkov's time goes by once."""
    with tempfile.TemporaryDirectory() as directory:
        labels: dict[str, dict[str, str]] = {}
        for name, stack in stacks.items():
            derived, labels[name] = plan(stack)
            (Path(directory) / f"{name}.json").write_text(json.dumps(derived))
        report = _run(directory)
    passed: set[str] = {_named(check) for check in report["results"]["passed_checks"]}
    if passed != set(stacks):
        message = f"Checkov passed nothing at all of {set(stacks) - passed}: it did not understand the plan"
        raise CheckovError(message)
    found: dict[str, list[Finding]] = {name: [] for name in stacks}
    for failed in report["results"]["failed_checks"]:
        name = _named(failed)
        label = labels[name][failed["resource"]]
        found[name].append(Finding(TOOL, failed["check_id"], stacks[name].name, label, failed["check_name"]))
    return found


def _named(check: Mapping[str, Any]) -> str:
    return Path(check["file_path"]).stem


def _run(directory: str) -> dict[str, Any]:
    done = subprocess.run(
        [
            str(ENVIRONMENT / "bin" / "python"), "-m", "checkov.main", "--directory", directory, "--framework",
            "terraform_plan", "--output", "json", "--compact", "--skip-download", "--soft-fail",
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
