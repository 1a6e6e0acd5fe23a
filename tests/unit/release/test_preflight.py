"""Preflight: an account in which all is well has no finding, and each thing that is wrong has one with its fix."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.promotion import Promotion, read
from infra.settings import Settings
from release import stacks
from release.preflight import __main__ as preflight
from release.preflight import inventory
from release.preflight import permissions as permissions_module
from release.preflight.account import SERVICES
from release.preflight.finding import Finding, Target
from release.preflight.names import covers
from tests.support.recorder import ROOT, record_stack
from tests.unit.release.builders import any_account

REGION = "eu-central-1"


class _Answers:
    """A service whose operations answer what a test says."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        answer = self._answers[name]
        return answer if callable(answer) else lambda **_: answer


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def _raises(code: str) -> Any:
    def operation(**_: Any) -> Any:
        raise _error(code)

    return operation


class _Iam:
    """Simulates that everything is allowed but what a test denies; the rest is moto's."""

    def __init__(self) -> None:
        self._real: Any = boto3.client("iam")
        self.denied: set[str] = set()
        self.room = 1000
        self.calls: list[dict[str, Any]] = []

    def get_account_summary(self) -> dict[str, Any]:
        return {"SummaryMap": {"Roles": 1000 - self.room, "RolesQuota": 1000}}

    def simulate_principal_policy(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        decide = {True: "implicitDeny", False: "allowed"}
        return {
            "EvaluationResults": [
                {"EvalActionName": action, "EvalDecision": decide[action in self.denied]}
                for action in arguments["ActionNames"]
            ]
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _CloudFront:
    """moto's, which has no cache policies."""

    def __init__(self) -> None:
        self._real: Any = boto3.client("cloudfront", region_name=REGION)
        self.policies: list[str] = []

    def list_cache_policies(self, **_: str) -> dict[str, Any]:
        items = [{"CachePolicy": {"CachePolicyConfig": {"Name": name}}} for name in self.policies]
        return {"CachePolicyList": {"Quantity": len(items), **({"Items": items} if items else {})}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Account:
    """moto's account, with the parts that moto has not."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Any] = {}
        self.iam = _Iam()
        self.cloudfront: Any = _CloudFront()
        self.concurrency = 1000
        self.reserved: dict[str, int] = {}
        self.quotas: dict[str, float] = {"L-DC2B2D3D": 10_000.0, "L-24B04930": 200.0}
        self.services: dict[str, Any] = {
            "iam": self.iam,
            "cloudfront": self.cloudfront,
            "lambda": _Answers(
                get_account_settings=self._limits,
                get_paginator=self._functions,
                get_function_concurrency=self._reservation,
            ),
            "service-quotas": _Answers(get_service_quota=self._quota),
            "mediaconvert": _Answers(get_paginator=lambda _: _Answers(paginate=[{"Queues": []}])),
            "sts": _Answers(
                get_caller_identity={"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}
            ),
        }

    def client(self, service: str, region: str | None) -> Any:
        if service in self.services:
            return self.services[service]
        where = (service, region or REGION)
        if where not in self._made:
            make: Any = boto3.client
            self._made[where] = make(service, region_name=where[1])
        return self._made[where]

    def _limits(self) -> dict[str, Any]:
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.concurrency,
                "UnreservedConcurrentExecutions": self.concurrency,
            }
        }

    def _functions(self, _operation: str) -> Any:
        return _Answers(paginate=[{"Functions": [{"FunctionName": name} for name in self.reserved]}])

    def _reservation(self, **arguments: str) -> dict[str, int]:
        reserved = self.reserved[arguments["FunctionName"]]
        return {"ReservedConcurrentExecutions": reserved} if reserved else {}

    def _quota(self, **arguments: str) -> dict[str, Any]:
        if arguments["QuotaCode"] not in self.quotas:
            raise _error("NoSuchResourceException")
        return {"Quota": {"Value": self.quotas[arguments["QuotaCode"]]}}


def _settings(**changes: Any) -> Settings:
    return stacks.settings(ROOT, "prod").model_copy(update=changes)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account()


@pytest.fixture
def target(account: Account) -> Target:
    """Everything that prod needs is there."""
    ecr = any_account()
    digests = {name: {"arm64": ecr.push(name, "release-1")} for name in ("api", "vision")}
    acm: Any = boto3.client("acm", region_name="us-east-1")
    arn = acm.request_certificate(DomainName="*.example.com")["CertificateArn"]
    account.services["acm"] = _Answers(
        describe_certificate={"Certificate": {"Status": "ISSUED", "DomainName": "*.example.com"}}
    )
    promotion = read(ROOT / "promotions", "prod").model_copy(update={"images": digests})
    return Target(
        root=ROOT,
        stack="prod",
        settings=_settings(certificate_arn=arn),
        promotion=promotion,
        client=account.client,
    )


def _found(target: Target) -> dict[str, Finding]:
    return {finding.what: finding for finding in preflight.findings(target)}


def test_an_account_that_is_ready_has_no_finding(target: Target) -> None:
    assert _found(target) == {}


def test_another_account_is_the_only_finding(target: Target, account: Account) -> None:
    account.services["sts"] = _Answers(
        get_caller_identity={"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/ada"}
    )
    account.iam.denied.add("s3:CreateBucket")
    found = _found(target)
    assert set(found) == {"account"}
    assert "credentials are of 999999999999" in found["account"].problem


def test_credentials_that_the_region_refuses_are_told_to_log_in(target: Target, account: Account) -> None:
    account.services["sts"] = _Answers(get_caller_identity=_raises("InvalidClientTokenId"))
    assert "check that the region is enabled" in _found(target)[f"credentials in {REGION}"].fix


def test_a_region_without_a_service_is_named(target: Target, account: Account) -> None:
    path = f"/aws/service/global-infrastructure/regions/{REGION}/services"
    there = [{"Name": f"{path}/{name}"} for name in SERVICES if name != "mediaconvert"]
    pages = _Answers(paginate=lambda **asked: [{"Parameters": there if asked["Path"] == path else []}])
    account.services["ssm"] = _Answers(get_paginator=lambda _operation: pages)
    found = _found(target)
    assert set(found) == {"service mediaconvert"}
    assert "choose another aws:region" in found["service mediaconvert"].fix


def test_media_convert_that_does_not_answer_is_told(target: Target, account: Account) -> None:
    account.services["mediaconvert"] = _Answers(
        get_paginator=lambda _: _Answers(paginate=_raises("AccessDeniedException"))
    )
    assert "mediaconvert:ListQueues" in _found(target)["MediaConvert"].fix


def test_concurrency_below_what_the_settings_ask_for_is_told_with_the_quotas_code(
    target: Target, account: Account
) -> None:
    account.concurrency = 10
    found = _found(target)
    needed = 2 * target.settings.intake_concurrency + 2 * 20
    assert found["Lambda concurrency"].problem == f"10 of 10 are free, a busy stack uses {needed}"
    assert "L-B99A9384" in found["Lambda concurrency"].fix
    assert "10,240 MB" in found["Lambda memory"].problem


def test_concurrency_that_suffices_in_an_account_that_is_not_new_is_no_finding(
    target: Target, account: Account
) -> None:
    account.concurrency = 1000
    assert not {"Lambda concurrency", "Lambda memory"} & set(_found(target))


@pytest.mark.parametrize(("ours", "told"), [(0, True), (60, False)])
def test_reservations_that_leave_no_hundred_for_everyone_are_told_but_not_what_the_stack_itself_has_reserved(
    target: Target, account: Account, ours: int, told: bool
) -> None:
    account.concurrency = 150
    account.reserved = {"shoppable-video-prod-match-frames-0abc123": ours, "someone-elses": 500}
    wanting = replace(target, settings=_settings(reserved_concurrency=("match-frames=60", "video-start=20")))
    found = _found(wanting)
    assert ("Lambda reserved concurrency" in found) is told
    if told:
        problem = "80 are to be reserved, 150 of 150 are free, and 100 must stay so"
        assert found["Lambda reserved concurrency"].problem == problem


def test_an_account_without_room_for_the_roles_is_told(target: Target, account: Account) -> None:
    roles = len(record_stack("prod").of("iam/role:Role"))
    account.iam.room = roles - 1
    problem = f"{1000 - roles + 1} of 1000 are used, a stack makes {roles} more"
    assert problem in _found(target)["IAM roles"].problem
    account.iam.room = roles
    assert "IAM roles" not in _found(target)


@pytest.mark.parametrize(("code", "what"), [("L-DC2B2D3D", "S3 buckets"), ("L-24B04930", "CloudFront distributions")])
def test_an_account_without_room_is_told_and_an_unknown_quota_is_not_invented(
    target: Target, account: Account, code: str, what: str
) -> None:
    account.quotas[code] = 0.0
    assert code in _found(target)[what].fix
    del account.quotas[code]
    assert what not in _found(target)


def test_cache_policies_of_others_that_leave_no_room_are_told_but_not_this_stacks_own(
    target: Target, account: Account
) -> None:
    others = 20 - len(record_stack("prod").of("cloudfront/cachePolicy:CachePolicy"))
    account.cloudfront.policies = [f"other-{number}" for number in range(others)]
    account.cloudfront.policies.append("shoppable-video-prod-assets-0abc123")
    assert "CloudFront cache policies" not in _found(target)
    account.cloudfront.policies.append("one-more")
    assert f"{others + 1} of 20 are used" in _found(target)["CloudFront cache policies"].problem


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_is_planned_is_what_the_program_makes(target: Target, stack: str) -> None:
    recording = record_stack(stack)
    kinds = ("iam/role:Role", "s3/bucket:Bucket", "kms/alias:Alias", "sfn/stateMachine:StateMachine")
    for kind in kinds:
        wanted = {(one.name, one.inputs.get("name")) for one in recording.of(kind)}
        found = inventory.planned(replace(target, stack=stack), kind)
        assert {(one.logical, one.name) for one in found} == wanted
    largest = max(one.memory_mb for one in inventory.planned(target, "lambda/function:Function"))
    assert largest == max(one.inputs["memorySize"] for one in recording.of("lambda/function:Function"))


def test_what_is_made_at_the_edge_is_planned_there(target: Target) -> None:
    where = dict(inventory.regions(target, "kms/alias:Alias"))
    assert where.keys() == {REGION, "us-east-1"}
    assert any("-edge-" in name for name in where["us-east-1"])


def test_every_denied_action_is_a_finding(target: Target, account: Account) -> None:
    account.iam.denied |= {"iam:PassRole", "kms:CreateKey"}
    assert {what for what in _found(target) if what.startswith("permission")} == {
        "permission iam:PassRole",
        "permission kms:CreateKey",
    }


def test_permissions_are_asked_for_names_that_the_stack_would_have(target: Target, account: Account) -> None:
    _found(target)
    asked = {arn for call in account.iam.calls for arn in call["ResourceArns"]}
    assert f"arn:aws:lambda:{REGION}:123456789012:function:shoppable-video-prod-preflight" in asked
    assert len(account.iam.calls) == len(permissions_module.ACTIONS)


def test_a_session_is_simulated_as_its_role_with_its_path(target: Target, account: Account) -> None:
    account.iam.create_role(RoleName="deploy", Path="/ci/", AssumeRolePolicyDocument="{}")
    arn = "arn:aws:sts::123456789012:assumed-role/deploy/session"
    account.services["sts"] = _Answers(get_caller_identity={"Account": "123456789012", "Arn": arn})
    assert _found(target) == {}
    assert {call["PolicySourceArn"] for call in account.iam.calls} == {"arn:aws:iam::123456789012:role/ci/deploy"}


def test_the_root_user_is_sent_away(target: Target, account: Account) -> None:
    arn = "arn:aws:iam::123456789012:root"
    account.services["sts"] = _Answers(get_caller_identity={"Account": "123456789012", "Arn": arn})
    assert _found(target)["caller"].fix == "use a role"


def test_an_image_that_was_promoted_and_is_gone_is_named_by_digest(target: Target) -> None:
    assert target.promotion is not None
    gone: Mapping[str, Any] = {**target.promotion.images, "vision": {"arm64": f"sha256:{'d' * 64}"}}
    promotion = Promotion.model_validate(target.promotion.model_dump() | {"images": gone})
    found = _found(replace(target, promotion=promotion))
    assert set(found) == {"image vision"}
    assert f"sha256:{'d' * 64}" in found["image vision"].problem


def test_dev_needs_its_repositories_only(target: Target) -> None:
    dev = replace(target, stack="dev", settings=stacks.settings(ROOT, "dev"), promotion=None)
    assert _found(dev) == {}
    boto3.client("ecr", region_name=REGION).delete_repository(repositoryName="shoppable-video/api", force=True)
    assert _found(dev)["repository api"].fix.startswith("run `pulumi up` in bootstrap/")


def _alias(stack: str) -> str:
    (data,) = [one for one in record_stack(stack).of("kms/alias:Alias") if one.name == "data"]
    return data.inputs["name"]


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ([], True),
        ([{"TagKey": "project", "TagValue": "another"}, {"TagKey": "environment", "TagValue": "prod"}], True),
        ([{"TagKey": "project", "TagValue": "shoppable-video"}, {"TagKey": "environment", "TagValue": "prod"}], False),
    ],
)
def test_an_alias_is_taken_unless_it_is_this_stacks_own(
    target: Target, tags: list[dict[str, str]], taken: bool
) -> None:
    kms: Any = boto3.client("kms", region_name=REGION)
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=_alias("prod"), TargetKeyId=key)
    assert (f"key alias {_alias('prod')}" in _found(target)) is taken


def test_a_state_machine_of_the_same_name_is_taken(target: Target) -> None:
    (machine,) = [
        one for one in record_stack("prod").of("sfn/stateMachine:StateMachine") if one.name == "video-analysis"
    ]
    boto3.client("stepfunctions", region_name=REGION).create_state_machine(
        name=machine.inputs["name"],
        definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/other",
    )
    assert f"state machine {machine.inputs['name']}" in _found(target)


_OWN = {"project": "shoppable-video", "environment": "prod"}


@pytest.mark.parametrize(("tags", "taken"), [({}, True), ({**_OWN, "project": "another"}, True), (_OWN, False)])
def test_an_alarm_that_is_called_as_the_stacks_are_is_taken_unless_it_is_its_own(
    target: Target, tags: dict[str, str], taken: bool
) -> None:
    cloudwatch: Any = boto3.client("cloudwatch", region_name=REGION)
    cloudwatch.put_metric_alarm(
        AlarmName="shoppable-video-prod-errors-0abc123",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    assert ("alarm shoppable-video-prod-errors-0abc123" in _found(target)) is taken


def test_a_log_delivery_of_the_same_name_is_taken(target: Target) -> None:
    (source,) = record_stack("prod").of("cloudwatch/logDeliverySource:LogDeliverySource")
    account: Any = boto3.client("logs", region_name="us-east-1")
    account.put_delivery_source(
        name=source.inputs["name"],
        resourceArn="arn:aws:cloudfront::123456789012:distribution/E19DL18TOXN9JU",
        logType="ACCESS_LOGS",
    )
    assert f"log delivery {source.inputs['name']}" in _found(target)


def test_a_dashboard_is_taken_unless_the_stack_is_deployed(target: Target) -> None:
    (dashboard,) = record_stack("prod").of("cloudwatch/dashboard:Dashboard")
    name = dashboard.inputs["dashboardName"]
    boto3.client("cloudwatch", region_name=REGION).put_dashboard(DashboardName=name, DashboardBody="{}")
    assert f"dashboard {name}" in _found(target)
    kms: Any = boto3.client("kms", region_name=REGION)
    tags = [{"TagKey": key, "TagValue": value} for key, value in _OWN.items()]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=_alias("prod"), TargetKeyId=key)
    assert f"dashboard {name}" not in _found(target)


@pytest.mark.parametrize(("status", "told"), [("PAUSED", True), ("ACTIVE", False)])
def test_a_paused_queue_for_films_is_told(target: Target, account: Account, status: str, told: bool) -> None:
    pages = [{"Queues": [{"Name": "Default", "Status": status}]}]
    account.services["mediaconvert"] = _Answers(get_paginator=lambda _: _Answers(paginate=pages))
    assert ("MediaConvert queue" in _found(target)) is told


def test_a_domain_that_another_distribution_answers_for_is_told(target: Target, account: Account) -> None:
    page = {
        "DistributionList": {
            "Quantity": 1,
            "Items": [{"Id": "E1", "ARN": "arn:1", "Aliases": {"Items": [target.settings.domain]}}],
        }
    }
    pages = _Answers(paginate=lambda **_: [page])
    account.services["cloudfront"] = _Answers(
        get_paginator=lambda _operation: pages,
        list_tags_for_resource={"Tags": {"Items": []}},
        list_cache_policies={"CachePolicyList": {"Quantity": 0}},
    )
    assert _found(target)[f"domain {target.settings.domain}"].problem == "distribution E1 answers for it"


def test_a_certificate_in_the_stacks_own_region_is_told(target: Target) -> None:
    arn = f"arn:aws:acm:{REGION}:123456789012:certificate/1"
    here = replace(target, settings=target.settings.model_copy(update={"certificate_arn": arn}))
    assert f"it is in {REGION}" in _found(here)["certificate"].problem


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        ({"Status": "PENDING_VALIDATION", "DomainName": "*.example.com"}, "its status is PENDING_VALIDATION"),
        ({"Status": "EXPIRED", "DomainName": "*.example.com"}, "its status is EXPIRED"),
        ({"Status": "ISSUED", "DomainName": "example.com"}, "it covers example.com, not videos.example.com"),
    ],
)
def test_a_certificate_that_cloudfront_would_refuse_is_told(
    target: Target, account: Account, described: dict[str, str], problem: str
) -> None:
    account.services["acm"] = _Answers(describe_certificate={"Certificate": described})
    assert _found(target)["certificate"].problem == problem


def test_a_certificate_that_does_not_exist_is_told(target: Target, account: Account) -> None:
    account.services["acm"] = _Answers(describe_certificate=_raises("ResourceNotFoundException"))
    assert "does not exist" in _found(target)["certificate"].problem


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("videos.example.com", "videos.example.com", True),
        ("*.example.com", "videos.example.com", True),
        ("*.Example.com", "videos.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.videos.example.com", False),
        ("example.com", "videos.example.com", False),
    ],
)
def test_a_wildcard_covers_one_label(name: str, host: str, covered: bool) -> None:
    assert covers(name, host) is covered


def test_what_may_not_be_looked_at_is_a_finding_and_the_rest_is_still_checked(target: Target, account: Account) -> None:
    account.services["lambda"] = _Answers(get_account_settings=_raises("AccessDeniedException"))
    account.iam.denied.add("sns:CreateTopic")
    found = _found(target)
    assert "could not be looked at" in found["concurrency"].problem
    assert "permission sns:CreateTopic" in found


def test_the_command_prints_a_table_and_fails(
    target: Target, account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.iam.denied.add("iam:CreateRole")
    monkeypatch.setattr(preflight.aws, "client", account.client)
    monkeypatch.setenv("COLUMNS", "200")
    assert preflight.main(["prod"]) == 1
    told = capsys.readouterr().out
    assert "permission iam:CreateRole" in told
    assert "image vision" in told


def test_the_command_tells_a_wrong_stack_without_a_stack_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight.main(["production"]) == 2
    assert "no Pulumi.production.yaml" in capsys.readouterr().err
