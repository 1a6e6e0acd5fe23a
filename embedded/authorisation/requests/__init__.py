"""From an API call to everything that AWS would check for it. What is not in the map is denied.

Every row names the page of AWS that says what the operation needs.
"""

from __future__ import annotations

from embedded.authorisation.calls import Call
from embedded.authorisation.requests import compute, management, messaging, storage
from embedded.authorisation.requests.facts import Facts
from embedded.authorisation.requests.rows import Need, Table
from embedded.authorisation.requests.s3 import S3

TABLES: dict[str, Table] = {
    "s3": S3,
    "dynamodb": storage.DYNAMODB,
    "kms": storage.KMS,
    "sqs": messaging.SQS,
    "sns": messaging.SNS,
    "events": messaging.EVENTS,
    "lambda": compute.LAMBDA,
    "stepfunctions": compute.STATES,
    "mediaconvert": compute.MEDIACONVERT,
    "logs": compute.LOGS,
    "iam": management.IAM,
    "sts": management.STS,
    "cloudfront": management.CLOUDFRONT,
    "cloudwatch": management.CLOUDWATCH,
    "ecr": management.ECR,
    "budgets": management.BUDGETS,
    "ce": management.CE,
    "wafv2": management.WAF,
    "apigatewayv2": management.API,
    "resourcegroupstaggingapi": management.TAGGING,
}
"""By botocore's service name, then by operation."""


class UnmappedError(Exception):
    """No row says what the operation needs, so that no one may call it."""


def needs_of(call: Call, facts: Facts) -> list[Need]:
    """Everything that must be allowed for a call; nothing for what needs no permission. Errors: UnmappedError."""
    if call.operation in management.FREE.get(call.service, {}):
        return []
    row = TABLES.get(call.service, {}).get(call.operation)
    if row is None:
        message = f"unmapped: {call.service}:{call.operation} is in no row of embedded/authorisation/requests"
        raise UnmappedError(message)
    return row.needs(call, facts)
