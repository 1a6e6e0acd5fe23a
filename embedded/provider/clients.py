"""boto3 clients, typed as anything: boto3 makes their methods at run time."""

from typing import Any, cast

import boto3
from botocore.config import Config

from embedded.engine.values import Value


def make(
    service: str,
    region: str,
    *,
    endpoint_url: str | None,
    access_key_id: str | None,
    secret_access_key: str | None,
) -> Value:
    """A client; what is `None` comes from boto3's own configuration."""
    return cast("Any", boto3).client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(max_pool_connections=50, s3={"addressing_style": "path"}),
    )
