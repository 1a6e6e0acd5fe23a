"""What AWS documents of how policies of all kinds decide together, case by case; each case names its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from embedded.authorisation.decisions import Check, Denied, Policies, decide
from embedded.authorisation.grants import Grant
from embedded.authorisation.principals import ANONYMOUS, service, user
from tests.authorisation.build import (
    ACCOUNT,
    OBJECT,
    OTHER,
    ROLE,
    SESSION,
    USER,
    allow,
    allowed,
    context,
    deny,
    identity,
    resource,
    trust,
)

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ORDER = GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
BASICS = GUIDE + "reference_policies_evaluation-logic_policy-eval-basics.html"
CROSS = GUIDE + "reference_policies_evaluation-logic-cross-account.html"
BOUNDARIES = GUIDE + "access_policies_boundaries.html"
SESSIONS = GUIDE + "access_policies.html#policies_session"
PRINCIPAL = GUIDE + "reference_policies_elements_principal.html"
NOT_PRINCIPAL = GUIDE + "reference_policies_elements_notprincipal.html"
NOT_ACTION = GUIDE + "reference_policies_elements_notaction.html"
NOT_RESOURCE = GUIDE + "reference_policies_elements_notresource.html"
DEPUTY = GUIDE + "confused-deputy.html"
KEY_POLICY = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"
GRANTS = "https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html"
TRUST = GUIDE + "id_roles_terms-and-concepts.html"

READ = identity(allow("s3:GetObject", "arn:aws:s3:::films/*"))
NOTHING = identity(allow("sqs:SendMessage"))


def to(principal: object) -> dict[str, object]:
    return {"Principal": principal}


def aws(name: str) -> dict[str, object]:
    return to({"AWS": name})


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
DECRYPT = {"action": "kms:Decrypt", "on": KEY, "decides": True}
ROOT_KEY = resource(allow("kms:*", "*", **aws(ROOT)))
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/uploads"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
EVENTS = service("events.amazonaws.com")
TO_QUEUE = resource(
    allow(
        "sqs:SendMessage",
        QUEUE,
        Principal={"Service": "events.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": RULE}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
    )
)
SEND = {"caller": EVENTS, "action": "sqs:SendMessage", "on": QUEUE}


@dataclass(frozen=True)
class Case:
    """One documented sentence and the decision that it asks for."""

    says: str
    page: str
    expected: bool
    happens: Callable[[], bool]


CASES = [
    Case("All requests are denied by default", ORDER, False, allowed),
    Case("An identity policy allows", BASICS, True, lambda: allowed(READ)),
    Case("An explicit deny overrides an allow", ORDER, False, lambda: allowed(READ, identity(deny()))),
    Case(
        "A deny in the resource's policy overrides",
        ORDER,
        False,
        lambda: allowed(READ, resource_policy=resource(deny(**to("*")))),
    ),
    Case("The root user of the account needs no policy", ORDER, True, lambda: allowed(caller=user(ROOT))),
    Case(
        "In one account a resource policy that names the user is enough",
        BASICS,
        True,
        lambda: allowed(caller=USER, resource_policy=resource(allow(**aws(USER.arn)))),
    ),
    Case(
        "… and so is one that names the role",
        BASICS,
        True,
        lambda: allowed(resource_policy=resource(allow(**aws(ROLE)))),
    ),
    Case(
        "A resource policy that names the account leaves it to the account's policies",
        PRINCIPAL + "#principal-accounts",
        False,
        lambda: allowed(resource_policy=resource(allow(**aws(ACCOUNT)))),
    ),
    Case(
        "… also where the account is written as its root",
        PRINCIPAL + "#principal-accounts",
        False,
        lambda: allowed(resource_policy=resource(allow(**aws(ROOT)))),
    ),
    Case(
        "A resource policy for everyone lets in who is not known",
        PRINCIPAL + "#principal-anonymous",
        True,
        lambda: allowed(caller=ANONYMOUS, resource_policy=resource(allow(**to("*")))),
    ),
    Case("Who is not known has nothing without one", PRINCIPAL, False, lambda: allowed(caller=ANONYMOUS)),
    # Boundaries
    Case("A boundary that does not allow limits", BOUNDARIES, False, lambda: allowed(READ, boundary=NOTHING)),
    Case("A boundary does not allow by itself", BOUNDARIES, False, lambda: allowed(boundary=READ)),
    Case("What both allow is allowed", BOUNDARIES, True, lambda: allowed(READ, boundary=READ)),
    Case(
        "A boundary does not limit what a resource gives a user",
        ORDER,
        True,
        lambda: allowed(caller=USER, boundary=NOTHING, resource_policy=resource(allow(**aws(USER.arn)))),
    ),
    Case(
        "A boundary limits what a resource gives a role",
        ORDER,
        False,
        lambda: allowed(boundary=NOTHING, resource_policy=resource(allow(**aws(ROLE)))),
    ),
    Case(
        "A boundary does not limit what a resource gives a session",
        ORDER,
        True,
        lambda: allowed(boundary=NOTHING, resource_policy=resource(allow(**aws(SESSION.arn)))),
    ),
    Case(
        "A deny of a boundary overrides what a resource gives a session",
        ORDER,
        False,
        lambda: allowed(boundary=identity(deny()), resource_policy=resource(allow(**aws(SESSION.arn)))),
    ),
    # Session policies
    Case("A session has what both allow", SESSIONS, False, lambda: allowed(READ, session_policies=[NOTHING])),
    Case("… and no more than the role", SESSIONS, False, lambda: allowed(NOTHING, session_policies=[READ])),
    Case("… which is this", SESSIONS, True, lambda: allowed(READ, session_policies=[READ])),
    Case(
        "A session policy limits what a resource gives the role",
        SESSIONS,
        False,
        lambda: allowed(session_policies=[NOTHING], resource_policy=resource(allow(**aws(ROLE)))),
    ),
    Case(
        "A session policy does not limit what a resource gives the session",
        SESSIONS,
        True,
        lambda: allowed(session_policies=[NOTHING], resource_policy=resource(allow(**aws(SESSION.arn)))),
    ),
    # Across accounts
    Case("Across accounts an identity policy is not enough", CROSS, False, lambda: allowed(READ, owner=OTHER)),
    Case(
        "… nor a resource policy",
        CROSS,
        False,
        lambda: allowed(owner=OTHER, resource_policy=resource(allow(**aws(ROLE)))),
    ),
    Case(
        "… both are needed",
        CROSS,
        True,
        lambda: allowed(READ, owner=OTHER, resource_policy=resource(allow(**aws(ROLE)))),
    ),
    Case(
        "… and the resource may name the account",
        CROSS,
        True,
        lambda: allowed(READ, owner=OTHER, resource_policy=resource(allow(**aws(ACCOUNT)))),
    ),
    Case(
        "… also a session must be allowed by its own account",
        CROSS,
        False,
        lambda: allowed(owner=OTHER, resource_policy=resource(allow(**aws(SESSION.arn)))),
    ),
    Case(
        "… a boundary limits there, too",
        CROSS,
        False,
        lambda: allowed(READ, owner=OTHER, boundary=NOTHING, resource_policy=resource(allow(**aws(ROLE)))),
    ),
    # Not…
    Case(
        "NotAction with Allow allows all but these",
        NOT_ACTION,
        True,
        lambda: allowed(identity({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
    ),
    Case(
        "… and not these",
        NOT_ACTION,
        False,
        lambda: allowed(identity({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})),
    ),
    Case(
        "NotResource with Deny denies all but this",
        NOT_RESOURCE,
        False,
        lambda: allowed(READ, identity({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"})),
    ),
    Case(
        "… and not this",
        NOT_RESOURCE,
        True,
        lambda: allowed(READ, identity({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::films/*"})),
    ),
    Case(
        "NotPrincipal with Deny spares whose account, role and session are all listed",
        NOT_PRINCIPAL,
        True,
        lambda: allowed(
            READ,
            resource_policy=resource(
                {**deny(), "NotPrincipal": {"AWS": [ROOT, ROLE, SESSION.arn]}},
            ),
        ),
    ),
    Case(
        "… and not a session whose role alone is",
        NOT_PRINCIPAL,
        False,
        lambda: allowed(READ, resource_policy=resource({**deny(), "NotPrincipal": {"AWS": [ROOT, ROLE]}})),
    ),
    Case(
        "… nor one whose account is missing",
        NOT_PRINCIPAL,
        False,
        lambda: allowed(READ, resource_policy=resource({**deny(), "NotPrincipal": {"AWS": [ROLE, SESSION.arn]}})),
    ),
    # Services
    Case(
        "A service acts where the resource names it for this source",
        DEPUTY,
        True,
        lambda: allowed(
            resource_policy=TO_QUEUE, given=context(aws__SourceArn=RULE, aws__SourceAccount=ACCOUNT), **SEND
        ),
    ),
    Case(
        "… not for another source",
        DEPUTY,
        False,
        lambda: allowed(
            resource_policy=TO_QUEUE, given=context(aws__SourceArn=RULE + "2", aws__SourceAccount=ACCOUNT), **SEND
        ),
    ),
    Case(
        "… not for another account",
        DEPUTY,
        False,
        lambda: allowed(resource_policy=TO_QUEUE, given=context(aws__SourceArn=RULE, aws__SourceAccount=OTHER), **SEND),
    ),
    Case("… not without a source", DEPUTY, False, lambda: allowed(resource_policy=TO_QUEUE, **SEND)),
    Case(
        "… and not another service",
        PRINCIPAL + "#principal-services",
        False,
        lambda: allowed(
            resource_policy=TO_QUEUE,
            given=context(aws__SourceArn=RULE, aws__SourceAccount=ACCOUNT),
            **{**SEND, "caller": service("s3.amazonaws.com")},
        ),
    ),
    # Keys
    Case(
        "Without its key policy no one may use a key",
        KEY_POLICY,
        False,
        lambda: allowed(identity(allow("kms:Decrypt", KEY)), resource_policy=resource(), **DECRYPT),
    ),
    Case(
        "A key policy for the account lets IAM policies decide",
        KEY_POLICY,
        True,
        lambda: allowed(identity(allow("kms:Decrypt", KEY)), resource_policy=ROOT_KEY, **DECRYPT),
    ),
    Case(
        "… and gives no one anything by itself",
        KEY_POLICY,
        False,
        lambda: allowed(resource_policy=ROOT_KEY, **DECRYPT),
    ),
    Case(
        "A key policy that names the role needs no IAM policy",
        KEY_POLICY,
        True,
        lambda: allowed(resource_policy=resource(allow("kms:Decrypt", "*", **aws(ROLE))), **DECRYPT),
    ),
    Case(
        "A grant needs no other policy",
        GRANTS,
        True,
        lambda: allowed(resource_policy=resource(), grants=[Grant(ROLE, frozenset({"Decrypt"}))], **DECRYPT),
    ),
    Case(
        "A grant is for its operations only",
        GRANTS,
        False,
        lambda: allowed(resource_policy=resource(), grants=[Grant(ROLE, frozenset({"Encrypt"}))], **DECRYPT),
    ),
    Case(
        "… for its grantee only",
        GRANTS,
        False,
        lambda: allowed(resource_policy=resource(), grants=[Grant(USER.arn, frozenset({"Decrypt"}))], **DECRYPT),
    ),
    Case(
        "A subset constraint is met by a context that holds it and more",
        GRANTS + "#grant-constraints",
        True,
        lambda: allowed(
            resource_policy=resource(),
            grants=[Grant(ROLE, frozenset({"Decrypt"}), {"Department": "IT"})],
            given=context(kms__EncryptionContext__Department="IT", kms__EncryptionContext__Purpose="Test"),
            **DECRYPT,
        ),
    ),
    Case(
        "An equals constraint is not",
        GRANTS + "#grant-constraints",
        False,
        lambda: allowed(
            resource_policy=resource(),
            grants=[Grant(ROLE, frozenset({"Decrypt"}), equals={"Department": "IT"})],
            given=context(kms__EncryptionContext__Department="IT", kms__EncryptionContext__Purpose="Test"),
            **DECRYPT,
        ),
    ),
    Case(
        "A deny of the key policy overrides a grant",
        GRANTS,
        False,
        lambda: allowed(
            resource_policy=resource(deny("kms:Decrypt", "*", **to("*"))),
            grants=[Grant(ROLE, frozenset({"Decrypt"}))],
            **DECRYPT,
        ),
    ),
    # Roles
    Case(
        "A role is assumed by the service that its trust policy names",
        TRUST,
        True,
        lambda: allowed(
            caller=service("lambda.amazonaws.com"),
            action="sts:AssumeRole",
            on=ROLE,
            decides=True,
            resource_policy=trust(
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ),
        ),
    ),
    Case(
        "… and by no one whom it does not name, whatever else they may",
        TRUST,
        False,
        lambda: allowed(
            identity(allow("*")),
            caller=USER,
            action="sts:AssumeRole",
            on=ROLE,
            decides=True,
            resource_policy=trust(
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ),
        ),
    ),
    Case(
        "PassRole may be limited to one service",
        GUIDE + "id_roles_use_passrole.html",
        False,
        lambda: allowed(
            identity(
                allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})
            ),
            action="iam:PassRole",
            on=ROLE,
            given=context(iam__PassedToService="mediaconvert.amazonaws.com"),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_decides_as_documented(case: Case) -> None:
    assert case.page.startswith("https://docs.aws.amazon.com/")
    assert case.happens() is case.expected


def message(policies: Policies, action: str = "s3:GetObject", on: str = OBJECT) -> str:
    decision = decide(SESSION, Check(action, on), policies)
    assert isinstance(decision, Denied)
    return decision.message


def test_says_who_may_not_do_what_on_what_and_why() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    start = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/app/one is not authorized to perform: s3:GetObject on resource:"
    assert message(Policies(resource_account=ACCOUNT)) == (
        f"{start} {OBJECT} because no identity-based policy allows the s3:GetObject action"
    )
    assert message(Policies(identity=[identity(deny())])) == (
        f"{start} {OBJECT} with an explicit deny in an identity-based policy"
    )
    assert message(Policies(identity=[READ], boundary=NOTHING)) == (
        f"{start} {OBJECT} because no permissions boundary allows the s3:GetObject action"
    )
    assert message(Policies(identity=[READ], resource_account=OTHER)) == (
        f"{start} {OBJECT} because no resource-based policy allows the s3:GetObject action"
    )
