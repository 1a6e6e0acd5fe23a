"""What becomes of an event that a function fails on: one configuration per function, version or alias.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html: an invocation through an alias
follows the alias's configuration. Moto knows one per function.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from embedded.cloud.function_config import NoSuchFunctionError, find_function
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.protocols import JsonService, RefusedError, service_model

Params = dict[str, Any]
_LATEST = "$LATEST"
_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
_MOST = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21_600}


def serve(request: Request, account_id: str) -> Response:
    """Answer one of the operations on these configurations."""
    return _service(request.region, account_id)(request)


@lru_cache(maxsize=16)
def _service(region: str, account_id: str) -> JsonService:
    return JsonService(
        service_model("lambda"), InvokeConfigs(region, account_id), invalid="InvalidParameterValueException"
    )


@dataclass(frozen=True, slots=True)
class InvokeConfigs:
    """The operations of one region. The configurations lie with moto's function, and go with it."""

    region: str
    account_id: str

    def put_function_event_invoke_config(self, params: Params) -> Params:
        with lock_of("lambda"):
            held, arn, key = self._held(params)
            held[key] = _new(arn, params)
            return held[key]

    def update_function_event_invoke_config(self, params: Params) -> Params:
        with lock_of("lambda"):
            held, arn, key = self._held(params)
            if key not in held:
                raise _missing(arn)
            held[key] |= _new(arn, params)
            return held[key]

    def get_function_event_invoke_config(self, params: Params) -> Params:
        held, arn, key = self._held(params)
        if key not in held:
            raise _missing(arn)
        return held[key]

    def delete_function_event_invoke_config(self, params: Params) -> Params:
        with lock_of("lambda"):
            held, arn, key = self._held(params)
            if held.pop(key, None) is None:
                raise _missing(arn)
        return {}

    def list_function_event_invoke_configs(self, params: Params) -> Params:
        held, _, _ = self._held(params)
        return {"FunctionEventInvokeConfigs": list(held.values())}

    def _held(self, params: Params) -> tuple[dict[str, Params], str, str]:
        """Configurations by qualifier, and the ARN and qualifier that are meant. Errors: RefusedError."""
        try:
            found = find_function(params["FunctionName"], params.get("Qualifier"), self.region, self.account_id)
        except NoSuchFunctionError as error:
            raise RefusedError("ResourceNotFoundException", f"Function not found: {error}", 404) from None
        key = found.qualifier or _LATEST
        return found.latest.invoke_configs, f"{found.arn}:{key}", key


def _new(arn: str, params: Params) -> Params:
    for name, most in _MOST.items():
        if params.get(name, 0) > most:
            raise RefusedError("ValidationException", f"{name} must have value less than or equal to {most}")
    given = {name: params[name] for name in _SETTINGS if name in params}
    return {"FunctionArn": arn, "LastModified": datetime.now(UTC), **given}


def _missing(arn: str) -> RefusedError:
    return RefusedError("ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig", 404)
