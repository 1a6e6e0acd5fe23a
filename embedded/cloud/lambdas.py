"""Invocation of functions: the one door for the API, Step Functions, event source mappings and EventBridge."""

from __future__ import annotations

import base64
import json
import logging
import uuid
from dataclasses import dataclass
from typing import Literal

from embedded.cloud import invoke_configs
from embedded.cloud.async_invocations import AsyncInvocations
from embedded.cloud.context import Cloud
from embedded.cloud.credentials import RoleNotAssumableError
from embedded.cloud.function_config import FunctionConfig, NoSuchFunctionError, read_function
from embedded.cloud.messages import Request, Response
from embedded.cloud.pool import ConcurrencyExceededError, Pool, PoolClosedError
from embedded.cloud.router import fallback, service

logger = logging.getLogger(__name__)

InvocationType = Literal["RequestResponse", "Event", "DryRun"]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SYNC_BYTES_MAX = 6_291_456
ASYNC_BYTES_MAX = 1_048_576


class InvocationRefused(Exception):  # noqa: N818 - a refusal is an answer, as much as an error
    """Lambda did not take the invocation. `code` is the API's error code, `status` its HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What an invocation gave. `function_error` is `Unhandled` when `payload` is an error object, else None."""

    status: int
    payload: bytes
    function_error: str | None = None
    log_tail: bytes = b""
    executed_version: str = "$LATEST"
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _Running:
    cloud: Cloud
    pool: Pool
    later: AsyncInvocations


_running: _Running | None = None


def install(cloud: Cloud) -> None:
    """Make the pool of workers; from here on functions run."""
    global _running  # noqa: PLW0603 - one cloud per process: moto's own state is global too
    pool = Pool(cloud)
    later = AsyncInvocations(_run, cloud.workers)
    _running = _Running(cloud, pool, later)
    cloud.on_stop(pool.close)
    cloud.on_stop(later.stop)


def invoke(
    function: str,
    payload: bytes,
    invocation_type: InvocationType = "RequestResponse",
    *,
    qualifier: str | None = None,
    region: str | None = None,
) -> InvocationResult:
    """Invoke a function by name or partial ARN, in `region` or the cloud's own, or by ARN; each may be qualified.

    Errors: `InvocationRefused` with code ResourceNotFoundException (404), TooManyRequestsException (429),
    RequestEntityTooLargeException (413), InvalidRequestContentException (400). What goes wrong inside the function is
    no exception but a result with `function_error`.
    """
    running = _now()
    try:
        config = read_function(function, qualifier, region or running.cloud.region, running.cloud.account_id)
    except NoSuchFunctionError as error:
        raise InvocationRefused("ResourceNotFoundException", f"Function not found: {error}", 404) from None
    _check(config, payload, ASYNC_BYTES_MAX if invocation_type == "Event" else SYNC_BYTES_MAX)
    request_id = str(uuid.uuid4())
    if invocation_type == "DryRun":
        return InvocationResult(204, b"", executed_version=config.version, request_id=request_id)
    if invocation_type == "Event":
        running.later.accept(config, payload or b"{}", request_id)
        return InvocationResult(202, b"", executed_version=config.version, request_id=request_id)
    return _run(config, payload or b"{}", request_id)


def _now() -> _Running:
    if _running is None:
        raise InvocationRefused("ServiceException", "The embedded AWS is not running", 500)
    return _running


def _check(config: FunctionConfig, payload: bytes, most: int) -> None:
    if len(payload) > most:
        message = f"{len(payload)} byte payload is too large for the Invoke operation (limit {most} bytes)"
        raise InvocationRefused("RequestEntityTooLargeException", message, 413)
    if payload:
        try:
            json.loads(payload)
        except ValueError:
            message = "Could not parse request body into json: the payload is not valid JSON"
            raise InvocationRefused("InvalidRequestContentException", message, 400) from None
    if config.package_type != "Image" or not config.command:
        message = f"{config.name}: the embedded AWS runs container-image functions with an ImageConfig.Command only"
        raise InvocationRefused("InvalidParameterValueException", message, 400)


def _run(config: FunctionConfig, payload: bytes, request_id: str) -> InvocationResult:
    running = _now()
    try:
        with running.pool.admitted(config), running.pool.worker(config) as worker:
            outcome = worker.run(config.arn, request_id, payload)
    except ConcurrencyExceededError:
        raise InvocationRefused("TooManyRequestsException", "Rate Exceeded.", 429) from None
    except RoleNotAssumableError as error:
        message = f"The role defined for the function cannot be assumed by Lambda. {error}"
        raise InvocationRefused("AccessDeniedException", message, 403) from None
    except PoolClosedError as error:
        raise InvocationRefused("ServiceException", str(error), 500) from None
    return InvocationResult(200, outcome.payload, outcome.error, outcome.log_tail, config.version, request_id)


@service("lambda")
def serve(request: Request) -> Response:
    """Invoke is ours; the rest is moto's, after which the event source mappings are looked at again."""
    parts = request.segments
    if parts[-1] == "invocations" and request.method == "POST":
        return _serve_invoke(request, parts[-2])
    if parts[-1] == "response-streaming-invocations":
        return Response.of_error("InvalidRequestContentException", "The embedded AWS streams no responses", 400)
    if "event-invoke-config" in parts:
        return invoke_configs.serve(request, _now().cloud.account_id)
    response = fallback(request)
    if request.method != "GET" and "event-source-mappings" in parts:
        from embedded.cloud import eventsource

        eventsource.changed()
    return response


def _serve_invoke(request: Request, function: str) -> Response:
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in ("RequestResponse", "Event", "DryRun"):
        return Response.of_error("InvalidParameterValueException", f"Unknown invocation type {kind!r}", 400)
    qualifier = request.params().get("Qualifier", [None])[0]
    try:
        result = invoke(function, request.read(), kind, qualifier=qualifier, region=request.region)  # type: ignore[arg-type]
    except InvocationRefused as error:
        return Response.of_error(error.code, error.message, error.status)
    headers = [
        ("content-type", "application/json"),
        ("x-amz-executed-version", result.executed_version),
        ("x-amzn-requestid", result.request_id),
    ]
    if result.function_error:
        headers.append(("x-amz-function-error", result.function_error))
    if request.headers.get("x-amz-log-type") == "Tail":
        headers.append(("x-amz-log-result", base64.b64encode(result.log_tail).decode()))
    return Response(result.status, headers, result.payload)


__all__ = ["InvocationRefused", "InvocationResult", "InvocationType", "install", "invoke", "serve"]
