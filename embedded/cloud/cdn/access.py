"""May CloudFront read this object? Answered from the policies of bucket and key, the distribution being the caller.

A service principal has no identity policy: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from embedded.authorisation.decisions import Allowed, Check, Policies, Resource, decide
from embedded.authorisation.documents import Attached, read_policy
from embedded.authorisation.errors import PolicyError
from embedded.authorisation.principals import service

logger = logging.getLogger(__name__)

SERVICE = "cloudfront.amazonaws.com"


def allowed(
    policy: str | None, action: str, resource: str, *, distribution_arn: str, keys: Mapping[str, str] | None = None
) -> bool:
    """Whether a resource policy allows it; `keys` are further condition keys, in lower case."""
    context = {
        "aws:sourcearn": distribution_arn,
        "aws:sourceaccount": distribution_arn.split(":")[4],
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": SERVICE,
        **(keys or {}),
    }
    check = Check(action, resource, {name: (value,) for name, value in context.items()})
    try:
        document = read_policy(policy, Attached.RESOURCE, resource) if policy else None
        decision = decide(service(SERVICE), check, Policies(resource=document, resource_kind=Resource.DECIDES))
    except PolicyError as error:
        logger.error("%s on %s cannot be judged: %s", action, resource, error)
        return False
    return isinstance(decision, Allowed)
