"""Who may deploy: one GitHub environment per role, compared as a whole, and no way from there to other roles."""

import fnmatch
import json
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from bootstrap.permissions import SERVICES, Permissions
from infra.advice import SettingsError
from lint.cloudformation_types import TYPES as CLOUDFORMATION
from release import stacks
from release.preflight.finding import Target
from release.preflight.permissions import ACTIONS, context, resource
from tests.infra.policies import listed, statements
from tests.support.recorder import ROOT, STACKS, Recording, record_project, record_stack

_ISSUER = "token.actions.githubusercontent.com"
_INLINE_LIMIT, _MANAGED_LIMIT = 10_240, 6_144
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@pytest.fixture(scope="module")
def bootstrap() -> Recording:
    return record_project(ROOT / "bootstrap", "shared")


def test_the_account_has_one_provider_for_githubs_tokens(bootstrap: Recording) -> None:
    (provider,) = bootstrap.of("iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs["url"] == f"https://{_ISSUER}"
    assert provider.inputs["clientIdLists"] == ["sts.amazonaws.com"]


def test_without_a_repository_there_are_no_roles() -> None:
    recording = record_project(ROOT / "bootstrap", "shared", repository="")
    assert not recording.of("iam/role:Role", "iam/openIdConnectProvider:OpenIdConnectProvider")


@pytest.mark.parametrize("setting", ["stateBucket", "secretsKeyArn"])
def test_a_repository_without_state_or_key_is_an_error(setting: str) -> None:
    with pytest.raises(SettingsError, match="deploy roles also need stateBucket and secretsKeyArn"):
        record_project(ROOT / "bootstrap", "shared", **{setting: ""})


@pytest.mark.parametrize("environment", STACKS)
@pytest.mark.parametrize("kind", ["deploy", "preview"])
def test_a_role_is_for_jobs_of_its_environment_and_no_pattern(
    bootstrap: Recording, environment: str, kind: str
) -> None:
    role = bootstrap.one("iam/role:Role", f"{environment}-{kind}")
    (statement,) = statements(role, "assumeRolePolicy")
    subject = environment if kind == "deploy" else f"{environment}-preview"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{_ISSUER}:aud": "sts.amazonaws.com",
            f"{_ISSUER}:sub": f"repo:example/shoppable-video:environment:{subject}",
        }
    }
    assert role.inputs["permissionsBoundary"] == bootstrap.one("iam/policy:Policy", "deployers").arn
    assert bootstrap.outputs[f"{kind}_role_{environment}"] == role.arn


def test_a_preview_writes_nothing_but_its_lock(bootstrap: Recording) -> None:
    writing = [
        (action, listed(statement["Resource"]))
        for statement in statements(bootstrap.one("iam/rolePolicy:RolePolicy", "prod-preview"))
        for action in listed(statement["Action"])
        if action not in {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    ]
    assert writing == [
        ("s3:PutObject", ["arn:aws:s3:::example-pulumi-state/.pulumi/locks/*"]),
        ("s3:DeleteObject", ["arn:aws:s3:::example-pulumi-state/.pulumi/locks/*"]),
    ]


def _matches(patterns: list[str], value: str) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def _holds(condition: dict[str, dict[str, Any]], facts: dict[str, str]) -> bool:
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            met = _matches(listed(wanted), facts.get(key, ""))
            if met is operator.startswith("StringNot"):
                return False
    return True


def _decides(document: list[dict[str, Any]], effect: str, action: str, arn: str, facts: dict[str, str]) -> bool:
    return any(
        statement["Effect"] == effect
        and _matches(listed(statement["Action"]), action)
        and _matches(listed(statement["Resource"]), arn)
        and _holds(statement.get("Condition", {}), facts)
        for statement in document
    )


def _may(bootstrap: Recording, role: str, action: str, arn: str, facts: dict[str, str]) -> bool:
    documents = [
        statements(bootstrap.one("iam/rolePolicy:RolePolicy", role)),
        statements(bootstrap.one("iam/policy:Policy", "deployers")),
    ]
    return all(_decides(one, "Allow", action, arn, facts) for one in documents) and not any(
        _decides(one, "Deny", action, arn, facts) for one in documents
    )


def _target(stack: str) -> Target:
    return Target(
        root=ROOT,
        stack=stack,
        settings=stacks.settings(ROOT, stack),
        promotion=None,
        client=lambda _service, _region: None,
    )


@pytest.mark.parametrize("environment", STACKS)
def test_a_deploy_role_may_what_preflight_asks_for_in_its_own_environment_only(
    bootstrap: Recording, environment: str
) -> None:
    own, other = _target(environment), _target("staging" if environment != "staging" else "prod")
    for template, actions in ACTIONS.items():
        for action in actions:
            arn, facts = resource(template, own), context(own)
            assert _may(bootstrap, f"{environment}-deploy", action, arn, facts), f"{action} on {arn}"
            foreign = resource(template, other)
            if "{name}" in template or action.startswith("kms:"):
                assert not _may(bootstrap, f"{environment}-deploy", action, foreign, context(other)), foreign


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/shoppable-video-prod-x"),
        ("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/shoppable-video-prod-x"),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/shoppable-video-ci-prod-deploy"),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/shoppable-video-ci-prod-preview"),
        ("iam:DeleteOpenIDConnectProvider", f"arn:aws:iam::123456789012:oidc-provider/{_ISSUER}"),
        ("ecr:BatchDeleteImage", "arn:aws:ecr:eu-central-1:123456789012:repository/shoppable-video/api"),
        ("s3:DeleteBucket", "arn:aws:s3:::example-pulumi-state"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"),
    ],
)
def test_a_deploy_role_may_not(bootstrap: Recording, action: str, arn: str) -> None:
    assert not _may(bootstrap, "prod-deploy", action, arn, context(_target("prod")))


def test_a_deploy_role_passes_roles_to_the_services_that_use_them_only(bootstrap: Recording) -> None:
    arn = "arn:aws:iam::123456789012:role/shoppable-video-prod-x"
    assert _may(bootstrap, "prod-deploy", "iam:PassRole", arn, {"iam:PassedToService": "states.amazonaws.com"})
    assert not _may(bootstrap, "prod-deploy", "iam:PassRole", arn, {"iam:PassedToService": "ec2.amazonaws.com"})


def test_only_dev_pushes_images(bootstrap: Recording) -> None:
    arn = "arn:aws:ecr:eu-central-1:123456789012:repository/shoppable-video/api"
    may = {environment: _may(bootstrap, f"{environment}-deploy", "ecr:PutImage", arn, {}) for environment in STACKS}
    assert may == {"dev": True, "staging": False, "prod": False}


def test_policies_fit(bootstrap: Recording) -> None:
    for policy in bootstrap.of("iam/rolePolicy:RolePolicy"):
        assert len(policy.inputs["policy"]) < _INLINE_LIMIT, policy.name
    assert len(json.dumps(bootstrap.one("iam/policy:Policy", "deployers").document("policy"))) < _MANAGED_LIMIT


_NOT_NEEDED = {
    "autoloop:*": "delivers logs of another service",
    "codewhisperer:*": "delivers logs of another service",
    "workmail:*": "delivers logs of another service",
    "codedeploy:*": "aliases are moved at once, not by CodeDeploy",
    "ec2:*": "no function is in a VPC",
    "elasticfilesystem:*": "no function mounts a file system",
    "s3files:*": "no function mounts a file system",
    "firehose:*": "no log goes to Firehose",
    "kinesis:*": "no table streams to Kinesis",
    "s3tables:*": "no bucket writes metadata tables",
    "payments:*": "no rule group is bought",
    "iam:DescribeOrganization": "there is no such action",
    "iam:AttachRolePolicy": "roles have inline policies only; the boundary denies it",
    "iam:*RolePermissionsBoundary": "roles of environments have none",
    "iam:UpdateRoleDescription": "UpdateRole does it",
}


def _schemas() -> dict[str, dict[str, Any]]:
    found = [
        json.loads(file.read_text()) for file in (Path(cfnlint.__file__).parent / "data/schemas/resources").iterdir()
    ]
    return {one["typeName"]: one for one in found}


def test_a_deploy_role_may_whatever_cloudformation_calls_for_the_same_resources() -> None:
    """CloudFormation's schemas list what making, reading, changing and deleting a resource takes."""
    role = Permissions(
        project="shoppable-video",
        account="123456789012",
        regions=("eu-central-1",),
        state_bucket="state",
        secrets_key_arn="arn:aws:kms:eu-central-1:123456789012:key/0",
    )
    allowed = [action for one in role.deploy("prod") if one["Effect"] == "Allow" for action in one["Action"]]
    never = [
        action
        for one in role.boundary()
        if one["Effect"] == "Deny" and one["Resource"] == ["*"]
        for action in one["Action"]
    ]
    schemas, looked_at = _schemas(), 0
    missing: dict[str, str] = {}
    for kind in sorted({one.type.removeprefix("aws:") for stack in STACKS for one in record_stack(stack).resources}):
        schema = schemas.get(CLOUDFORMATION[kind].type if kind in CLOUDFORMATION else "")
        for handler, needs in (schema or {}).get("handlers", {}).items():
            looked_at += 1
            for action in needs["permissions"] if handler != "list" else ():
                service = action.partition(":")[0]
                may = service in SERVICES and _matches(allowed, action) and not _matches(never, action)
                if not may and not _matches(list(_NOT_NEEDED), action):
                    missing[action] = f"{kind} {handler}"
    assert looked_at > 80
    assert missing == {}
