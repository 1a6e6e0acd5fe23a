"""AWS clients, one of each per container, made on first use and never at import, which does not even load botocore's.

They are botocore's own: boto3 would add its transfer manager to every cold start, which one handler needs.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient


def _client(service: str) -> Any:  # noqa: ANN401 (botocore makes its clients at run time: the caller gives the type)
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 5},
        # At least as many as the largest thread pool over one client, or threads wait for each other's connections.
        max_pool_connections=64,
    )
    return get_session().create_client(service, config=config)


@cache
def s3() -> "S3Client":
    """The client of S3."""
    return _client("s3")


@cache
def dynamodb() -> "DynamoDBClient":
    """The client of DynamoDB."""
    return _client("dynamodb")


@cache
def stepfunctions() -> "SFNClient":
    """The client of Step Functions."""
    return _client("stepfunctions")


@cache
def eventbridge() -> "EventBridgeClient":
    """The client of EventBridge."""
    return _client("events")


@cache
def cloudfront() -> "CloudFrontClient":
    """The client of CloudFront."""
    return _client("cloudfront")


def forget() -> None:
    """Drops the cached clients: for tests, where each has an account of its own."""
    for factory in (s3, dynamodb, stepfunctions, eventbridge, cloudfront):
        factory.cache_clear()
