"""Roles and their policies."""

from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Request, Steps, kind, simple

_RENAME = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    arguments = request.arguments
    arguments.take_some("forceDetachPolicies")
    name, trust = arguments.take("name"), arguments.take("assumeRolePolicy")
    yield Call(operation="UpdateAssumeRolePolicy", params={"RoleName": name, "PolicyDocument": trust})
    given = arguments.take_some("description", "maxSessionDuration")
    yield Call(operation="UpdateRole", arguments=given, params={"RoleName": name})
    return Created(id=old.id, outputs={})


@kind(
    "aws:iam/role:Role",
    "iam",
    naming=Naming(longest=64),
    tags=True,
    identity=("path", "permissionsBoundary", "inlinePolicies", "managedPolicyArns"),
    update=_change,
)
def role(request: Request) -> Steps:
    """A role with its trust policy."""
    arguments = request.arguments
    arguments.take_some("forceDetachPolicies")
    name = request.goal.inputs["name"]
    inline: list[dict[str, Any]] = arguments.take("inlinePolicies", [])
    managed: list[str] = arguments.take("managedPolicyArns", [])
    response = yield Call(operation="CreateRole", arguments=arguments.take_rest(), rename=_RENAME)
    for policy in inline:
        rename = {"name": "PolicyName", "policy": "PolicyDocument"}
        yield Call(operation="PutRolePolicy", arguments=policy, rename=rename, params={"RoleName": name})
    for arn in managed:
        yield Call(operation="AttachRolePolicy", params={"RoleName": name, "PolicyArn": arn})
    made = response["Role"]
    outputs = {"arn": made["Arn"], "uniqueId": made["RoleId"], "createDate": str(made["CreateDate"])}
    return Created(id=name, outputs={"path": "/", "maxSessionDuration": 3600, **outputs, **_given(request)})


def _given(request: Request) -> dict[str, Any]:
    return {key: value for key, value in request.goal.inputs.items() if key in ("path", "maxSessionDuration")}


simple(
    "aws:iam/rolePolicy:RolePolicy",
    "iam",
    "PutRolePolicy",
    naming=Naming(longest=128),
    rename={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    id="{role}:{name}",
    put=True,
    identity=("role",),
    delete=("DeleteRolePolicy", {"RoleName": "{role}", "PolicyName": "{name}"}),
)

simple(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "iam",
    "AttachRolePolicy",
    rename={"role": "RoleName"},
    id="{role}-{policyArn}",
    delete=("DetachRolePolicy", {"RoleName": "{role}", "PolicyArn": "{policyArn}"}),
)
