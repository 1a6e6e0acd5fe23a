"""Runs Prowler, as its own command, against an embedded cloud: https://docs.prowler.com"""

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policy.audit.clouds import ROOT, Cloud

SERVICES = (
    "apigatewayv2",
    "awslambda",
    "cloudfront",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "iam",
    "kms",
    "s3",
    "sns",
    "sqs",
    "stepfunctions",
    "wafv2",
)
REGIONS = ("eu-central-1", "us-east-1")
_HOME = ROOT / ".venv" / "audit"
_UNSERVED = re.compile(r"The embedded AWS does not do this: The (\w+) action")


class AuditError(Exception):
    """Prowler did not come to an end."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check says of one resource. `status`: PASS, FAIL or MANUAL."""

    check: str
    service: str
    status: str
    resource: str
    environment: str
    """Of the resource's tags; empty where it has none."""
    says: str


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What all checks say of an account. `unserved`: API actions that the embedded AWS lacks and a check asked for."""

    findings: tuple[Finding, ...]
    unserved: tuple[str, ...]


def scan(cloud: Cloud, output: Path) -> Scan:
    """Run all checks of the services. Raises `AuditError`."""
    command = [
        str(_HOME / "bin" / "prowler"),
        "aws",
        "--no-banner",
        "--no-color",
        "--ignore-exit-code-3",
        "--log-level",
        "ERROR",
    ]
    command += ["--region", *REGIONS, "--services", *SERVICES, "--output-formats", "csv"]
    command += ["--output-directory", str(output), "--output-filename", "audit"]
    output.mkdir(parents=True)
    done = subprocess.run(
        command,
        cwd=output,
        env=cloud.environment | {"PATH": "/usr/bin:/bin", "HOME": str(output), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    table = output / "audit.csv"
    if done.returncode or not table.exists():
        message = f"Prowler ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise AuditError(message)
    return Scan(
        findings=tuple(_findings(table)),
        unserved=tuple(sorted(set(_UNSERVED.findall(done.stdout + done.stderr)))),
    )


def fsbp() -> frozenset[str]:
    """Ids of AWS Foundational Security Best Practices that Prowler knows, of the audited services."""
    [path] = _HOME.glob("lib/python*/site-packages/prowler/compliance/aws/aws_foundational_security_*_aws.json")
    prefixes = (
        "APIGateway.", "CloudFront.", "CloudWatch.", "DynamoDB.", "ECR.", "EventBridge.", "IAM.", "KMS.", "Lambda.",
        "S3.", "SNS.", "SQS.", "StepFunctions.", "WAF.",
    )  # fmt: skip
    ids = (requirement["Id"] for requirement in json.loads(path.read_text())["Requirements"])
    return frozenset(found for found in ids if found.startswith(prefixes))


def _findings(table: Path) -> Iterator[Finding]:
    with table.open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            tags = dict(pair.split("=", 1) for pair in row["RESOURCE_TAGS"].split(" | ") if "=" in pair)
            yield Finding(
                check=row["CHECK_ID"],
                service=row["SERVICE_NAME"],
                status=row["STATUS"],
                resource=row["RESOURCE_UID"],
                environment=tags.get("environment", ""),
                says=row["STATUS_EXTENDED"],
            )
