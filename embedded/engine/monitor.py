# ruff: noqa: N802, ARG002  (methods are named, and called, as the protocol says)
"""The two gRPC services that a Pulumi program talks to: ResourceMonitor and Engine."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, callback_pb2, engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from embedded.engine import urns, values
from embedded.engine.model import ProviderError
from embedded.engine.session import Registration, RegistrationError, Session
from embedded.engine.transforms import Transforms
from embedded.engine.values import Value

_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "outputValues": resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
}

# Options that would have to do something: better refused than ignored.
_UNSUPPORTED = {"import_": "importId", "replace_with": "replace_with", "hooks": "hooks"}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Turns requests into calls of the session, and its answers into messages."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._transforms = Transforms()

    def GetDeploymentInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> resource_pb2.DeploymentInfo:
        project = self._session.project
        return resource_pb2.DeploymentInfo(
            project=project.name,
            stack=project.stack,
            organization="organization",
            config=dict(project.config),
            configSecretKeys=list(project.secret_keys),
            dryRun=self._session.preview,
            supportedFeatures=list(_FEATURES.values()),
        )

    def SupportsFeature(
        self,
        request: resource_pb2.SupportsFeatureRequest,
        context: grpc.ServicerContext,
    ) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterStackTransform(self, request: callback_pb2.Callback, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._transforms.register(request)
        return empty_pb2.Empty()

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        label = f"{request.type} {request.name}"
        self._stop_after_failure(context)
        try:
            self._transforms.apply(request)
            resource = self._session.register(self._registration(request))
        except (ProviderError, RegistrationError) as error:
            return self._refused(request, context, f"{label}: {error}")
        except Exception as error:  # noqa: BLE001  (anything else is a defect of ours, and ends the run)
            self._broken(context, label, error)
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn,
            id=resource.id,
            object=values.to_struct(resource.outputs),
            unknown=resource.custom,
        )

    def RegisterResourceOutputs(
        self,
        request: resource_pb2.RegisterResourceOutputsRequest,
        context: grpc.ServicerContext,
    ) -> empty_pb2.Empty:
        self._session.register_outputs(request.urn, values.from_struct(request.outputs))
        return empty_pb2.Empty()

    def ReadResource(
        self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ReadResourceResponse:
        label = f"{request.type} {request.name}"
        self._stop_after_failure(context)
        wanted = Registration(
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=True,
            inputs=values.from_struct(request.properties),
            provider=request.provider,
            dependencies=tuple(request.dependencies),
        )
        try:
            resource = self._session.read(wanted, request.id)
        except (ProviderError, RegistrationError) as error:
            self._session.fail(f"{label}: {error}")
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        except Exception as error:  # noqa: BLE001
            self._broken(context, label, error)
        return resource_pb2.ReadResourceResponse(
            urn=resource.urn, id=resource.id, properties=values.to_struct(resource.outputs)
        )

    def Invoke(
        self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ResourceInvokeResponse:
        try:
            result = self._session.invoke(request.tok, values.from_struct(request.args), request.provider)
        except (ProviderError, RegistrationError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        except Exception as error:  # noqa: BLE001
            self._broken(context, request.tok, error)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(values.to_struct(result))
        return response

    def SignalAndWaitForShutdown(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def _registration(self, request: resource_pb2.RegisterResourceRequest) -> Registration:
        given = [option for option, field in _UNSUPPORTED.items() if _is_given(request, field)]
        if given:
            message = f"the resource option {', '.join(given)} is not supported here"
            raise RegistrationError(message)
        aliases: Iterable[Any] = cast("Any", request).aliases  # a type that the generated stubs do not resolve
        return Registration(
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=values.from_struct(request.object),
            provider=request.provider,
            dependencies=tuple(request.dependencies),
            property_dependencies={
                key: tuple(sorted(dependency.urns)) for key, dependency in request.propertyDependencies.items()
            },
            aliases=tuple(self._alias(request, alias) for alias in aliases) + tuple(request.aliasURNs),
            ignore_changes=tuple(request.ignoreChanges),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace,
            delete_after_replace=request.deleteBeforeReplaceDefined and not request.deleteBeforeReplace,
            replace_on_changes=tuple(request.replaceOnChanges),
            deleted_with=request.deletedWith,
        )

    def _alias(self, request: resource_pb2.RegisterResourceRequest, alias: alias_pb2.Alias) -> str:
        if alias.WhichOneof("alias") == "urn":
            return alias.urn
        spec = alias.spec
        parent = "" if spec.noParent else (spec.parentUrn or request.parent)
        return urns.make(
            spec.stack or self._session.project.stack,
            spec.project or self._session.project.name,
            parent,
            spec.type or request.type,
            spec.name or request.name,
        )

    def _stop_after_failure(self, context: grpc.ServicerContext) -> None:
        # A deployment ends at its first failure. A preview goes on, so that all errors are seen at once.
        if self._session.errors and not self._session.preview:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the deployment has failed")

    def _refused(
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext, message: str
    ) -> resource_pb2.RegisterResourceResponse:
        self._session.fail(message)
        if not self._session.preview:
            context.abort(grpc.StatusCode.UNAVAILABLE, message)
        project = self._session.project
        urn = urns.make(project.stack, project.name, request.parent, request.type, request.name)
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def _broken(self, context: grpc.ServicerContext, label: str, error: Exception) -> NoReturn:
        self._session.fail(f"{label}: {type(error).__name__}: {error}")
        context.abort(grpc.StatusCode.INTERNAL, str(error))
        raise error


class Engine(engine_pb2_grpc.EngineServicer):
    """Logging and the root resource."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        if request.severity == engine_pb2.ERROR:
            self._session.fail(request.message, request.urn)
        elif request.severity != engine_pb2.DEBUG and not request.ephemeral:
            self._session.log(request.message)
        return empty_pb2.Empty()

    def GetRootResource(
        self,
        request: engine_pb2.GetRootResourceRequest,
        context: grpc.ServicerContext,
    ) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self._session.root)

    def SetRootResource(
        self,
        request: engine_pb2.SetRootResourceRequest,
        context: grpc.ServicerContext,
    ) -> engine_pb2.SetRootResourceResponse:
        self._session.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(
        self,
        request: engine_pb2.RequirePulumiVersionRequest,
        context: grpc.ServicerContext,
    ) -> engine_pb2.RequirePulumiVersionResponse:
        return engine_pb2.RequirePulumiVersionResponse()


def _is_given(request: Value, field: str) -> bool:
    value = getattr(request, field)
    return bool(value.ListFields()) if hasattr(value, "ListFields") else bool(value)


def serve(session: Session, executor: Value, options: list[tuple[str, int]]) -> tuple[str, Callable[[], None]]:
    """Serve both on a free loopback port; returns its address and what stops it."""
    server = grpc.server(executor, options=options)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(Monitor(session), server)
    engine_pb2_grpc.add_EngineServicer_to_server(Engine(session), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def stop() -> None:
        server.stop(grace=None).wait()

    return f"127.0.0.1:{port}", stop
