"""AWS clients, one of each per container, made on first use and never at import."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 5},
    # At least as many as the largest thread pool over one client, or threads wait for each other's connections.
    max_pool_connections=64,
)

# The stubs know only some of the services, and so leave the type of `boto3.client` partially unknown.
_boto3: Any = boto3


@cache
def s3() -> "S3Client":
    """The client of S3."""
    return _boto3.client("s3", config=CONFIG)


@cache
def dynamodb() -> "DynamoDBClient":
    """The client of DynamoDB."""
    return _boto3.client("dynamodb", config=CONFIG)


@cache
def stepfunctions() -> "SFNClient":
    """The client of Step Functions."""
    return _boto3.client("stepfunctions", config=CONFIG)


@cache
def eventbridge() -> "EventBridgeClient":
    """The client of EventBridge."""
    return _boto3.client("events", config=CONFIG)


@cache
def cloudfront() -> "CloudFrontClient":
    """The client of CloudFront."""
    return _boto3.client("cloudfront", config=CONFIG)


def forget() -> None:
    """Drops the cached clients: for tests, where each has an account of its own."""
    for factory in (s3, dynamodb, stepfunctions, eventbridge, cloudfront):
        factory.cache_clear()
