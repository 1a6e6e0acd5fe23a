"""Firewalls: https://docs.aws.amazon.com/waf/latest/developerguide/security-best-practices.html"""

from collections.abc import Iterator

from policy.model import Resource, ResourceRule, dig, every_has, unless

_ACL = "wafv2/webAcl:WebAcl"


def _has_rules(acl: Resource) -> Iterator[str]:
    yield from unless(acl.each("rules"), "it lets everything through")


def _measured(acl: Resource) -> Iterator[str]:
    for name, part in (("the list", acl.props), *((rule.get("name"), rule) for rule in acl.each("rules"))):
        counted = dig(part, "visibilityConfig.cloudwatchMetricsEnabled") is True
        yield from unless(counted, f"{name}: what it stops is not counted")


RULES = (
    ResourceRule(name="waf-rules", demands="A web ACL has rules", types=(_ACL,), severity="medium", check=_has_rules),
    ResourceRule(
        name="waf-measured",
        demands="What a web ACL and its rules stop is counted",
        types=(_ACL,),
        severity="low",
        check=_measured,
    ),
    every_has(
        name="waf-logged",
        subject=_ACL,
        attachment="wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        by="resourceArn",
        severity="medium",
        demands="What a web ACL stops is logged",
    ),
)
