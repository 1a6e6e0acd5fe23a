"""HTTP APIs and web ACLs in the embedded AWS: made by the project's own components, changed, and removed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from embedded.engine import DeploymentFailed, Event, Snapshot, destroy, run
from embedded.provider import AwsProvider
from tests.support.cloud import REGION, RunningCloud, unique
from tests.support.programs import write_program

_HEAD = """
import pulumi
import pulumi_aws as aws
from pydantic import BaseModel
from infra.components.firewall import Firewall, FirewallArgs
from infra.components.function import Function, FunctionArgs
from infra.components.http_api import HttpApi, HttpApiArgs, Jwt, Route
from infra.components.image import Image, ImageArgs
from infra.components.key import Key, KeyArgs, logs_service
from infra.naming import Scope

class Nothing(BaseModel):
    pass

def scope(region):
    return Scope(project=pulumi.get_project(), environment=pulumi.get_stack(), region=region,
        account_id=pulumi.Output.from_input("123456789012"), partition=pulumi.Output.from_input("aws"))
"""

_API = """
here = scope("eu-west-1")
key = Key("logs", KeyArgs(scope=here, description="logs", services=(logs_service(here),), protect=False))
image = Image("api", ImageArgs(repository="r/api", target="api", source="sha256:" + "0" * 64))
function = Function("status", FunctionArgs(scope=here, description="d", image=image, command="a.b.handler",
    memory_mb=256, timeout_seconds=10, environment=Nothing, values={}, common_values={}, logs_key=key,
    log_retention_days=7))
api = HttpApi("operator", HttpApiArgs(scope=here, description="For operators",
    routes=(Route(key="GET /videos/{video_id}", function=function),
            Route(key="GET /health", function=function, open_because="says nothing but that it lives")),
    callers=CALLERS, allowed_origins=("https://desk.example.com",), requests_per_second=RATE, burst=10,
    logs_key=key, log_retention_days=7))
pulumi.export("url", api.url)
pulumi.export("id", api.id)
"""

_FIREWALL = """
edge = pulumi.ResourceOptions(providers=[aws.Provider("edge", region="us-east-1")])
there = scope("us-east-1")
key = Key("logs", KeyArgs(scope=there, description="logs", services=(logs_service(there),), protect=False), edge)
firewall = Firewall("site", FirewallArgs(
    scope=there, logs_key=key, log_retention_days=7, requests_per_window=LIMIT), edge)
pulumi.export("arn", firewall.arn)
"""


@dataclass
class Stack:
    """One program in the embedded AWS; what happened in the last deployment are texts like `update stage`."""

    cloud: RunningCloud
    directory: Path
    project: str
    state: Snapshot = field(default_factory=Snapshot)
    happened: list[str] = field(default_factory=list)

    def up(self, source: str, **values: str) -> dict[str, Any]:
        text = "".join(f"{name} = {value}\n" for name, value in values.items())
        write_program(self.directory, _HEAD + text + source, project={"name": self.project})
        self.happened = []
        done = run(self.directory, "dev", preview=False, provider=self.provider, state=self.state, on_event=self._saw)
        self.state = done.snapshot
        return done.outputs

    def down(self) -> None:
        done = destroy(
            self.state, provider=self.provider, region=REGION, on_event=self._saw, on_step=lambda _step: None
        )
        assert done.refused == {}

    @property
    def provider(self) -> AwsProvider:
        facts = self.cloud.facts
        return AwsProvider(
            root=self.directory,
            endpoint_url=self.cloud.url,
            access_key_id=facts["access_key_id"],
            secret_access_key=facts["secret_access_key"],
        )

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.url,
            region_name=region,
            aws_access_key_id=self.cloud.facts["access_key_id"],
            aws_secret_access_key=self.cloud.facts["secret_access_key"],
        )

    def _saw(self, event: Event) -> None:
        if event.kind in ("create", "update", "replace", "delete"):
            self.happened.append(f"{event.kind} {event.urn.split('::')[2].rpartition(':')[2]}")


@pytest.fixture
def stack(cloud: RunningCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return Stack(cloud, tmp_path, unique("edge"))


def test_an_api_is_deployed_twice_changed_and_removed(stack: Stack) -> None:
    outputs = stack.up(_API, CALLERS="'iam'", RATE="5")
    api = stack.client("apigatewayv2")
    made = api.get_api(ApiId=outputs["id"])
    assert made["ProtocolType"] == "HTTP"
    assert made["CorsConfiguration"]["AllowOrigins"] == ["https://desk.example.com"]
    assert outputs["url"].endswith(".amazonaws.com/") or "/$default" in outputs["url"]
    (integration,) = api.get_integrations(ApiId=outputs["id"])["Items"]
    assert integration["PayloadFormatVersion"] == "2.0"
    assert ":live/invocations" in integration["IntegrationUri"]
    routes = {one["RouteKey"]: one for one in api.get_routes(ApiId=outputs["id"])["Items"]}
    assert routes["GET /videos/{video_id}"]["AuthorizationType"] == "AWS_IAM"
    assert routes["GET /health"]["AuthorizationType"] == "NONE"
    assert {one["Target"] for one in routes.values()} == {f"integrations/{integration['IntegrationId']}"}
    (stage,) = api.get_stages(ApiId=outputs["id"])["Items"]
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 5
    assert ":log-group:/aws/vendedlogs/apis/" in stage["AccessLogSettings"]["DestinationArn"]
    stack.up(_API, CALLERS="'iam'", RATE="5")
    assert stack.happened == []
    stack.up(_API, CALLERS="'iam'", RATE="6")
    assert stack.happened == ["update Stage"]
    (stage,) = api.get_stages(ApiId=outputs["id"])["Items"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 6
    stack.down()
    assert outputs["id"] not in [one["ApiId"] for one in api.get_apis()["Items"]]


def test_an_api_for_bearers_of_tokens_has_an_authorizer_and_its_open_route_none(stack: Stack) -> None:
    callers = "Jwt(issuer='https://login.example.com', audiences=['operators'])"
    outputs = stack.up(_API, CALLERS=callers, RATE="5")
    api = stack.client("apigatewayv2")
    routes = {one["RouteKey"]: one.get("AuthorizerId") for one in api.get_routes(ApiId=outputs["id"])["Items"]}
    authorizer = api.get_authorizer(ApiId=outputs["id"], AuthorizerId=routes["GET /videos/{video_id}"])
    assert authorizer["JwtConfiguration"] == {"Audience": ["operators"], "Issuer": "https://login.example.com"}
    assert not routes["GET /health"]


def test_a_route_whose_target_is_no_integration_is_refused_before_anything_is_made(stack: Stack) -> None:
    source = "aws.apigatewayv2.Route('r', api_id='a', route_key='GET /', target='i', opts=None)\n"
    with pytest.raises(DeploymentFailed, match="'i' names no integration: integrations/<integration id>"):
        stack.up(source)


def _limit(stack: Stack) -> Callable[[str], int]:
    waf = stack.client("wafv2", "us-east-1")

    def limit(arn: str) -> int:
        *_, name, identity = arn.split("/")
        acl = waf.get_web_acl(Name=name, Scope="CLOUDFRONT", Id=identity)["WebACL"]
        rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
        assert rules["common"]["ManagedRuleGroupStatement"]["Name"] == "AWSManagedRulesCommonRuleSet"
        return rules["rate"]["RateBasedStatement"]["Limit"]

    return limit


def test_a_firewall_is_deployed_twice_changed_in_place_and_removed(stack: Stack) -> None:
    limit = _limit(stack)
    arn = stack.up(_FIREWALL, LIMIT="500")["arn"]
    assert limit(arn) == 500
    stack.up(_FIREWALL, LIMIT="500")
    assert stack.happened == []
    assert stack.up(_FIREWALL, LIMIT="600")["arn"] == arn
    assert stack.happened == ["update WebAcl"]
    assert limit(arn) == 600
    stack.down()
    listed = stack.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert arn not in [one["ARN"] for one in listed]
