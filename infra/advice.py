"""What a mistake in a stack's file is answered with: the YAML to write."""

import difflib
from collections.abc import Mapping

import pulumi
import yaml
from pydantic.fields import FieldInfo

EXAMPLES: Mapping[str, object] = {
    "region": "eu-central-1",
    "environment": "dev",
    "accountId": "123456789012",
    "owner": "shoppable-video",
    "costCentre": "marketing",
    "imageRepository": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shoppable-video",
    "domain": "videos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
    "baseImage": f"python:3.13-slim@sha256:{'0' * 64}",
    "shopOrigins": ["https://shop.example.com"],
    "alarmEmails": ["alarms@example.com"],
    "deletionProtection": True,
    "logRetentionDays": 365,
    "noncurrentDays": 30,
    "framesDays": 30,
    "accessLogDays": 90,
    "originalsArchiveDays": 180,
    "originalsDeepArchiveDays": 365,
    "tableMaxReadUnits": 1000,
    "tableMaxWriteUnits": 1000,
    "monthlyBudgetUsd": 500,
    "reservedConcurrency": ["video-start=5", "match-frames=40"],
    "autoApproveScore": "0.93",
    "reviewScore": "0.4",
    "maxDropShare": "0.2",
    "segmentSeconds": 120,
    "analysisRevision": "1",
}
"""A value for each setting whose default would not show what is meant; a test tries every one."""


class SettingsError(pulumi.RunError):
    """A stack's configuration that is not what `Settings` wants; the message names the key and the YAML to write."""


def nearest(key: str, known: Mapping[str, FieldInfo]) -> str | None:
    """The setting that someone who wrote `key` may have meant."""
    found = difflib.get_close_matches(key, known, n=1)
    return found[0] if found else None


def line(key: str, field: FieldInfo, project: str, value: object = None) -> str:
    """What sets `key` in a stack's file, below `config:`, and above it what it is."""
    full = "aws:region" if key == "region" else f"{project}:{key}"
    shown = EXAMPLES.get(key, field.default) if value is None else value
    entry = yaml.safe_dump({full: shown}, width=1000, allow_unicode=True, default_flow_style=None).rstrip()
    return f"  # {' '.join((field.description or '').split())}\n  {entry}"
