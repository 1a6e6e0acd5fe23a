"""CloudWatch Logs: a group is encrypted only with a key that lets the Logs service in, for this group.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from __future__ import annotations

from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from embedded.cloud import authority
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback, service

_OPERATIONS = ("Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey")


@service("logs")
def serve(request: Request) -> Response:
    """Refuse a key that the service may not use; moto keeps the groups."""
    body: Any = request.json() if request.target in ("CreateLogGroup", "AssociateKmsKey") else {}
    key, name = body.get("kmsKeyId"), str(body.get("logGroupName") or "")
    if key:
        group = f"arn:aws:logs:{request.region}:{DEFAULT_ACCOUNT_ID}:log-group:{name}"
        principal = f"logs.{request.region}.amazonaws.com"
        try:
            authority.key_as_service(principal, key, _OPERATIONS, source=group, context={"aws:logs:arn": group})
        except authority.NotPermittedError as error:
            message = f"The specified KMS key does not exist or is not allowed to be used with Arn '{group}': "
            return Response.of_error("InvalidParameterException", message + error.message)
    return fallback(request)
