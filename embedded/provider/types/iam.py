"""Roles and their policies."""

from collections.abc import Container, Mapping
from typing import Any, cast

from embedded.engine.model import Created
from embedded.provider.kinds import Call, Naming, Removal, Request, Steps, kind, simple, undo

_RENAME = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    arguments = request.arguments
    arguments.take_some("forceDetachPolicies")
    name, trust = arguments.take("name"), arguments.take("assumeRolePolicy")
    where = {"RoleName": name}
    yield Call(operation="UpdateAssumeRolePolicy", params={**where, "PolicyDocument": trust})
    given = arguments.take_some("description", "maxSessionDuration")
    yield Call(operation="UpdateRole", arguments=given, params=where)
    boundary = arguments.take("permissionsBoundary")
    if boundary:
        yield Call(operation="PutRolePermissionsBoundary", params={**where, "PermissionsBoundary": boundary})
    elif old.inputs.get("permissionsBoundary"):
        yield Call(operation="DeleteRolePermissionsBoundary", params=where)
    inline: dict[str, str] = {item["name"]: item["policy"] for item in arguments.take("inlinePolicies", [])}
    managed: list[str] = arguments.take("managedPolicyArns", [])
    for policy, document in inline.items():
        yield Call(operation="PutRolePolicy", params={**where, "PolicyName": policy, "PolicyDocument": document})
    for arn in managed:
        yield Call(operation="AttachRolePolicy", params={**where, "PolicyArn": arn})
    yield from _detach(old.inputs, name, kept={*inline, *managed})
    return Created(id=old.id, outputs={})


def _detach(inputs: Mapping[str, Any], name: str, *, kept: Container[str] = ()) -> Removal:
    """Take off the policies that the role's own arguments put on, but for those `kept` (names and ARNs)."""
    for policy in inputs.get("inlinePolicies", []):
        if policy["name"] not in kept:
            yield Call(operation="DeleteRolePolicy", params={"RoleName": name, "PolicyName": policy["name"]})
    for arn in inputs.get("managedPolicyArns", []):
        if arn not in kept:
            yield Call(operation="DetachRolePolicy", params={"RoleName": name, "PolicyArn": arn})


def _remove(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    where = {"RoleName": old.id}
    yield from _detach(old.inputs, old.id)
    if old.inputs.get("forceDetachPolicies"):
        attached = yield Call(operation="ListAttachedRolePolicies", params=where)
        for policy in attached["AttachedPolicies"]:
            yield Call(operation="DetachRolePolicy", params={**where, "PolicyArn": policy["PolicyArn"]})
        inline = yield Call(operation="ListRolePolicies", params=where)
        for policy in inline["PolicyNames"]:
            yield Call(operation="DeleteRolePolicy", params={**where, "PolicyName": policy})
    yield Call(operation="DeleteRole", params=where)


@kind(
    "aws:iam/role:Role",
    "iam",
    naming=Naming(longest=64),
    tags=True,
    identity=("path",),
    removable=("permissionsBoundary", "inlinePolicies", "managedPolicyArns", "forceDetachPolicies"),
    resets={"description": "", "maxSessionDuration": 3600},
    update=_change,
    delete=_remove,
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
    delete=undo("DeleteRolePolicy", RoleName="{role}", PolicyName="{name}"),
)

simple(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "iam",
    "AttachRolePolicy",
    rename={"role": "RoleName"},
    id="{role}-{policyArn}",
    identity=("*",),
    delete=undo("DetachRolePolicy", RoleName="{role}", PolicyArn="{policyArn}"),
)


def _rewrite(request: Request) -> Steps:
    """A managed policy holds five versions; the one that was in force is not kept."""
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    where = {"PolicyArn": old.id}
    versions = yield Call(operation="ListPolicyVersions", params=where)
    arguments = request.arguments.take_some("policy")
    rename = {"policy": "PolicyDocument"}
    yield Call(
        operation="CreatePolicyVersion", arguments=arguments, rename=rename, params={**where, "SetAsDefault": True}
    )
    for version in _listed(versions):
        yield Call(operation="DeletePolicyVersion", params={**where, "VersionId": version["VersionId"]})
    return Created(id=old.id, outputs={})


def _listed(versions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """None while nothing is called yet."""
    found = versions["Versions"]
    return cast("list[dict[str, Any]]", found) if isinstance(found, list) else []


def _drop(request: Request) -> Removal:
    old = request.old
    assert old is not None  # noqa: S101
    where = {"PolicyArn": old.id}
    versions = yield Call(operation="ListPolicyVersions", params=where)
    for version in _listed(versions):
        if not version["IsDefaultVersion"]:
            yield Call(operation="DeletePolicyVersion", params={**where, "VersionId": version["VersionId"]})
    yield Call(operation="DeletePolicy", params=where)


@kind(
    "aws:iam/policy:Policy",
    "iam",
    naming=Naming(longest=128),
    tags=True,
    identity=("path", "description"),
    update=_rewrite,
    delete=_drop,
)
def policy(request: Request) -> Steps:
    """A managed policy of the account's own."""
    rename = {"name": "PolicyName", "policy": "PolicyDocument"}
    response = yield Call(operation="CreatePolicy", arguments=request.arguments.take_rest(), rename=rename)
    made = response["Policy"]
    return Created(id=made["Arn"], outputs={"arn": made["Arn"], "policyId": made["PolicyId"], "path": made["Path"]})


def _trust(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101
    where = {"OpenIDConnectProviderArn": old.id}
    wanted: list[str] = request.arguments.take("clientIdLists", [])
    present: list[str] = old.inputs["clientIdLists"]
    for audience in wanted:
        if audience not in present:
            yield Call(operation="AddClientIDToOpenIDConnectProvider", params={**where, "ClientID": audience})
    for audience in present:
        if audience not in wanted:
            yield Call(operation="RemoveClientIDFromOpenIDConnectProvider", params={**where, "ClientID": audience})
    thumbprints = request.arguments.take("thumbprintLists")
    if thumbprints and thumbprints != old.inputs.get("thumbprintLists"):
        yield Call(operation="UpdateOpenIDConnectProviderThumbprint", params={**where, "ThumbprintList": thumbprints})
    return Created(id=old.id, outputs={})


@kind(
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "iam",
    tags=True,
    identity=("url",),
    update=_trust,
    removable=("thumbprintLists",),
    delete=undo("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn="{arn}"),
)
def oidc_provider(request: Request) -> Steps:
    """An issuer of tokens that roles may trust."""
    rename = {"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"}
    response = yield Call(
        operation="CreateOpenIDConnectProvider", arguments=request.arguments.take_rest(), rename=rename
    )
    arn = response["OpenIDConnectProviderArn"]
    return Created(id=arn, outputs={"arn": arn})
