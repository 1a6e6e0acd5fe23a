"""Clients of services that have no stubs here: the one place where their answers have no type."""

from typing import Any, cast

import boto3


def client(service: str, region: str | None) -> Any:  # noqa: ANN401  (whoever calls types what comes out)
    """A boto3 client with the caller's own credentials."""
    return cast("Any", boto3).client(service, region_name=region)
