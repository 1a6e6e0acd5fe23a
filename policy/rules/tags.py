"""Tags: whose it is, what it belongs to and who pays."""

from collections.abc import Iterator, Mapping

from policy.model import Resource, Stack, StackRule, unless

TAGS = ("project", "environment", "owner", "cost-centre")
TAGGABLE = (
    "apigatewayv2/api:Api",
    "apigatewayv2/stage:Stage",
    "cloudfront/distribution:Distribution",
    "cloudwatch/eventBus:EventBus",
    "cloudwatch/eventRule:EventRule",
    "cloudwatch/logGroup:LogGroup",
    "cloudwatch/metricAlarm:MetricAlarm",
    "dynamodb/table:Table",
    "ecr/repository:Repository",
    "iam/role:Role",
    "kms/key:Key",
    "lambda/eventSourceMapping:EventSourceMapping",
    "lambda/function:Function",
    "s3/bucket:Bucket",
    "sfn/stateMachine:StateMachine",
    "sns/topic:Topic",
    "sqs/queue:Queue",
    "wafv2/webAcl:WebAcl",
)


def _tagged(resource: Resource, _stack: Stack) -> Iterator[str]:
    # The provider adds its default tags to `tagsAll` after the program's part is over.
    tags: Mapping[str, str] = resource.get("tagsAll") or {}
    for tag in TAGS:
        yield from unless(tags.get(tag), f"no tag {tag}")


RULES = (
    StackRule(
        name="tagged",
        demands=f"What can be tagged is tagged: {', '.join(TAGS)}",
        types=TAGGABLE,
        severity="low",
        check=_tagged,
    ),
)
