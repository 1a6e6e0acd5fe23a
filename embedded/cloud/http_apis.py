"""HTTP APIs as far as they can be configured: moto's, but for what changes a stage. Nothing is called through them.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
"""

from __future__ import annotations

from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends

from embedded.cloud.context import Cloud
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import fallback, service

_SETTINGS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "routeSettings": "route_settings",
    "stageVariables": "stage_variables",
}


def install(cloud: Cloud) -> None:
    """Serve `apigateway` on the running cloud."""

    def serve(request: Request) -> Response:
        parts = request.segments
        if request.method != "PATCH" or parts[:2] != ["v2", "apis"] or parts[3:4] != ["stages"]:
            return fallback(request)
        backend: Any = apigatewayv2_backends[cloud.account_id][request.region]
        with lock_of("apigateway"):
            api: Any = backend.apis.get(parts[2])
            stage: Any = api.stages.get(parts[4]) if api else None
            if stage is None:
                return Response.of_error("NotFoundException", "Invalid stage identifier specified", 404)
            for name, value in request.json().items():
                if name in _SETTINGS:
                    setattr(stage, _SETTINGS[name], value)
            return Response.of_json(stage.to_json())

    service("apigateway")(serve)
