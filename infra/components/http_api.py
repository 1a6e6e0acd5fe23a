"""An HTTP API before functions: every route asks who calls, all are throttled, and each call is written down.

HTTP APIs have neither usage plans nor a firewall of their own; what the public calls belongs behind a distribution:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement
from infra.components.function import Function
from infra.components.key import Key
from infra.naming import Scope, title

_KEY = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (/(?:[A-Za-z0-9._~-]+|\{[A-Za-z0-9_]+\+?\}))+|(GET|POST) /")
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?")
_SECONDS_MAX = 30
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
_STAGE = "$default"
_CORS_SECONDS = 3600
_LOGGED = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.caller",
    "subject": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency": "$context.responseLatency",
    "error": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}


@dataclass(frozen=True, kw_only=True)
class Jwt:
    """Callers show a token of this issuer, made for one of these audiences."""

    issuer: str
    audiences: Sequence[str]

    def __post_init__(self) -> None:
        if not self.issuer.startswith("https://"):
            message = f"issuer is {self.issuer!r}; its keys are fetched over https:// only"
            raise ValueError(message)
        if not self.audiences:
            message = f"no audience: any token of {self.issuer} would do, whoever it was made for"
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Route:
    """What a method and a path call."""

    key: str
    """`GET /orders/{order_id}`"""
    function: Function
    open_because: str | None = None
    """Lets everyone call it, without saying who they are: why that does no harm."""

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            message = f"route {self.key!r} must be a method and a path, as in 'GET /orders/{{order_id}}'"
            raise ValueError(message)
        if self.open_because is not None and not self.open_because.strip():
            message = f"route {self.key} is open without a reason: write one into open_because"
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class HttpApiArgs:
    scope: Scope
    description: str
    routes: Sequence[Route]
    callers: Literal["iam"] | Jwt
    """Who may call: principals of AWS under their policies (see `HttpApi.invoke_access`), or bearers of a token."""
    allowed_origins: Sequence[str] = ()
    """Sites whose pages may call; none means no page may."""
    requests_per_second: int
    burst: int
    """Requests at once beyond that rate. Both are of each route; what is more gets a 429."""
    logs_key: Key
    """Must allow `logs_service`."""
    log_retention_days: int

    def __post_init__(self) -> None:
        keys = [route.key for route in self.routes]
        if not keys:
            message = "an API without routes answers nothing: give at least one"
            raise ValueError(message)
        if len(set(keys)) != len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            message = f"routes given twice: {', '.join(twice)}"
            raise ValueError(message)
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                message = f"origin {origin!r} must be https:// and a host, nothing more; * would let in every site"
                raise ValueError(message)
        # An account's own limits, unless they were raised:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
        for what, value, most in (
            ("requests_per_second", self.requests_per_second, 10_000),
            ("burst", self.burst, 5_000),
        ):
            if not 1 <= value <= most:
                message = f"{what} is {value}; an account takes 1 to {most}"
                raise ValueError(message)
        for route in self.routes:
            if route.function.timeout_seconds > _SECONDS_MAX:
                message = (
                    f"{route.key}: the function may take {route.function.timeout_seconds} s, "
                    f"an HTTP API waits {_SECONDS_MAX} s at most"
                )
                raise ValueError(message)


@final
class HttpApi(pulumi.ComponentResource):
    """An API, its one stage, its routes, and the log of its calls."""

    id: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:delivery:HttpApi", name, None, opts)
        self._title = title(name)
        child = pulumi.ResourceOptions(parent=self)
        api = aws.apigatewayv2.Api(
            name,
            description=args.description,
            protocol_type="HTTP",
            cors_configuration=_cors(args) if args.allowed_origins else None,
            opts=child,
        )
        self._execution_arn = api.execution_arn
        authorizer = _authorizer(name, api, args.callers, parent=self) if isinstance(args.callers, Jwt) else None
        integrations = {
            function.label: _integration(function, api, args.scope, parent=self)
            for function in dict.fromkeys(route.function for route in args.routes)
        }
        for route in args.routes:
            self._route(route, api, integrations[route.function.label], authorizer)
        logs = aws.cloudwatch.LogGroup(
            name,
            # Other prefixes count against the size of one resource policy:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
            name_prefix=f"/aws/vendedlogs/apis/{args.scope.project}-{args.scope.environment}-{name}-",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key.arn,
            opts=child,
        )
        stage = aws.apigatewayv2.Stage(
            name,
            name=_STAGE,
            api_id=api.id,
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": args.requests_per_second,
                "throttling_burst_limit": args.burst,
                "detailed_metrics_enabled": True,
            },
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(_LOGGED)},
            opts=child,
        )
        self.id = api.id
        self.url = stage.invoke_url
        self.register_outputs({"id": self.id, "url": self.url})

    def invoke_access(self, *keys: str) -> Access:
        """Calling these routes as a principal of AWS."""
        calls = [pulumi.Output.concat(self._execution_arn, f"/{_STAGE}/", _path(key)) for key in keys]
        return Access((Statement(sid=f"Call{self._title}", actions=("execute-api:Invoke",), resources=tuple(calls)),))

    def _route(
        self,
        route: Route,
        api: aws.apigatewayv2.Api,
        integration: aws.apigatewayv2.Integration,
        authorizer: aws.apigatewayv2.Authorizer | None,
    ) -> None:
        label = f"{route.function.label}-{title(re.sub(r'[^A-Za-z0-9]+', '-', route.key.lower()))}"
        child = pulumi.ResourceOptions(parent=self)
        permission = aws.lambda_.Permission(
            label,
            action="lambda:InvokeFunction",
            function=route.function.name,
            qualifier=route.function.live,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, "/*/", _path(route.key)),
            opts=child,
        )
        closed = "JWT" if authorizer else "AWS_IAM"
        aws.apigatewayv2.Route(
            label,
            api_id=api.id,
            route_key=route.key,
            target=pulumi.Output.concat("integrations/", integration.id),
            authorization_type="NONE" if route.open_because else closed,
            authorizer_id=authorizer.id if authorizer and not route.open_because else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )


def _path(key: str) -> str:
    """`GET /orders/{id}` → `GET/orders/*`: a call's part of an ARN, whatever its parameters are."""
    method, path = key.split(" ", 1)
    return f"{method}{re.sub(r'{[^}]*}', '*', path)}"


def _integration(
    function: Function, api: aws.apigatewayv2.Api, scope: Scope, *, parent: pulumi.Resource
) -> aws.apigatewayv2.Integration:
    path = pulumi.Output.concat("path/2015-03-31/functions/", function.live_arn, "/invocations")
    return aws.apigatewayv2.Integration(
        function.label,
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_method="POST",
        integration_uri=pulumi.Output.concat("arn:", scope.partition, f":apigateway:{scope.region}:lambda:", path),
        payload_format_version="2.0",
        timeout_milliseconds=_SECONDS_MAX * 1000,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _authorizer(
    name: str, api: aws.apigatewayv2.Api, jwt: Jwt, *, parent: pulumi.Resource
) -> aws.apigatewayv2.Authorizer:
    return aws.apigatewayv2.Authorizer(
        name,
        api_id=api.id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": jwt.issuer, "audiences": list(jwt.audiences)},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _cors(args: HttpApiArgs) -> aws.apigatewayv2.ApiCorsConfigurationArgsDict:
    return {
        "allow_origins": list(args.allowed_origins),
        "allow_methods": sorted({route.key.split(" ")[0] for route in args.routes}),
        # The last two are of requests that are signed for IAM.
        "allow_headers": ["authorization", "content-type", "x-amz-date", "x-amz-security-token"],
        "allow_credentials": False,
        "max_age": _CORS_SECONDS,
    }
