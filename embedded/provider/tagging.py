"""Tags of resources that exist: an operation per service."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.provider.kinds import Call, Request, fill


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """How a service tags and untags. `identity` is a template over the resource's inputs and outputs."""

    tag: str
    untag: str
    parameter: str
    identity: str = "{arn}"
    tags: str = "Tags"
    keys: str = "TagKeys"


SERVICES: Mapping[str, Tagging] = {
    "apigatewayv2": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceArn"),
    "ce": Tagging(
        tag="TagResource",
        untag="UntagResource",
        parameter="ResourceArn",
        tags="ResourceTags",
        keys="ResourceTagKeys",
    ),
    "budgets": Tagging(
        tag="TagResource", untag="UntagResource", parameter="ResourceARN", tags="ResourceTags", keys="ResourceTagKeys"
    ),
    "cloudwatch": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceARN"),
    "dynamodb": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceArn"),
    "ecr": Tagging(tag="TagResource", untag="UntagResource", parameter="resourceArn", tags="tags", keys="tagKeys"),
    "events": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceARN"),
    "iam": Tagging(tag="TagRole", untag="UntagRole", parameter="RoleName", identity="{name}"),
    "kms": Tagging(tag="TagResource", untag="UntagResource", parameter="KeyId", identity="{keyId}"),
    "lambda": Tagging(tag="TagResource", untag="UntagResource", parameter="Resource"),
    "logs": Tagging(tag="TagResource", untag="UntagResource", parameter="resourceArn", tags="tags", keys="tagKeys"),
    "mediaconvert": Tagging(tag="TagResource", untag="UntagResource", parameter="Arn"),
    "sns": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceArn"),
    "sqs": Tagging(tag="TagQueue", untag="UntagQueue", parameter="QueueUrl", identity="{url}"),
    "stepfunctions": Tagging(
        tag="TagResource", untag="UntagResource", parameter="resourceArn", tags="tags", keys="tagKeys"
    ),
    "wafv2": Tagging(tag="TagResource", untag="UntagResource", parameter="ResourceARN"),
    "cloudfront": Tagging(
        tag="TagResource", untag="UntagResource", parameter="Resource", tags="Tags.Items", keys="TagKeys.Items"
    ),
}


TYPES: Mapping[str, Tagging] = {
    "aws:iam/policy:Policy": Tagging(tag="TagPolicy", untag="UntagPolicy", parameter="PolicyArn"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Tagging(
        tag="TagOpenIDConnectProvider", untag="UntagOpenIDConnectProvider", parameter="OpenIDConnectProviderArn"
    ),
}
"""Types that are not tagged as their service's others."""


def retag(service: str, request: Request) -> Generator[Call, Any, None]:
    """Bring the tags of `request.old` to those of the goal."""
    old = request.old
    assert old is not None  # noqa: S101  (only what exists is tagged anew)
    wanted: dict[str, str] = request.goal.inputs.get("tagsAll") or {}
    present: dict[str, str] = old.inputs.get("tagsAll") or {}
    how = TYPES.get(request.goal.type) or SERVICES[service]
    identity = {how.parameter: fill(how.identity, {**old.outputs, **request.goal.inputs})}
    gone = sorted(present.keys() - wanted.keys())
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    if gone:
        yield Call(operation=how.untag, params={**identity, how.keys: gone})
    if changed:
        yield Call(operation=how.tag, arguments={"tags": changed}, rename={"tags": how.tags}, params=identity)
