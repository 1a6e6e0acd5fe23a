"""Pulumi's AWS types as Terraform's provider names them.

Pulumi's AWS provider is Terraform's: a type `aws:s3/bucketVersioning:BucketVersioning` is `aws_s3_bucket_versioning`, a
property `kmsKeyId` is `kms_key_id`. What the rule would get wrong is said here. A block of which there may be several
is one that Pulumi calls by its plural.
"""

from collections.abc import Mapping

# Type, where it is not the module and the name in snake case.
NAMES: Mapping[str, str] = {
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": "aws_cloudfront_response_headers_policy",
    "cloudwatch/logDelivery:LogDelivery": "aws_cloudwatch_log_delivery",
    "s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "mediaconvert/queue:Queue": "aws_media_convert_queue",
}

NO_EQUIVALENT: Mapping[str, str] = {
    "index:Image": "Built, not deployed.",
}

# Type and path → name, where that is not the path's last part in snake case.
RENAMED: Mapping[str, str] = {
    "aws_s3_bucket_lifecycle_configuration.rules": "rule",
    "aws_s3_bucket_lifecycle_configuration.rules.transitions": "transition",
    "aws_s3_bucket_lifecycle_configuration.rules.noncurrentVersionTransitions": "noncurrent_version_transition",
    "aws_s3_bucket_server_side_encryption_configuration.rules": "rule",
    "aws_s3_bucket_cors_configuration.corsRules": "cors_rule",
    "aws_s3_bucket_intelligent_tiering_configuration.tierings": "tiering",
    "aws_s3_bucket_notification.lambdaFunctions": "lambda_function",
    "aws_s3_bucket_notification.queues": "queue",
    "aws_s3_bucket_notification.topics": "topic",
    "aws_dynamodb_table.attributes": "attribute",
    "aws_dynamodb_table.globalSecondaryIndexes": "global_secondary_index",
    "aws_dynamodb_table.localSecondaryIndexes": "local_secondary_index",
    "aws_dynamodb_table.replicas": "replica",
    "aws_cloudfront_distribution.origins": "origin",
    "aws_cloudfront_distribution.origins.customHeaders": "custom_header",
    "aws_cloudfront_distribution.orderedCacheBehaviors": "ordered_cache_behavior",
    "aws_cloudfront_distribution.customErrorResponses": "custom_error_response",
    "aws_cloudfront_distribution.orderedCacheBehaviors.functionAssociations": "function_association",
    "aws_cloudfront_distribution.defaultCacheBehavior.functionAssociations": "function_association",
    "aws_cloudwatch_metric_alarm.name": "alarm_name",
    "aws_cloudwatch_metric_alarm.metricQueries": "metric_query",
    "aws_lambda_function.name": "function_name",
    "aws_lambda_function.imageConfig.commands": "command",
    "aws_lambda_function.imageConfig.entryPoints": "entry_point",
    "aws_lambda_permission.function": "function_name",
    "aws_apigatewayv2_api.corsConfiguration": "cors_configuration",
    "aws_apigatewayv2_authorizer.jwtConfiguration": "jwt_configuration",
    "aws_apigatewayv2_stage.routeSettings": "route_settings",
    "aws_sns_topic_subscription.topic": "topic_arn",
    "aws_sns_topic.kmsMasterKeyId": "kms_master_key_id",
    "aws_sfn_alias.routingConfigurations": "routing_configuration",
    "aws_budgets_budget.notifications": "notification",
    "aws_budgets_budget.costFilters": "cost_filter",
    "aws_budgets_budget.filterExpression.ands": "and",
    "aws_budgets_budget.filterExpression.ors": "or",
    "aws_wafv2_web_acl.rules": "rule",
    "aws_wafv2_web_acl.rules.statement.managedRuleGroupStatement.ruleActionOverrides": "rule_action_override",
    "aws_wafv2_web_acl.rules.statement.managedRuleGroupStatement.excludedRules": "excluded_rule",
    "aws_wafv2_web_acl_logging_configuration.redactedFields": "redacted_fields",
    "aws_wafv2_web_acl_logging_configuration.loggingFilter.filters": "filter",
    "aws_wafv2_web_acl_logging_configuration.loggingFilter.filters.conditions": "condition",
}

# Plural in Terraform too, though a list of blocks.
PLURAL: tuple[str, ...] = (
    "route_settings",
    "redacted_fields",
)

# Maps, whose keys are the user's own.
MAPS: tuple[str, ...] = ("tags", "tags_all", "variables", "dimensions", "request_parameters", "input_paths", "metadata")
