"""A state machine's definition over real handlers, in this process: AWS itself is moto's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.exceptions import ClientError
from pydantic import BaseModel

from embedded.cloud.stepfunctions.integrations import CallError
from tests.embedded.stepfunctions_support import Service
from tests.support.account import Context

WORKFLOWS = Path(__file__).parents[2] / "infra" / "workflows"


class Pipeline:
    """Runs executions over an account (`dynamodb` and `s3` are its clients)."""

    def __init__(self, workflow: str, functions: dict[str, Any], values: dict[str, str], account: Any) -> None:
        self.account = account
        self.functions = functions
        """Handlers by the names that the definition calls them."""
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.failing: dict[str, Exception] = {}
        """What functions raise instead of answering."""
        self.bus_fault: CallError | None = None
        self.invoked: list[str] = []
        self.service = Service(self._answer)
        definition = (WORKFLOWS / f"{workflow}.asl.json").read_text()
        arns = {f"{name}Arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in functions}
        for name, value in {**values, **arns}.items():
            definition = definition.replace(f"${{{name}}}", value)
        assert "${" not in definition
        self.machine = self.service.create(definition)
        self._runs = 0

    def run(self, given: BaseModel) -> Any:
        """The execution, when it has ended."""
        self._runs += 1
        started = self.service.api.start_execution(
            {"stateMachineArn": self.machine, "name": f"run-{self._runs}", "input": given.model_dump_json()}
        )
        return self.service.finish(started["executionArn"], 120)

    def _answer(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if service == "lambda":
            return self._invoke(params["FunctionName"].rpartition(":")[2], json.loads(params["Payload"]))
        if service == "events":
            if self.bus_fault:
                raise self.bus_fault
            self.events += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in params["Entries"]]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in params["Entries"]]}
        client = {"dynamodb": self.account.dynamodb, "s3": self.account.s3}[service]
        try:
            answer = getattr(client, botocore.xform_name(operation))(**params)
        except ClientError as error:
            raise CallError(error.response["Error"]["Code"], str(error)) from error
        return {name: value.read() if name == "Body" else value for name, value in answer.items()}

    def _invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.invoked.append(name)
        try:
            if name in self.failing:
                raise self.failing[name]
            answer, failed = self.functions[name](payload, Context()), {}
        except Exception as error:  # noqa: BLE001 (as the runtime does)
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": ["line"]}
            failed = {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": json.dumps(answer).encode(), "ExecutedVersion": "$LATEST", **failed}
