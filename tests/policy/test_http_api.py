"""No environment has an HTTP API yet: the component that makes one is held to the rules by a program of its own."""

from pathlib import Path

from tests.policy.host import known, running_pack
from tests.support.captured import capture
from tests.support.programs import write_program

_PROGRAM = """
import pulumi
from pydantic import BaseModel
from infra.components.function import Function, FunctionArgs
from infra.components.http_api import HttpApi, HttpApiArgs, Route
from infra.components.image import Image, ImageArgs
from infra.components.key import Key, KeyArgs, logs_service
from infra.naming import Scope

class Nothing(BaseModel):
    pass

here = Scope(project=pulumi.get_project(), environment=pulumi.get_stack(), region="eu-west-1",
    account_id=pulumi.Output.from_input("123456789012"), partition=pulumi.Output.from_input("aws"))
key = Key("logs", KeyArgs(scope=here, description="logs", services=(logs_service(here),), protect=False))
image = Image("api", ImageArgs(repository="r/api", target="api", source="sha256:" + "0" * 64))
function = Function("status", FunctionArgs(scope=here, description="d", image=image, command="a.b.handler",
    memory_mb=256, timeout_seconds=10, environment=Nothing, values={}, common_values={}, logs_key=key,
    log_retention_days=7))
HttpApi("operator", HttpApiArgs(scope=here, description="For operators", callers="iam",
    routes=(Route(key="GET /videos", function=function),
            Route(key="GET /health", function=function, open_because="says nothing but that it lives")),
    allowed_origins=("https://desk.example.com",), requests_per_second=5, burst=10,
    logs_key=key, log_retention_days=7))
"""


def test_an_api_of_ours_is_right_but_for_the_route_that_the_list_does_not_open(tmp_path: Path) -> None:
    made = capture(write_program(tmp_path, _PROGRAM), "dev")
    assert made.of("apigatewayv2/stage:Stage")
    with running_pack() as pack:
        pack.enforce()
        found = pack.violations([known(resource) for resource in made.resources])
    of_apis = [one for one in found if one.policy.startswith("api-")]
    [open_route] = made.of("apigatewayv2/route:Route")[1:]
    assert [(one.policy, one.urn) for one in of_apis] == [("api-authorised", open_route.urn)]
