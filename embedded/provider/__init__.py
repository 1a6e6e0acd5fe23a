"""The AWS provider: Pulumi's `aws:*` resource types as AWS calls."""

from embedded.provider.provider import AwsProvider

__all__ = ["AwsProvider"]
