"""HTTP APIs: the API, its stages, routes, integrations and authorizers."""

import re

from embedded.engine.model import Created, ProviderError
from embedded.engine.values import is_unknown
from embedded.provider.kinds import Call, Naming, Request, Steps, kind, simple, undo

simple(
    "aws:apigatewayv2/api:Api",
    "apigatewayv2",
    "CreateApi",
    naming=Naming(longest=128, changeable=True),
    tags=True,
    ignore=("failOnWarnings",),
    id="{response[ApiId]}",
    outputs={
        "arn": "arn:{partition}:apigateway:{region}::/apis/{response[ApiId]}",
        "apiEndpoint": "{response[ApiEndpoint]}",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{response[ApiId]}",
    },
    identity=("protocolType",),
    update=("UpdateApi", {"ApiId": "{id}"}),
    resets={"description": ""},
    delete=undo("DeleteApi", ApiId="{id}"),
)

simple(
    "aws:apigatewayv2/stage:Stage",
    "apigatewayv2",
    "CreateStage",
    naming=Naming(longest=128),
    tags=True,
    rename={"name": "StageName"},
    id="{name}",
    outputs={
        "arn": "arn:{partition}:apigateway:{region}::/apis/{apiId}/stages/{name}",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{name}",
        "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{name}",
    },
    identity=("apiId",),
    update=("UpdateStage", {"ApiId": "{apiId}", "StageName": "{name}"}),
    delete=undo("DeleteStage", ApiId="{apiId}", StageName="{name}"),
)

simple(
    "aws:apigatewayv2/integration:Integration",
    "apigatewayv2",
    "CreateIntegration",
    rename={"timeoutMilliseconds": "TimeoutInMillis"},
    id="{response[IntegrationId]}",
    identity=("apiId", "integrationType"),
    update=("UpdateIntegration", {"ApiId": "{apiId}", "IntegrationId": "{id}"}),
    delete=undo("DeleteIntegration", ApiId="{apiId}", IntegrationId="{id}"),
)

simple(
    "aws:apigatewayv2/authorizer:Authorizer",
    "apigatewayv2",
    "CreateAuthorizer",
    naming=Naming(longest=128, changeable=True),
    id="{response[AuthorizerId]}",
    identity=("apiId",),
    update=("UpdateAuthorizer", {"ApiId": "{apiId}", "AuthorizerId": "{id}"}),
    delete=undo("DeleteAuthorizer", ApiId="{apiId}", AuthorizerId="{id}"),
)


def _check_target(request: Request) -> None:
    target = request.goal.inputs.get("target")
    if target is not None and not is_unknown(target) and not re.fullmatch(r"integrations/[\w-]+", target):
        # https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
        message = f"target {target!r} names no integration: integrations/<integration id>"
        raise ProviderError(message)


def _change(request: Request) -> Steps:
    _check_target(request)
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    request.arguments.take("apiId")
    params = {"ApiId": old.inputs["apiId"], "RouteId": old.id}
    yield Call(operation="UpdateRoute", arguments=request.arguments.take_rest(), params=params)
    return Created(id=old.id, outputs={})


@kind(
    "aws:apigatewayv2/route:Route",
    "apigatewayv2",
    identity=("apiId",),
    update=_change,
    delete=undo("DeleteRoute", ApiId="{apiId}", RouteId="{id}"),
)
def route(request: Request) -> Steps:
    """A route of an API to one of its integrations."""
    _check_target(request)
    response = yield Call(operation="CreateRoute", arguments=request.arguments.take_rest())
    return Created(id=response["RouteId"], outputs={})
