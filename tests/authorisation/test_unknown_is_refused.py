"""What the evaluator does not know is a typed error: it is never an Allow, and never passed over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.authorisation.documents import Attached, read_policy
from embedded.authorisation.errors import PolicyError, UnknownKeyError, UnknownOperatorError
from tests.authorisation.build import ROLE, allow, deny, identity, resource, trust


@pytest.mark.parametrize("statement", [allow, deny])
@pytest.mark.parametrize(
    ("condition", "error"),
    [
        ({"StringMatches": {"aws:username": "a"}}, UnknownOperatorError),
        ({"stringequals": {"aws:username": "a"}}, UnknownOperatorError),
        ({"ForSomeValues:StringEquals": {"aws:TagKeys": "a"}}, UnknownOperatorError),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}, UnknownOperatorError),
        ({"NullIfExists": {"aws:username": "true"}}, UnknownOperatorError),
        ({"StringEquals": {"aws:Usernames": "a"}}, UnknownKeyError),
        ({"StringEquals": {"kms:EncryptionContext:": "a"}}, UnknownKeyError),
        ({"StringEquals": {"s3:prefix": "${aws:Usernames}"}}, UnknownKeyError),
        ({"StringEquals": {"s3:prefix": "${aws:username"}}, PolicyError),
        ({"StringEquals": {"s3:prefix": "${aws:TagKeys}"}}, PolicyError),
        ({"StringEquals": {"aws:TagKeys": "a"}}, PolicyError),
        ({"StringEquals": {"aws:username": []}}, PolicyError),
        ({"StringEquals": {"aws:username": {"a": "b"}}}, PolicyError),
        ({"StringEquals": "a"}, PolicyError),
        ({"Bool": {"aws:SecureTransport": "yes"}}, PolicyError),
        ({"NumericEquals": {"s3:max-keys": "ten"}}, PolicyError),
        ({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}, PolicyError),
        ({"IpAddress": {"aws:SourceIp": "300.0.0.1"}}, PolicyError),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns"}}, PolicyError),
        ({"Null": {"aws:username": "maybe"}}, PolicyError),
        ([], PolicyError),
    ],
)
def test_refuses_a_condition(statement: Any, condition: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        identity(statement(Condition=condition))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Permit", "Action": "*", "Resource": "*"},
        {"Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Resource": "*"},
        {"Effect": "Allow", "Action": "*"},
        {"Effect": "Allow", "Action": [], "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"},
        {"Effect": "Allow", "Action": "GetObject", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:Get Object", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "films/*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:*:::films"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:userNames}"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}},
        "Allow",
    ],
)
def test_refuses_a_statement_of_an_identity_policy(statement: Any) -> None:
    with pytest.raises(PolicyError):
        identity(statement)


@pytest.mark.parametrize(
    "principal",
    [
        {},
        {"Principal": {}},
        {"Principal": "arn:aws:iam::111122223333:role/app"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}},
        {"Principal": {"AWS": "AROAEXAMPLE"}},
        {"Principal": {"AWS": []}},
        {"Principal": {"CanonicalUser": "79a5"}},
        {"Principal": {"Robot": "r"}},
        {"NotPrincipal": {"AWS": ROLE}},
        {"Principal": "*", "NotPrincipal": "*"},
    ],
)
def test_refuses_a_principal(principal: Any) -> None:
    with pytest.raises(PolicyError):
        resource(allow(**principal))


def test_refuses_a_resource_in_a_trust_policy() -> None:
    with pytest.raises(PolicyError):
        trust(allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"Version": "2013-01-01", "Statement": []}',
        '{"Version": "2012-10-17", "Statements": []}',
        '{"Version": "2012-10-17"}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
        json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", **allow()}, {"Sid": "a", **allow()}]}),
    ],
)
def test_refuses_a_document(text: str) -> None:
    with pytest.raises(PolicyError):
        read_policy(text, Attached.IDENTITY)
