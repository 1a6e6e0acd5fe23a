"""Condition operators, wildcards and variables as AWS documents them; each case names its page."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.authorisation.conditions import read_conditions
from embedded.authorisation.wildcards import matches_action, matches_resource
from tests.authorisation.build import allow, allowed, context, deny, identity

OPERATORS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
SETS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
RESOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
VARIABLES = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"

NONE: dict[str, tuple[str, ...]] = {}
TOPIC = "arn:aws:sns:us-east-2:123456789012:MyTopic"


def tags(*names: str) -> dict[str, tuple[str, ...]]:
    return context(aws__TagKeys=names)


def one(key: str, value: str) -> dict[str, tuple[str, ...]]:
    return {key.lower(): (value,)}


# (page's section, operator, key, values of the policy, request, whether it holds)
CASES: list[tuple[str, str, str, Any, dict[str, tuple[str, ...]], bool]] = [
    ("String", "StringEquals", "aws:username", "john", one("aws:username", "john"), True),
    ("String", "StringEquals", "aws:username", "john", one("aws:username", "John"), False),
    ("String", "StringEqualsIgnoreCase", "AWS:UserName", "john", one("aws:username", "John"), True),
    ("String", "StringNotEquals", "aws:username", ["a", "b"], one("aws:username", "b"), False),
    ("String", "StringNotEquals", "aws:username", ["a", "b"], one("aws:username", "c"), True),
    ("String", "StringNotEqualsIgnoreCase", "aws:username", "A", one("aws:username", "a"), False),
    ("String", "StringEquals", "s3:prefix", "home/*", one("s3:prefix", "home/a"), False),
    ("String", "StringLike", "s3:prefix", ["", "home/*"], one("s3:prefix", "home/a"), True),
    ("String", "StringLike", "s3:prefix", ["", "home/*"], one("s3:prefix", ""), True),
    ("String", "StringLike", "s3:prefix", "home/?", one("s3:prefix", "home/ab"), False),
    ("String", "StringNotLike", "s3:prefix", "home/*", one("s3:prefix", "other/"), True),
    ("Numeric", "NumericLessThanEquals", "s3:max-keys", "10", one("s3:max-keys", "10"), True),
    ("Numeric", "NumericLessThanEquals", "s3:max-keys", "10", one("s3:max-keys", "11"), False),
    ("Numeric", "NumericLessThan", "s3:max-keys", 10, one("s3:max-keys", "10"), False),
    ("Numeric", "NumericGreaterThan", "s3:max-keys", "9", one("s3:max-keys", "10"), True),
    ("Numeric", "NumericNotEquals", "s3:max-keys", "10", one("s3:max-keys", "10.0"), False),
    ("Numeric", "NumericEquals", "s3:max-keys", "10", one("s3:max-keys", "ten"), False),
    ("Date", "DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", one("aws:CurrentTime", "2026-01-02"), True),
    ("Date", "DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", one("aws:CurrentTime", "2026-01-02"), False),
    ("Date", "DateLessThan", "aws:EpochTime", "2026-01-01T00:00:00Z", one("aws:EpochTime", "1700000000"), True),
    ("Boolean", "Bool", "aws:SecureTransport", "true", one("aws:SecureTransport", "true"), True),
    ("Boolean", "Bool", "aws:SecureTransport", False, one("aws:SecureTransport", "true"), False),
    ("BinaryEquals", "BinaryEquals", "aws:username", "QmluYXJ5", one("aws:username", "QmluYXJ5"), True),
    ("IPAddress", "IpAddress", "aws:SourceIp", "203.0.113.0/24", one("aws:SourceIp", "203.0.113.9"), True),
    ("IPAddress", "IpAddress", "aws:SourceIp", "203.0.113.0/24", one("aws:SourceIp", "203.0.114.9"), False),
    ("IPAddress", "NotIpAddress", "aws:SourceIp", "203.0.113.0/24", one("aws:SourceIp", "203.0.113.9"), False),
    (
        "IPAddress",
        "IpAddress",
        "aws:SourceIp",
        "2001:DB8:1234:5678::/64",
        one("aws:SourceIp", "2001:db8:1234:5678::1"),
        True,
    ),
    ("ARN", "ArnEquals", "aws:SourceArn", "arn:aws:sns:*:123456789012:My*", one("aws:SourceArn", TOPIC), True),
    ("ARN", "ArnLike", "aws:SourceArn", "arn:aws:sns:*:123456789012:My*", one("aws:SourceArn", TOPIC), True),
    ("ARN", "ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*", one("aws:SourceArn", TOPIC + ":sub"), True),
    ("ARN", "ArnLike", "aws:SourceArn", "arn:aws:s*:MyTopic:*:*:*", one("aws:SourceArn", TOPIC), False),
    ("ARN", "ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:123456789012:My*", one("aws:SourceArn", TOPIC), False),
    ("ARN", "StringEquals", "aws:SourceArn", TOPIC, one("aws:SourceArn", TOPIC), True),
    # An absent key
    ("", "StringEquals", "aws:username", "john", NONE, False),
    ("", "StringLike", "aws:username", "*", NONE, False),
    ("", "ArnLike", "aws:SourceArn", TOPIC, NONE, False),
    ("", "Bool", "aws:SecureTransport", "true", NONE, False),
    ("", "StringNotEquals", "aws:username", "john", NONE, True),
    ("", "ArnNotLike", "aws:SourceArn", TOPIC, NONE, True),
    ("", "NotIpAddress", "aws:SourceIp", "203.0.113.0/24", NONE, True),
    ("IfExists", "StringEqualsIfExists", "aws:username", "john", NONE, True),
    ("IfExists", "StringEqualsIfExists", "aws:username", "john", one("aws:username", "jane"), False),
    ("IfExists", "StringNotEqualsIfExists", "aws:username", "john", NONE, True),
    ("Null", "Null", "aws:TokenIssueTime", "true", NONE, True),
    ("Null", "Null", "aws:TokenIssueTime", True, one("aws:TokenIssueTime", "2026-01-01"), False),
    ("Null", "Null", "aws:TokenIssueTime", "false", one("aws:TokenIssueTime", "2026-01-01"), True),
    # Sets
    ("sets", "ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], tags("a"), True),
    ("sets", "ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], tags("a", "c"), False),
    ("sets", "ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], NONE, True),
    ("sets", "ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], tags(), True),
    ("sets", "ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"], tags("a", "c"), True),
    ("sets", "ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"], tags("c"), False),
    ("sets", "ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"], NONE, False),
    ("sets", "ForAllValues:StringNotEquals", "aws:TagKeys", ["a"], tags("b", "c"), True),
    ("sets", "ForAllValues:StringNotEquals", "aws:TagKeys", ["a"], tags("a", "b"), False),
    ("sets", "ForAnyValue:StringNotEquals", "aws:TagKeys", ["a"], tags("a", "b"), True),
    ("sets", "ForAnyValue:StringNotLike", "aws:TagKeys", ["a*"], tags("a", "ab"), False),
]


@pytest.mark.parametrize(("section", "operator", "key", "wanted", "request_context", "holds"), CASES)
def test_compares_as_documented(
    section: str,
    operator: str,
    key: str,
    wanted: Any,
    request_context: dict[str, tuple[str, ...]],
    holds: bool,
) -> None:
    (condition,) = read_conditions({operator: {key: wanted}}, variables=True)
    assert condition.holds(request_context) is holds, f"{OPERATORS}#Conditions_{section}, {SETS}"


# (pattern, ARN, whether it matches): https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
RESOURCES = [
    ("*", "arn:aws:s3:::b/k", True),
    ("arn:aws:iam::123456789012:user/accounting/*", "arn:aws:iam::123456789012:user/accounting/a/b", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b//test/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1-test/object.jpg", False),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/test/object.jpg", False),
    ("arn:aws:s3:::b/*.mp4", "arn:aws:s3:::b/10:30.mp4", True),
    ("arn:aws:s3:::b/v-*", "arn:aws:s3:::b/V-1", False),
    ("arn:aws:s3:::b/v-*", "arn:aws:s3:::b2/v-1", False),
    ("arn:aws:sqs:eu-*:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
    ("arn:aws:sqs:eu-*1:1:q", "arn:aws:sqs:eu-west-2:1:1:q", False),
    ("arn:aws:sqs:eu-*:q", "arn:aws:sqs:eu-west-1:1:q", True),
    ("arn:aws:sqs:eu-west-?:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
    ("arn:aws:sqs:eu-west-1?1:q", "arn:aws:sqs:eu-west-1:1:q", False),
    ("arn:aws:logs:r:1:log-group:/g:*", "arn:aws:logs:r:1:log-group:/g:log-stream:s", True),
    ("arn:aws:s3:::b/k[1]", "arn:aws:s3:::b/k1", False),
    ("arn:aws:s3:::b/k.mp4", "arn:aws:s3:::b/kxmp4", False),
]


@pytest.mark.parametrize(("pattern", "arn", "found"), RESOURCES)
def test_matches_resources_as_documented(pattern: str, arn: str, found: bool) -> None:
    assert matches_resource(pattern, arn) is found, RESOURCE


def test_matches_actions_in_any_case_and_by_wildcard() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    assert matches_action("S3:getobject", "s3:GetObject")
    assert matches_action("s3:Get*", "s3:GetObjectVersion")
    assert not matches_action("s3:GetObject", "s3:GetObjectVersion")
    assert not matches_action("s3:*", "s3express:CreateSession")


HOME = allow("s3:GetObject", "arn:aws:s3:::films/videos/${aws:username}*")


@pytest.mark.parametrize(
    ("statement", "request_context", "expected"),
    [
        (HOME, context(aws__username="a"), True),
        (HOME, context(aws__username="b"), False),
        # A variable's value is no pattern.
        (HOME, context(aws__username="*"), False),
        # "If AWS cannot resolve a variable this might cause the entire statement to be invalid."
        (HOME, {}, False),
        (allow("s3:GetObject", "arn:aws:s3:::films/videos/${aws:username, 'a'}*"), {}, True),
        (allow("s3:GetObject", "arn:aws:s3:::films/videos/${*}"), {}, False),
        (allow(Condition={"StringEquals": {"s3:prefix": "${aws:username}"}}), context(aws__username="a"), False),
        (
            allow(Condition={"StringEquals": {"s3:prefix": "${aws:username}"}}),
            context(aws__username="a", s3__prefix="a"),
            True,
        ),
        (
            allow(Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}),
            context(aws__username="a", s3__prefix="a/b"),
            True,
        ),
    ],
)
def test_replaces_policy_variables(
    statement: dict[str, Any], request_context: dict[str, tuple[str, ...]], expected: bool
) -> None:
    assert allowed(identity(statement), given=request_context) is expected, VARIABLES


def test_takes_a_variable_literally_in_the_older_version() -> None:
    older = identity(HOME, version="2008-10-17")
    assert not allowed(older, given=context(aws__username="a"))
    assert allowed(older, on="arn:aws:s3:::films/videos/${aws:username}x")


def test_needs_every_condition_and_any_value() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    both = identity(
        allow(
            Condition={
                "StringEquals": {"aws:username": ["a", "b"], "s3:prefix": "x"},
                "Bool": {"aws:SecureTransport": "true"},
            }
        )
    )
    whole = context(aws__username="b", s3__prefix="x", aws__SecureTransport="true")
    assert allowed(both, given=whole)
    for key in whole:
        assert not allowed(both, given={**whole, key: ("other",)})


def test_denies_what_is_not_sent_over_tls() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    plain = deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert not allowed(identity(allow(), plain), given=context(aws__SecureTransport="false"))
    assert allowed(identity(allow(), plain), given=context(aws__SecureTransport="true"))
