"""What an auditor reads: what is in no row of the map, where there is an auditor, and what is AWS's own."""

import pytest

from embedded.authorisation.account import Account
from embedded.authorisation.calls import Call
from embedded.authorisation.enforcement import Enforcement
from embedded.authorisation.principals import Principal, session, user

_REGION, _ACCOUNT = "eu-west-1", "123456789012"
_CALL = Call("s3", "SelectObjectContent", {}, _REGION, _ACCOUNT)
_OPERATOR = user(f"arn:aws:iam::{_ACCOUNT}:user/operator")
_ROLE = session(f"arn:aws:iam::{_ACCOUNT}:role/reader", "session")


@pytest.mark.parametrize(
    ("audited", "caller", "goes_on"),
    [(False, _OPERATOR, False), (False, _ROLE, False), (True, _OPERATOR, True), (True, _ROLE, False)],
    ids=["operator", "role", "auditor", "role beside an auditor"],
)
def test_a_call_that_no_row_maps_is_for_an_auditor_only(audited: bool, caller: Principal, goes_on: bool) -> None:
    refusal = Enforcement(Account(_ACCOUNT, _REGION), audited=audited).call(caller, _CALL)
    assert (refusal is None) == goes_on
    if refusal:
        assert refusal.message.startswith("unmapped: s3:SelectObjectContent")


def test_a_managed_policy_of_aws_is_the_accounts_own() -> None:
    managed = "arn:aws:iam::aws:policy/SecurityAudit"
    policies = Account(_ACCOUNT, _REGION).policies(_OPERATOR, "iam:GetPolicy", managed)
    assert policies.resource_account == _ACCOUNT
