"""Is what the stack needs there, and is what it would make not there yet?"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.promotion import TARGETS
from release.preflight.finding import GLOBAL_REGION, Finding, Target
from release.preflight.inventory import regions
from release.registry import Registry
from release.stacks import PROJECT


def images(target: Target) -> Iterator[Finding]:
    """Promoted images that are not in the repository; in dev, the repositories themselves."""
    base = target.settings.image_repository
    registry = Registry(base, client=target.client("ecr", base.split(".")[3]))
    for one in TARGETS:
        if target.promotion is None:
            if not registry.exists(one):
                yield Finding(
                    what=f"repository {one}",
                    problem=f"{base}/{one} does not exist",
                    fix="run `pulumi up` in bootstrap/, or correct imageRepository",
                )
            continue
        digest = target.promotion.image(one)
        if not registry.has(one, digest):
            yield Finding(
                what=f"image {one}",
                problem=f"{base}/{one} has no {digest}",
                fix="promote a release whose images are there, or replicate the repository to this region",
            )


def names(target: Target) -> Iterator[Finding]:
    """What someone else has called as the program calls its things; ours are known by their tags."""
    yield from _aliases(target)
    yield from _machines(target)
    yield from _deliveries(target)
    yield from _alarms(target)
    yield from _dashboards(target)


def _aliases(target: Target) -> Iterator[Finding]:
    for region, wanted in regions(target, "kms/alias:Alias"):
        kms = target.client("kms", region)
        for page in kms.get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] in wanted and not _ours(target, _tags_of_key(kms, alias.get("TargetKeyId"))):
                    yield _taken(target, "key alias", alias["AliasName"])


def _machines(target: Target) -> Iterator[Finding]:
    for region, wanted in regions(target, "sfn/stateMachine:StateMachine"):
        states = target.client("stepfunctions", region)
        for page in states.get_paginator("list_state_machines").paginate():
            for machine in page["stateMachines"]:
                if machine["name"] in wanted:
                    tags = states.list_tags_for_resource(resourceArn=machine["stateMachineArn"])["tags"]
                    if not _ours(target, {str(tag["key"]): str(tag["value"]) for tag in tags}):
                        yield _taken(target, "state machine", machine["name"])


def _deliveries(target: Target) -> Iterator[Finding]:
    """PutDeliverySource and PutDeliveryDestination overwrite what is called so."""
    for kind, operation, member in (
        ("logDeliverySource:LogDeliverySource", "describe_delivery_sources", "deliverySources"),
        ("logDeliveryDestination:LogDeliveryDestination", "describe_delivery_destinations", "deliveryDestinations"),
    ):
        for region, wanted in regions(target, f"cloudwatch/{kind}"):
            for page in target.client("logs", region).get_paginator(operation).paginate():
                for one in page[member]:
                    if one["name"] in wanted and not _ours(target, one.get("tags", {})):
                        yield _taken(target, "log delivery", one["name"])


def _alarms(target: Target) -> Iterator[Finding]:
    """PutMetricAlarm overwrites without a word, and who deploys may change whatever is called as the stack's things.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    for region, _ in regions(target, "cloudwatch/metricAlarm:MetricAlarm"):
        cloudwatch = target.client("cloudwatch", region)
        pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{PROJECT}-{target.stack}-")
        for alarm in (alarm for page in pages for alarm in page["MetricAlarms"]):
            tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
            if not _ours(target, {str(tag["Key"]): str(tag["Value"]) for tag in tags}):
                yield _taken(target, "alarm", alarm["AlarmName"])


def _dashboards(target: Target) -> Iterator[Finding]:
    """A dashboard has no tags: where the stack has no key yet, it has no dashboard either."""
    for region, wanted in regions(target, "cloudwatch/dashboard:Dashboard"):
        for page in target.client("cloudwatch", region).get_paginator("list_dashboards").paginate():
            for one in page["DashboardEntries"]:
                if one["DashboardName"] in wanted and not _deployed(target):
                    yield _taken(target, "dashboard", one["DashboardName"])


def _deployed(target: Target) -> bool:
    for region, wanted in regions(target, "kms/alias:Alias"):
        kms = target.client("kms", region)
        for page in kms.get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] in wanted and _ours(target, _tags_of_key(kms, alias.get("TargetKeyId"))):
                    return True
    return False


def domain(target: Target) -> Iterator[Finding]:
    """Another distribution of the account that answers for the stack's domain: a name is one distribution's only."""
    host = target.settings.domain
    if host is None:
        return
    cloudfront = target.client("cloudfront", GLOBAL_REGION)
    for page in cloudfront.get_paginator("list_distributions").paginate():
        for one in page["DistributionList"].get("Items", []):
            if host in one.get("Aliases", {}).get("Items", []):
                tags: list[dict[str, str]] = cloudfront.list_tags_for_resource(Resource=one["ARN"])["Tags"]["Items"]
                if not _ours(target, {tag["Key"]: tag.get("Value", "") for tag in tags}):
                    yield Finding(
                        what=f"domain {host}",
                        problem=f"distribution {one['Id']} answers for it",
                        fix="remove it there, or choose another domain",
                    )


def certificate(target: Target) -> Iterator[Finding]:
    """A certificate that CloudFront would refuse, or that does not cover the domain.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    arn, host = target.settings.certificate_arn, target.settings.domain
    if arn is None or host is None:
        return
    region = arn.split(":")[3]
    if region != GLOBAL_REGION:
        yield Finding(
            what="certificate",
            problem=f"it is in {region}; CloudFront takes certificates of {GLOBAL_REGION} only",
            fix=f"request one for {host} in {GLOBAL_REGION} and put its ARN into certificateArn",
        )
        return
    try:
        found: dict[str, Any] = target.client("acm", GLOBAL_REGION).describe_certificate(CertificateArn=arn)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        yield Finding(what="certificate", problem=f"{arn} does not exist", fix=f"request one for {host}")
        return
    described: dict[str, Any] = found["Certificate"]
    if described["Status"] != "ISSUED":
        yield Finding(
            what="certificate",
            problem=f"its status is {described['Status']}",
            fix="complete its validation (the DNS records are in the ACM console), and wait until it is issued",
        )
    covered: list[str] = [described["DomainName"], *described.get("SubjectAlternativeNames", [])]
    if not any(covers(name, host) for name in covered):
        yield Finding(
            what="certificate",
            problem=f"it covers {', '.join(sorted(set(covered)))}, not {host}",
            fix=f"request one that covers {host}, or correct domain",
        )


def covers(name: str, host: str) -> bool:
    """A wildcard stands for one label, and never for none."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _tags_of_key(kms: Any, key: str | None) -> dict[str, str]:  # noqa: ANN401  (a boto3 client)
    if key is None:
        return {}
    tags: list[dict[str, str]] = kms.list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in tags}


def _ours(target: Target, tags: dict[str, str]) -> bool:
    return tags.get("project") == PROJECT and tags.get("environment") == target.settings.environment


def _taken(target: Target, kind: str, name: str) -> Finding:
    return Finding(
        what=f"{kind} {name}",
        problem="it exists and is not tagged as this stack's",
        fix=f"remove or rename it, or name the stack otherwise ({target.settings.environment}-<something>)",
    )
