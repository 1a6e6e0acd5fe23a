"""HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-protect.html"""

from collections.abc import Iterator

from policy.model import Resource, ResourceRule, Stack, StackRule, every_has, unless

_API = "apigatewayv2/api:Api"
_STAGE = "apigatewayv2/stage:Stage"

OPEN_ROUTES: tuple[str, ...] = ()
"""Routes (`POST /events`) that anyone may call. None is deployed; one that comes is named here, with a comment why."""


def _logged(stage: Resource) -> Iterator[str]:
    yield from unless(stage.get("accessLogSettings.destinationArn"), "requests are not logged")


def _throttled(stage: Resource) -> Iterator[str]:
    yield from unless(
        stage.get("defaultRouteSettings.throttlingRateLimit")
        and stage.get("defaultRouteSettings.throttlingBurstLimit"),
        "one caller may use up the account's rate",
    )


def _cors(api: Resource) -> Iterator[str]:
    yield from unless("*" not in api.each("corsConfiguration.allowOrigins"), "any site may call it")


def _authorised(route: Resource) -> Iterator[str]:
    if route.get("routeKey") not in OPEN_ROUTES:
        yield from unless(
            route.get("authorizationType") in ("AWS_IAM", "JWT", "CUSTOM"), "whoever finds it may call it"
        )


def _log_group(stage: Resource, stack: Stack) -> Iterator[str]:
    sources = stage.sources.get("accessLogSettings", frozenset[str]())
    yield from unless(
        any(group.urn in sources for group in stack.of("cloudwatch/logGroup:LogGroup")),
        "its log group is not made with the stack",
    )


RULES = (
    ResourceRule(
        name="api-logged",
        demands="Requests are logged",
        types=(_STAGE,),
        severity="medium",
        check=_logged,
    ),
    StackRule(
        name="api-log-group",
        demands="An API's log group is made with the stack",
        types=(_STAGE,),
        severity="medium",
        check=_log_group,
    ),
    ResourceRule(
        name="api-throttled",
        demands="Rates are limited",
        types=(_STAGE,),
        severity="high",
        check=_throttled,
    ),
    ResourceRule(
        name="api-cors",
        demands="Only sites that are named may call an API from a browser",
        types=(_API,),
        severity="high",
        check=_cors,
    ),
    ResourceRule(
        name="api-authorised",
        demands="Routes say who may call them; those for everyone are on a list",
        types=("apigatewayv2/route:Route",),
        severity="high",
        check=_authorised,
    ),
    every_has(
        name="api-stage",
        subject=_API,
        attachment=_STAGE,
        by="apiId",
        severity="low",
        demands="An API has a stage that is made with the stack",
    ),
)
