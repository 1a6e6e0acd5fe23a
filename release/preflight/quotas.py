"""Is there room for what the settings ask for?"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from botocore.exceptions import ClientError

from release.preflight.finding import GLOBAL_REGION, Finding, Target
from release.preflight.inventory import planned
from release.stacks import PROJECT

_USUAL_CONCURRENCY = 1000
"""Of an account that is no longer new: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_NEW_ACCOUNT_MB = 3008
_UNRESERVED_MIN = 100
_CACHE_POLICIES = 20
"""Of the account's own: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""
_MAX_CONCURRENCY = re.compile(r'"MaxConcurrency":\s*(\d+)')


def concurrency(target: Target) -> Iterator[Finding]:
    """Functions that run at once when both pipelines are busy, against what no other function has reserved."""
    needed = needed_concurrency(target)
    limits: dict[str, int] = target.regional("lambda").get_account_settings()["AccountLimit"]
    free, whole = limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]
    if free < needed:
        yield Finding(
            what="Lambda concurrency",
            problem=f"{free} of {whole} are free, a busy stack uses {needed}",
            fix="ask for more of L-B99A9384 (lambda) in Service Quotas, or lower intakeConcurrency",
        )
    largest = max(planned(target, "lambda/function:Function"), key=lambda one: one.memory_mb)
    if whole < _USUAL_CONCURRENCY and largest.memory_mb > _NEW_ACCOUNT_MB:
        # No API tells the memory limit; accounts whose concurrency is reduced have a reduced one too.
        yield Finding(
            what="Lambda memory",
            problem=f"a new account (concurrency {whole}) may be held to {_NEW_ACCOUNT_MB:,} MB; "
            f"{largest.logical} needs {largest.memory_mb:,} MB",
            fix=f"ask AWS Support for {largest.memory_mb:,} MB of function memory; "
            f"it comes with the usual concurrency of {_USUAL_CONCURRENCY:,}",
        )


def reservations(target: Target) -> Iterator[Finding]:
    """What the settings reserve for single functions, against what others have left of the account's concurrency.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    wanted = sum(target.settings.reservations.values())
    if not wanted:
        return
    functions = target.regional("lambda")
    limits: dict[str, int] = functions.get_account_settings()["AccountLimit"]
    # What an earlier deployment of this stack has reserved is not lost to this one.
    free = limits["UnreservedConcurrentExecutions"] + _reserved(functions, f"{PROJECT}-{target.stack}-")
    if free - wanted < _UNRESERVED_MIN:
        yield Finding(
            what="Lambda reserved concurrency",
            problem=f"{wanted} are to be reserved, {free} of {limits['ConcurrentExecutions']} are free, and "
            f"{_UNRESERVED_MIN} must stay so",
            fix="ask for more of L-B99A9384 (lambda) in Service Quotas, or lower reservedConcurrency",
        )


def _reserved(functions: Any, prefix: str) -> int:  # noqa: ANN401  (a boto3 client)
    """Reserved by the functions whose names begin so."""
    names = [
        str(found["FunctionName"])
        for page in functions.get_paginator("list_functions").paginate()
        for found in page["Functions"]
    ]
    return sum(
        int(functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))
        for name in names
        if name.startswith(prefix)
    )


def needed_concurrency(target: Target) -> int:
    """Both intakes and every map of both workflows at their widest."""
    maps = [
        int(width)
        for file in (target.root / "infra" / "workflows").glob("*.asl.json")
        for width in _MAX_CONCURRENCY.findall(json.dumps(json.loads(file.read_text())))
    ]
    return 2 * target.settings.intake_concurrency + sum(maps)


def rooms(target: Target) -> Iterator[Finding]:
    """Roles, buckets, distributions and cache policies that the account may still have."""
    summary: dict[str, int] = target.client("iam", None).get_account_summary()["SummaryMap"]
    roles = len(planned(target, "iam/role:Role"))
    yield from _room("IAM roles", summary["Roles"], summary["RolesQuota"], roles, "L-FE177D64 (iam)")
    buckets = len(cast("list[object]", target.regional("s3").list_buckets()["Buckets"]))
    if (quota := _quota(target, "s3", "L-DC2B2D3D")) is not None:
        more = len(planned(target, "s3/bucket:Bucket"))
        yield from _room("S3 buckets", buckets, quota, more, "L-DC2B2D3D (s3)")
    cloudfront = target.client("cloudfront", GLOBAL_REGION)
    pages: Any = cloudfront.get_paginator("list_distributions")
    distributions = sum(int(page["DistributionList"]["Quantity"]) for page in pages.paginate())
    if (quota := _quota(target, "cloudfront", "L-24B04930")) is not None:
        more = len(planned(target, "cloudfront/distribution:Distribution"))
        yield from _room("CloudFront distributions", distributions, quota, more, "L-24B04930 (cloudfront)")
    listed: dict[str, Any] = cloudfront.list_cache_policies(Type="custom", MaxItems="100")["CachePolicyList"]
    others = [one for one in listed.get("Items", []) if not _named_as_ours(target, one)]
    more = len(planned(target, "cloudfront/cachePolicy:CachePolicy"))
    yield from _room("CloudFront cache policies", len(others), _CACHE_POLICIES, more, "cache policies (cloudfront)")


def _named_as_ours(target: Target, listed: dict[str, Any]) -> bool:
    name: str = listed["CachePolicy"]["CachePolicyConfig"]["Name"]
    return name.startswith(f"{PROJECT}-{target.stack}-")


def _room(what: str, used: int, quota: int, more: int, name: str) -> Iterator[Finding]:
    if used + more > quota:
        yield Finding(
            what=what,
            problem=f"{used} of {quota} are used, a stack makes {more} more",
            fix=f"ask for more of {name} in Service Quotas, or remove what is not used",
        )


def _quota(target: Target, service: str, code: str) -> int | None:
    """The account's own value; None where Service Quotas does not know it, which then is the default and high."""
    try:
        answer: dict[str, Any] = target.client("service-quotas", GLOBAL_REGION).get_service_quota(
            ServiceCode=service, QuotaCode=code
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchResourceException":
            return None
        raise
    return int(answer["Quota"]["Value"])
