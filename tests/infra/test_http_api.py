"""The HTTP API: what it refuses to be, and what it registers."""

import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pydantic import BaseModel

from infra.access import Access
from infra.components.function import Function, FunctionArgs
from infra.components.http_api import HttpApi, HttpApiArgs, Jwt, Route
from infra.components.image import Image, ImageArgs
from infra.components.key import Key, KeyArgs, logs_service
from infra.naming import Scope
from tests.support.recorder import ACCOUNT, REGION, Recording, record


class _Nothing(BaseModel):
    pass


def _scope() -> Scope:
    return Scope(
        project="shoppable-video",
        environment="dev",
        region=REGION,
        account_id=pulumi.Output.from_input(ACCOUNT),
        partition=pulumi.Output.from_input("aws"),
    )


def _function(scope: Scope, key: Key, name: str) -> Function:
    image = Image(name, ImageArgs(repository="r/api", target="api", source=f"sha256:{'0' * 64}"))
    return Function(
        name,
        FunctionArgs(
            scope=scope,
            description="answers",
            image=image,
            command="functions.part.step.handler.handler",
            memory_mb=256,
            timeout_seconds=10,
            environment=_Nothing,
            values={},
            common_values={},
            logs_key=key,
            log_retention_days=7,
        ),
    )


def _recorded(callers: Any, **given: Any) -> tuple[Recording, Access]:
    made: list[Access] = []

    def program() -> None:
        scope = _scope()
        key = Key("logs", KeyArgs(scope=scope, description="logs", services=(logs_service(scope),)))
        status, health = _function(scope, key, "status"), _function(scope, key, "health")
        api = HttpApi(
            "operator",
            HttpApiArgs(
                scope=scope,
                description="For operators",
                routes=(
                    Route(key="GET /videos/{video_id}", function=status),
                    Route(key="POST /videos/{video_id}/unpublish", function=status),
                    Route(key="GET /health", function=health, open_because="says nothing but that it lives"),
                ),
                callers=callers,
                requests_per_second=20,
                burst=40,
                logs_key=key,
                log_retention_days=7,
                **given,
            ),
        )
        made.append(api.invoke_access("GET /videos/{video_id}"))

    return record(program), made[0]


_TOKENS = Jwt(issuer="https://login.example.com", audiences=["operators"])


@pytest.mark.parametrize(("callers", "kind"), [("iam", "AWS_IAM"), (_TOKENS, "JWT")])
def test_every_route_asks_who_calls_but_the_one_that_is_opened_with_a_reason(callers: Any, kind: str) -> None:
    recording, _ = _recorded(callers)
    asks = {one.inputs["routeKey"]: one.inputs["authorizationType"] for one in recording.of("apigatewayv2/route:Route")}
    assert asks == {
        "GET /videos/{video_id}": kind,
        "POST /videos/{video_id}/unpublish": kind,
        "GET /health": "NONE",
    }
    with_authorizer = [one for one in recording.of("apigatewayv2/route:Route") if one.inputs.get("authorizerId")]
    assert len(with_authorizer) == (2 if kind == "JWT" else 0)


def test_a_route_calls_the_alias_of_its_function_by_an_integration_that_both_routes_share() -> None:
    recording, _ = _recorded("iam")
    integrations = {one.name: one for one in recording.of("apigatewayv2/integration:Integration")}
    assert set(integrations) == {"status", "health"}
    for name, one in integrations.items():
        alias = recording.one("lambda/alias:Alias", name).arn
        assert one.inputs["integrationUri"] == (
            f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{alias}/invocations"
        )
        assert one.inputs["integrationType"] == "AWS_PROXY"
        assert one.inputs["payloadFormatVersion"] == "2.0"
    targets = {one.inputs["target"] for one in recording.of("apigatewayv2/route:Route")}
    assert targets == {"integrations/Integration-status", "integrations/Integration-health"}


def test_the_api_may_call_the_alias_from_its_own_routes_only() -> None:
    recording, _ = _recorded("iam")
    permissions = recording.of("lambda/permission:Permission")
    sources = {one.inputs["sourceArn"].partition("/*/")[2] for one in permissions}
    assert sources == {"GET/videos/*", "POST/videos/*/unpublish", "GET/health"}
    for one in permissions:
        assert one.inputs["principal"] == "apigateway.amazonaws.com"
        assert one.inputs["qualifier"] == "live"
        assert one.inputs["sourceArn"].startswith("arn:aws:execute-api:")
        waiting = [route for route in recording.of("apigatewayv2/route:Route") if one.urn in route.dependencies]
        assert [route.name for route in waiting] == [one.name]


def test_calls_are_throttled_and_written_down_as_json_in_an_encrypted_group() -> None:
    recording, _ = _recorded("iam")
    stage = recording.one("apigatewayv2/stage:Stage", "operator").inputs
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == 20
    assert stage["defaultRouteSettings"]["throttlingBurstLimit"] == 40
    logs = recording.one("cloudwatch/logGroup:LogGroup", "operator")
    assert logs.inputs["kmsKeyId"] == recording.one("kms/key:Key", "logs").arn
    assert logs.inputs["namePrefix"].startswith("/aws/vendedlogs/")
    assert stage["accessLogSettings"]["destinationArn"] == logs.arn
    written = json.loads(stage["accessLogSettings"]["format"])
    assert {"requestId", "status", "route", "ip"} <= set(written)
    assert all(re.fullmatch(r"\$context\.[A-Za-z.]+", value) for value in written.values())


def test_pages_of_named_sites_may_call_and_no_others() -> None:
    recording, _ = _recorded("iam", allowed_origins=("https://desk.example.com",))
    cors = recording.one("apigatewayv2/api:Api", "operator").inputs["corsConfiguration"]
    assert cors["allowOrigins"] == ["https://desk.example.com"]
    assert cors["allowMethods"] == ["GET", "POST"]
    assert cors["allowCredentials"] is False
    without, _ = _recorded("iam")
    assert "corsConfiguration" not in without.one("apigatewayv2/api:Api", "operator").inputs


def test_a_grant_names_the_routes_it_is_for() -> None:
    _, access = _recorded("iam")
    (statement,) = access.statements
    assert statement.actions == ("execute-api:Invoke",)
    found: list[str] = []
    record(lambda: pulumi.Output.all(*statement.resources).apply(found.extend) and None)
    assert [one.partition("/")[2] for one in found] == ["$default/GET/videos/*"]


def _route(key: str = "GET /a", timeout: int = 10, **given: Any) -> Route:
    function: Any = type("F", (), {"timeout_seconds": timeout, "label": "f"})()
    return Route(key=key, function=function, **given)


def _args(**given: Any) -> HttpApiArgs:
    nothing: Any = None
    routes = {"routes": (_route(),), "callers": "iam", "requests_per_second": 1, "burst": 1}
    return HttpApiArgs(scope=nothing, description="d", logs_key=nothing, log_retention_days=7, **(routes | given))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: _route("ANY /a"), "must be a method and a path"),
        (lambda: _route("$default"), "must be a method and a path"),
        (lambda: _route("GET a"), "must be a method and a path"),
        (lambda: _route(open_because=" "), "open without a reason"),
        (lambda: _args(routes=()), "give at least one"),
        (lambda: _args(routes=(_route(), _route())), "given twice: GET /a"),
        (lambda: _args(routes=(_route(timeout=31),)), "waits 30 s at most"),
        (lambda: _args(allowed_origins=("*",)), r"\* would let in every site"),
        (lambda: _args(allowed_origins=("http://desk.example.com",)), "must be https://"),
        (lambda: _args(requests_per_second=0), "requests_per_second is 0; an account takes 1 to 10000"),
        (lambda: _args(burst=5001), "burst is 5001; an account takes 1 to 5000"),
        (lambda: Jwt(issuer="http://login.example.com", audiences=["a"]), "over https:// only"),
        (lambda: Jwt(issuer="https://login.example.com", audiences=[]), "no audience"),
    ],
)
def test_an_api_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
