"""The rules, by service."""

from policy.model import Rule
from policy.rules import (
    apigateway,
    cloudfront,
    cloudwatch,
    dynamodb,
    ecr,
    events,
    iam,
    kms,
    lambda_,
    s3,
    sns,
    sqs,
    stepfunctions,
    tags,
    waf,
)

RULES: tuple[Rule, ...] = (
    *apigateway.RULES,
    *cloudfront.RULES,
    *cloudwatch.RULES,
    *dynamodb.RULES,
    *ecr.RULES,
    *events.RULES,
    *iam.RULES,
    *kms.RULES,
    *lambda_.RULES,
    *s3.RULES,
    *sns.RULES,
    *sqs.RULES,
    *stepfunctions.RULES,
    *tags.RULES,
    *waf.RULES,
)
