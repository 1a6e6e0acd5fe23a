"""The two errors that a state machine can tell apart, and what of botocore's is which.

Lambda reports the bare class name as the error's name, and the workflows retry on `Transient`: raise it itself, never a
subclass. Bad input of a user is neither: it is a return value with a `Reason`.
"""

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)


class Transient(Exception):  # noqa: N818 (the name is what the workflows retry on)
    """Trying again later may help: throttled, timed out, a service's passing fault."""


class Permanent(Exception):  # noqa: N818 (the name is what the workflows catch)
    """Trying again gives the same: a missing object, a denied call, a document that breaks its contract."""


_TRANSIENT_CODES = frozenset(
    {
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        # DynamoDB and KMS, each on its page of errors
        "ConditionalCheckFailedDueToConflict",
        "TransactionConflictException",
        "DependencyTimeoutException",
        "KMSInternalException",
        "KMSThrottlingException",
        "KMS.ThrottlingException",
        # Step Functions' StartExecution
        "ExecutionLimitExceeded",
    }
)


def error_code(error: ClientError) -> str:
    """AWS's code of the error, e.g. `NoSuchKey`; empty when the response holds none."""
    return error.response.get("Error", {}).get("Code", "")


def is_transient(error: BaseException) -> bool:
    """Whether a botocore error is worth another try."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error_code(error) in _TRANSIENT_CODES or status >= 500 or status == 429
    return isinstance(error, (BotoConnectionError, HTTPClientError, ResponseStreamingError))


@contextmanager
def aws_errors(doing: str) -> Generator[None]:
    """Turns botocore's errors into `Transient` or `Permanent`, with `doing` (what, to which object) in the message.

    A caller that expects one error code catches ClientError inside the block.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        kind = Transient if is_transient(error) else Permanent
        raise kind(f"{doing}: {error}") from error
