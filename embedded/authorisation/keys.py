"""The condition keys that the evaluator knows: what kind of value they hold, and whether requests here carry them.

A key that is not in the table is an error wherever it stands. A key that is known but not `served` is understood, yet
nothing here fills it in: a policy in force that asks for it cannot be judged, and is refused.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from embedded.authorisation.errors import UnknownKeyError


class Kind(Enum):
    """What a key's values are."""

    TEXT = "String"
    ARN = "Arn"
    NUMBER = "Numeric"
    DATE = "Date"
    BOOLEAN = "Bool"
    ADDRESS = "IpAddress"
    BINARY = "Binary"


@dataclass(frozen=True, slots=True)
class Key:
    """One condition key. `several`: it holds a set and needs `ForAllValues:` or `ForAnyValue:`."""

    kind: Kind = Kind.TEXT
    several: bool = False
    served: bool = True


def _not_served(kind: Kind = Kind.TEXT, *, several: bool = False) -> Key:
    return Key(kind, several, served=False)


_TEXT, _ARN, _BOOLEAN, _DATE = Key(), Key(Kind.ARN), Key(Kind.BOOLEAN), Key(Kind.DATE)

KEYS: dict[str, Key] = {
    # Of the request
    "aws:CalledVia": _not_served(several=True),
    "aws:CalledViaFirst": _not_served(),
    "aws:CalledViaLast": _not_served(),
    "aws:CurrentTime": _DATE,
    "aws:EpochTime": _DATE,
    "aws:RequestedRegion": _TEXT,
    "aws:SecureTransport": _BOOLEAN,
    "aws:SourceAccount": _TEXT,
    "aws:SourceArn": _ARN,
    "aws:SourceIp": Key(Kind.ADDRESS),
    "aws:SourceOwner": _TEXT,
    "aws:TagKeys": _not_served(several=True),
    "aws:UserAgent": _TEXT,
    "aws:ViaAWSService": _BOOLEAN,
    # Of the caller
    "aws:PrincipalAccount": _TEXT,
    "aws:PrincipalArn": _ARN,
    "aws:PrincipalIsAWSService": _BOOLEAN,
    "aws:PrincipalServiceName": _TEXT,
    "aws:PrincipalType": _TEXT,
    "aws:userid": _not_served(),
    "aws:username": _TEXT,
    # Of the resource
    "aws:ResourceAccount": _TEXT,
    # Of services
    "cloudwatch:namespace": _TEXT,
    "dynamodb:Attributes": _not_served(several=True),
    "dynamodb:LeadingKeys": Key(several=True),
    "dynamodb:Select": _not_served(),
    "events:source": _TEXT,
    "events:detail-type": _TEXT,
    "iam:PassedToService": _TEXT,
    "kms:CallerAccount": _TEXT,
    "kms:EncryptionContextKeys": Key(several=True),
    "kms:GrantIsForAWSResource": _not_served(Kind.BOOLEAN),
    "kms:ViaService": _TEXT,
    "lambda:FunctionArn": _ARN,
    "s3:authType": _not_served(),
    "s3:delimiter": _TEXT,
    "s3:max-keys": Key(Kind.NUMBER),
    "s3:prefix": _TEXT,
    "s3:VersionId": _TEXT,
    "s3:x-amz-acl": _TEXT,
    "s3:x-amz-copy-source": _TEXT,
    "s3:x-amz-server-side-encryption": _TEXT,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": _ARN,
    "s3:x-amz-server-side-encryption-customer-algorithm": _TEXT,
    "s3:x-amz-storage-class": _TEXT,
    "sns:Endpoint": _not_served(),
    "sns:Protocol": _not_served(),
    "states:StateMachineQualifier": _TEXT,
    "sts:ExternalId": _not_served(),
    # Understood only
    "aws:FederatedProvider": _not_served(),
    "aws:MultiFactorAuthAge": _not_served(Kind.NUMBER),
    "aws:MultiFactorAuthPresent": _not_served(Kind.BOOLEAN),
    "aws:PrincipalOrgID": _not_served(),
    "aws:referer": _not_served(),
    "aws:SourceVpc": _not_served(),
    "aws:SourceVpce": _not_served(),
    "aws:TokenIssueTime": _not_served(Kind.DATE),
    "aws:VpcSourceIp": _not_served(Kind.ADDRESS),
    "ec2:InstanceType": _not_served(),
    "ec2:Owner": _not_served(),
    "ec2:SourceInstanceARN": _not_served(Kind.ARN),
}
"""By their documented spelling; names are compared in lower case."""

_PREFIXES: dict[str, Key] = {
    "aws:principaltag/": _not_served(),
    "aws:requesttag/": _not_served(),
    "aws:resourcetag/": _not_served(),
    "kms:encryptioncontext:": _TEXT,
    "kms:requestalias": _not_served(),
    "ec2:resourcetag/": _not_served(),
    "iam:resourcetag/": _not_served(),
    "s3:existingobjecttag/": _not_served(),
    "token.actions.githubusercontent.com:": _not_served(),
}
_LOWER = {name.lower(): key for name, key in KEYS.items()}


def key_of(name: str) -> Key:
    """What a condition key holds. Errors: UnknownKeyError."""
    lower = name.lower()
    key = _LOWER.get(lower)
    if key is None:
        key = next((key for prefix, key in _PREFIXES.items() if lower.startswith(prefix) and lower != prefix), None)
    if key is None:
        message = f"the condition key {name} is not known"
        raise UnknownKeyError(message)
    return key
