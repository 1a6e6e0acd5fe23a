"""Step Functions: our own interpreter of Amazon States Language (JSONPath) behind the service's API."""

from __future__ import annotations

from typing import Any

from embedded.cloud import credentials, events
from embedded.cloud.context import Cloud
from embedded.cloud.protocols import JsonService, RefusedError, service_model
from embedded.cloud.regional import Regional
from embedded.cloud.router import service
from embedded.cloud.stepfunctions.api import StepFunctions
from embedded.cloud.stepfunctions.clients import RoleCalls
from embedded.cloud.stepfunctions.integrations import CallError
from embedded.cloud.stepfunctions.interpreter import Runtime
from embedded.cloud.stepfunctions.machine import WORKS
from embedded.cloud.stepfunctions.records import Execution
from embedded.cloud.stepfunctions.tokens import TaskTokens

_NOT_AUTHORISED = "The service principal states.amazonaws.com is not authorized to assume the provided role"


def install(cloud: Cloud) -> None:
    """Serve `states` on the running cloud."""
    machines: dict[str, str] = {}
    """Role → the machine that it is of: the service names it when it assumes the role."""

    def credentials_of(role_arn: str) -> credentials.RoleCredentials:
        source = machines.get(role_arn, "")
        try:
            return credentials.assume_role(role_arn, "StepFunctions", service="states.amazonaws.com", source=source)
        except credentials.RoleNotAssumableError as error:
            raise CallError("AccessDeniedException", str(error), 403, modeled=False) from error

    def check_role(role_arn: str, machine_arn: str) -> None:
        machines[role_arn] = machine_arn
        try:
            credentials_of(role_arn)
        except CallError as error:
            raise RefusedError("AccessDeniedException", f"{_NOT_AUTHORISED}: {error.message}") from error

    def make(region: str) -> JsonService:
        def publish(execution: Execution) -> None:
            events.put_event(status_change(execution), region=region)

        tokens = TaskTokens()
        calls = RoleCalls(cloud.endpoint_url, region, credentials_of)
        runtime = Runtime(region, cloud.account_id, calls, tokens, on_change=publish, works=WORKS)
        implementation = StepFunctions(runtime, tokens, check_role)
        cloud.on_stop(implementation.stop)
        return JsonService(service_model("stepfunctions"), implementation)

    service("states")(Regional(make))


def status_change(execution: Execution) -> dict[str, Any]:
    """The event of an execution's new status.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html; times are epoch milliseconds.
    Data under a key of the customer's is left out.
    """
    stopped, told = execution.stopped, not execution.encrypted
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "resources": [execution.arn],
        "detail": {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": int(execution.started.timestamp() * 1000),
            "stopDate": int(stopped.timestamp() * 1000) if stopped else None,
            "input": execution.input if told else None,
            "output": execution.output if told else None,
            "stateMachineVersionArn": execution.version_arn,
            "stateMachineAliasArn": execution.alias_arn,
            "redriveCount": execution.redrives,
            "redriveDate": int(execution.redriven.timestamp() * 1000) if execution.redriven else None,
            "redriveStatus": "NOT_REDRIVABLE" if execution.status in ("RUNNING", "SUCCEEDED") else "REDRIVABLE",
            "error": execution.error if told else None,
            "cause": execution.cause if told else None,
            "inputDetails": {"included": told},
            "outputDetails": {"included": told} if execution.output is not None else None,
        },
    }
