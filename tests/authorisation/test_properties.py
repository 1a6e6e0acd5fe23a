"""What must hold of every decision, whatever the policies say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from embedded.authorisation.principals import service
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
)

ACTIONS = ["s3:GetObject", "s3:Get*", "s3:*", "*", "s3:PutObject"]
RESOURCES = ["*", OBJECT, "arn:aws:s3:::films/*", "arn:aws:s3:::other/*", "arn:aws:s3:::films/${aws:username}/*"]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:username": "carlos"}},
    {"StringNotEquals": {"aws:username": "carlos"}},
    {"StringEqualsIfExists": {"aws:username": "carlos"}},
    {"Null": {"aws:username": "true"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}},
    {"Bool": {"aws:SecureTransport": "true"}},
]
PRINCIPALS = ["*", {"AWS": ACCOUNT}, {"AWS": ROLE}, {"AWS": SESSION.arn}, {"AWS": USER.arn}, {"AWS": OTHER}]


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    inverted = draw(st.tuples(st.booleans(), st.booleans()))
    made: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        "NotAction" if inverted[0] else "Action": draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2)),
        "NotResource" if inverted[1] else "Resource": draw(
            st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2)
        ),
    }
    condition = draw(st.sampled_from(CONDITIONS))
    return {**made, "Condition": condition} if condition else made


documents = st.lists(statements(), max_size=3)
with_principals = st.lists(
    st.builds(lambda statement, named: {**statement, "Principal": named}, statements(), st.sampled_from(PRINCIPALS)),
    max_size=3,
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.sampled_from([("carlos",), ("jane",)]),
        "aws:tagkeys": st.sampled_from([("a",), ("a", "b"), ()]),
        "aws:securetransport": st.sampled_from([("true",), ("false",)]),
    },
)
callers = st.sampled_from([SESSION, USER])
worlds = st.fixed_dictionaries(
    {
        "own": documents,
        "resource": with_principals,
        "boundary": st.none() | documents,
        "session": st.none() | documents,
        "caller": callers,
        "given": contexts,
        "owner": st.sampled_from([ACCOUNT, OTHER]),
        "decides": st.booleans(),
    }
)


def happens(world: dict[str, Any], **changed: Any) -> bool:
    now = {**world, **changed}
    return allowed(
        identity(*now["own"]),
        caller=now["caller"],
        owner=now["owner"],
        given=now["given"],
        decides=now["decides"],
        resource_policy=resource(*now["resource"]),
        boundary=None if now["boundary"] is None else identity(*now["boundary"]),
        session_policies=None if now["session"] is None else [identity(*now["session"])],
    )


@given(worlds, statements())
def test_one_more_deny_never_allows(world: dict[str, Any], added: dict[str, Any]) -> None:
    more = {**added, "Effect": "Deny"}
    before = happens(world)
    assert before or not happens(world, own=[*world["own"], more])
    assert before or not happens(world, resource=[*world["resource"], {**more, "Principal": "*"}])


@given(worlds, statements())
def test_one_more_allow_never_denies(world: dict[str, Any], added: dict[str, Any]) -> None:
    more = {**added, "Effect": "Allow"}
    before = happens(world)
    assert not before or happens(world, own=[*world["own"], more])
    assert not before or happens(world, resource=[*world["resource"], {**more, "Principal": "*"}])


@given(worlds)
def test_a_deny_of_everything_denies(world: dict[str, Any]) -> None:
    assert not happens(world, own=[*world["own"], deny("*")])
    assert not happens(world, resource=[*world["resource"], deny("*", Principal="*")])
    assert not happens(world, boundary=[*(world["boundary"] or []), deny("*")])
    assert not happens(world, session=[*(world["session"] or []), deny("*")])


@given(worlds)
def test_a_boundary_or_a_session_policy_never_allows(world: dict[str, Any]) -> None:
    assert happens(world, boundary=None) or not happens(world)
    assert happens(world, session=None) or not happens(world)


@given(worlds)
def test_without_an_allow_nothing_is_allowed(world: dict[str, Any]) -> None:
    def denials(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each for each in given if each["Effect"] == "Deny"]

    assert not happens(world, own=denials(world["own"]), resource=denials(world["resource"]))


@given(worlds)
def test_across_accounts_both_sides_must_allow(world: dict[str, Any]) -> None:
    assert not happens(world, owner=OTHER, own=[])
    assert not happens(world, owner=OTHER, resource=[])


@given(worlds, st.randoms())
def test_the_order_of_statements_means_nothing(world: dict[str, Any], random: Any) -> None:
    mixed = {name: random.sample(world[name], len(world[name])) for name in ("own", "resource")}
    assert happens(world) == happens(world, **mixed)


@given(statements(), contexts)
def test_a_condition_never_widens(statement: dict[str, Any], request_context: dict[str, tuple[str, ...]]) -> None:
    permitted = {**statement, "Effect": "Allow"}
    free = {name: value for name, value in permitted.items() if name != "Condition"}
    assert allowed(identity(free), given=request_context) or not allowed(identity(permitted), given=request_context)


@given(with_principals)
def test_identity_policies_mean_nothing_to_a_service(statements_of_resource: list[dict[str, Any]]) -> None:
    events = service("events.amazonaws.com")
    given_context = context(aws__SecureTransport="true")
    policy = resource(*statements_of_resource)
    with_own = allowed(identity(allow("*")), caller=events, resource_policy=policy, given=given_context)
    assert with_own == allowed(caller=events, resource_policy=policy, given=given_context)
