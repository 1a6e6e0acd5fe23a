"""The AWS provider's own configuration: `aws:region`, `aws:defaultTags`, or an explicit provider's arguments."""

import json
import os
from collections.abc import Mapping
from typing import Any

from embedded.engine.model import ProviderError, ProviderSettings
from embedded.engine.values import Value, is_unknown

_NOT_OURS = (
    "profile",
    "maxRetries",
    "retryMode",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
)


def provider_settings(config: Mapping[str, Any]) -> ProviderSettings:
    """Settings from the values of one provider; nested ones may be JSON text, as Pulumi passes them.

    Where no region is given, it comes from the environment, as for every AWS tool. Raises `ProviderError` for an
    argument that is not understood.
    """
    rest = {key: value for key, value in config.items() if value is not None and key not in _NOT_OURS}
    region = rest.pop("region", None) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    tags: dict[str, Any] = _nested(rest.pop("defaultTags", {})).get("tags") or {}
    accounts: list[Any] = _nested(rest.pop("allowedAccountIds", []))
    if rest:
        message = f"unsupported arguments of the AWS provider: {', '.join(sorted(rest))}"
        raise ProviderError(message)
    return ProviderSettings(
        region=str(region or "us-east-1"),
        default_tags={str(key): str(value) for key, value in tags.items()},
        allowed_accounts=tuple(str(account) for account in accounts),
    )


def stack_settings(config: Mapping[str, str]) -> ProviderSettings:
    """Settings of the default provider: what the stack configures below `aws:`."""
    return provider_settings({key.removeprefix("aws:"): text for key, text in config.items() if key.startswith("aws:")})


def _nested(value: Value) -> Value:
    if is_unknown(value):
        return {}
    return json.loads(value) if isinstance(value, str) else value
