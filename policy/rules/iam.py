"""Roles and their policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"""

from collections.abc import Iterator

from policy.document import Statement, allowed
from policy.model import Resource, ResourceRule, Stack, StackRule, forbidden, unless

_ROLE = "iam/role:Role"
_INLINE = "iam/rolePolicy:RolePolicy"
_POLICIES = (_INLINE, "iam/policy:Policy")

_LOG_DELIVERY = "log delivery accepts no resource: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"
_XRAY = "X-Ray has no resource for it: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"
UNSCOPED = {
    "logs:CreateLogDelivery": _LOG_DELIVERY,
    "logs:GetLogDelivery": _LOG_DELIVERY,
    "logs:UpdateLogDelivery": _LOG_DELIVERY,
    "logs:DeleteLogDelivery": _LOG_DELIVERY,
    "logs:ListLogDeliveries": _LOG_DELIVERY,
    "logs:PutResourcePolicy": _LOG_DELIVERY,
    "logs:DescribeResourcePolicies": _LOG_DELIVERY,
    "logs:DescribeLogGroups": _LOG_DELIVERY,
    "xray:PutTraceSegments": _XRAY,
    "xray:PutTelemetryRecords": _XRAY,
    "xray:GetSamplingRules": _XRAY,
    "xray:GetSamplingTargets": _XRAY,
}
"""The only actions that a role may have on `*`, each with its reason. Not read from the program: whoever widens a role
has to say so twice."""

_SOURCELESS = frozenset(("lambda.amazonaws.com",))
"""Services that assume roles of their own account only, as iam:PassRole crosses no account, and document no source."""


def _grants(policy: Resource) -> Iterator[Statement]:
    return allowed(policy.get("policy"))


def _no_wildcard_actions(policy: Resource) -> Iterator[str]:
    for statement in _grants(policy):
        for action in statement.actions:
            yield from unless(not action.endswith("*"), f"{statement.sid} allows {action}")


def _named_resources(policy: Resource) -> Iterator[str]:
    for statement in _grants(policy):
        if "*" in statement.resources:
            for action in statement.actions:
                yield from unless(action in UNSCOPED, f"{statement.sid} allows {action} on every resource")


def _named_keys(policy: Resource) -> Iterator[str]:
    for statement in _grants(policy):
        if any(action.startswith("kms:") for action in statement.actions):
            for resource in statement.resources:
                yield from unless(not resource.endswith("*"), f"{statement.sid} uses {resource}: whichever key it is")


def _no_exclusions(policy: Resource) -> Iterator[str]:
    for statement in _grants(policy):
        yield from unless(not statement.negated, f"{statement.sid} allows by exclusion: {', '.join(statement.negated)}")


def _passes(policy: Resource) -> Iterator[str]:
    for statement in _grants(policy):
        if "iam:PassRole" in statement.actions:
            yield from unless(statement.condition("iam:PassedToService"), f"{statement.sid} passes a role to anyone")
            named = not any("*" in resource for resource in statement.resources)
            yield from unless(named, f"{statement.sid} passes roles that it does not name")


def _trusts(role: Resource) -> Iterator[str]:
    for statement in allowed(role.get("assumeRolePolicy")):
        yield from unless(not statement.anyone, "anyone may assume it")
        for kind, principal in statement.principals:
            if kind == "Service" and principal not in _SOURCELESS:
                named = {"aws:sourceaccount", "aws:sourcearn"} & statement.keys
                yield from unless(named, f"{principal} may assume it on behalf of another account")
            if kind == "Federated":
                named = [key for key in statement.keys if key.endswith(":sub")]
                subjects = [value for key in named for value in statement.condition(key)]
                yield from unless(
                    subjects and not any(subject.endswith("*") for subject in subjects),
                    f"{principal} may assume it for whatever subject",
                )
            if kind == "AWS":
                yield f"{principal} may assume it: roles here are for services"


def _no_managed(role: Resource) -> Iterator[str]:
    yield from unless(not role.each("managedPolicyArns"), "it has managed policies")


def _bounded(role: Resource, stack: Stack) -> Iterator[str]:
    yield from unless(
        len(stack.attached(role, _INLINE, "role")) == 1, "what it may do is not in exactly one inline policy"
    )


def _one_user(role: Resource, stack: Stack) -> Iterator[str]:
    users = [*stack.attached(role, "lambda/function:Function", "role")]
    users += stack.attached(role, "sfn/stateMachine:StateMachine", "roleArn")
    yield from unless(len(users) <= 1, f"shared by {', '.join(user.name for user in users)}")


RULES = (
    ResourceRule(
        name="iam-no-wildcard-actions",
        demands="Policies name their actions",
        types=_POLICIES,
        severity="high",
        check=_no_wildcard_actions,
    ),
    ResourceRule(
        name="iam-named-resources",
        demands="Policies name their resources; what knows none is on a list with its reason",
        types=_POLICIES,
        severity="high",
        check=_named_resources,
    ),
    ResourceRule(
        name="iam-named-keys",
        demands="Policies name the keys they use",
        types=_POLICIES,
        severity="high",
        check=_named_keys,
    ),
    ResourceRule(
        name="iam-no-exclusions",
        demands="Policies allow nothing by exclusion",
        types=_POLICIES,
        severity="high",
        check=_no_exclusions,
    ),
    ResourceRule(
        name="iam-pass-role",
        demands="A role is passed by name, to one service",
        types=_POLICIES,
        severity="critical",
        check=_passes,
    ),
    ResourceRule(
        name="iam-trust",
        demands="A role is assumed by a service on behalf of this account, and nobody else",
        types=(_ROLE,),
        severity="critical",
        check=_trusts,
    ),
    ResourceRule(
        name="iam-no-managed-policies",
        demands="Roles have no managed policies",
        types=(_ROLE,),
        severity="high",
        check=_no_managed,
    ),
    forbidden(
        name="iam-no-attachments",
        types=(
            "iam/rolePolicyAttachment:RolePolicyAttachment",
            "iam/policyAttachment:PolicyAttachment",
            "iam/userPolicyAttachment:UserPolicyAttachment",
            "iam/groupPolicyAttachment:GroupPolicyAttachment",
        ),
        severity="high",
        demands="No policies that others can change are attached",
        why="write the permissions into the role's inline policy",
    ),
    forbidden(
        name="iam-no-users",
        types=("iam/user:User", "iam/accessKey:AccessKey", "iam/userLoginProfile:UserLoginProfile", "iam/group:Group"),
        severity="critical",
        demands="No users and no long-lived credentials",
        why="people and pipelines assume roles",
    ),
    StackRule(
        name="iam-one-policy",
        demands="A role's permissions are in one place",
        types=(_ROLE,),
        severity="medium",
        check=_bounded,
    ),
    StackRule(
        name="iam-own-role",
        demands="A role is one function's or one state machine's",
        types=(_ROLE,),
        severity="medium",
        check=_one_user,
    ),
)
