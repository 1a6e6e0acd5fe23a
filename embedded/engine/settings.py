"""Reads the AWS provider's own configuration: `aws:region` and `aws:defaultTags`."""

import json
import os
from collections.abc import Mapping
from typing import Any, cast

from embedded.engine.model import ProviderSettings


def provider_settings(config: Mapping[str, Any]) -> ProviderSettings:
    """Settings from configuration values, where nested ones are JSON text, as Pulumi passes them to a provider."""
    region = config.get("aws:region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    declared = config.get("aws:defaultTags") or "{}"
    parsed: Any = json.loads(declared) if isinstance(declared, str) else declared
    tags = cast("dict[str, Any]", parsed).get("tags") or {}
    return ProviderSettings(
        region=str(region or "us-east-1"),
        default_tags={str(key): str(value) for key, value in cast("dict[str, Any]", tags).items()},
    )
