"""Is there room for what the settings ask for?"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from botocore.exceptions import ClientError

from release.preflight.finding import GLOBAL_REGION, Finding, Target
from release.stacks import PROJECT

ROLES, BUCKETS, DISTRIBUTIONS = 18, 5, 1
"""What one stack makes; a contract test counts them."""
LARGEST_FUNCTION_MB = 10_240
_USUAL_CONCURRENCY = 1000
"""Of an account that is no longer new: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_UNRESERVED_MIN = 100
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
    if whole < _USUAL_CONCURRENCY:
        # No API tells the memory limit; accounts whose concurrency is reduced have a reduced one too.
        yield Finding(
            what="Lambda memory",
            problem=f"a new account (concurrency {whole}) may be held to 3,008 MB; build-index needs "
            f"{LARGEST_FUNCTION_MB:,} MB",
            fix="ask AWS Support for 10,240 MB of function memory; it comes with the usual concurrency of 1,000",
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
    """Roles, buckets and distributions that the account may still have."""
    summary: dict[str, int] = target.client("iam", None).get_account_summary()["SummaryMap"]
    yield from _room("IAM roles", summary["Roles"], summary["RolesQuota"], ROLES, "L-FE177D64 (iam)")
    buckets = len(cast("list[object]", target.regional("s3").list_buckets()["Buckets"]))
    if (quota := _quota(target, "s3", "L-DC2B2D3D")) is not None:
        yield from _room("S3 buckets", buckets, quota, BUCKETS, "L-DC2B2D3D (s3)")
    pages: Any = target.client("cloudfront", GLOBAL_REGION).get_paginator("list_distributions")
    distributions = sum(int(page["DistributionList"]["Quantity"]) for page in pages.paginate())
    if (quota := _quota(target, "cloudfront", "L-24B04930")) is not None:
        yield from _room("CloudFront distributions", distributions, quota, DISTRIBUTIONS, "L-24B04930 (cloudfront)")


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
