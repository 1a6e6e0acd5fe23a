"""The Step Functions API: state machines, executions, map runs, task tokens."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from embedded.cloud.protocols import RefusedError
from embedded.cloud.stepfunctions import lifecycle
from embedded.cloud.stepfunctions.definition import DefinitionError, load
from embedded.cloud.stepfunctions.errors import TokenError
from embedded.cloud.stepfunctions.interpreter import Runtime
from embedded.cloud.stepfunctions.pages import page_of
from embedded.cloud.stepfunctions.records import Execution, MapRun, Revision, StateMachine, now
from embedded.cloud.stepfunctions.tokens import TaskTokens
from embedded.cloud.stepfunctions.versions import Versions

Json = Any
Params = dict[str, Any]
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html: characters that a name lacks
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_UNWIND_SECONDS = 30
_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class StepFunctions(Versions):
    """All of one account and region."""

    def __init__(
        self,
        runtime: Runtime,
        tokens: TaskTokens,
        check_role: Callable[[str, str], None] = lambda _role_arn, _machine_arn: None,
    ) -> None:
        super().__init__()
        self._runtime = runtime
        self._tokens = tokens
        self._check_role = check_role
        self._executions: dict[str, Execution] = {}
        self._prefix = f"arn:aws:states:{runtime.region}:{runtime.account_id}"

    # State machines

    def create_state_machine(self, params: Params) -> Params:
        name: str = params["name"]
        _check_name(name)
        definition = _definition(params["definition"])
        kind: str = params.get("type", "STANDARD")
        if kind != "STANDARD":
            raise RefusedError("StateMachineTypeNotSupported", "The embedded AWS serves STANDARD workflows only")
        _check_publishing(params)
        arn = f"{self._prefix}:stateMachine:{name}"
        self._check_role(params["roleArn"], arn)
        with self._lock:
            machine = self._machines.get(arn)
            if machine is None:
                settings = {name: params[name] for name in _SETTINGS if name in params}
                revision = Revision(str(uuid.uuid4()), params["roleArn"], params["definition"], definition, settings)
                tags = {tag["key"]: tag["value"] for tag in params.get("tags", [])}
                machine = StateMachine(arn=arn, name=name, revision=revision, kind=kind, created=now(), tags=tags)
                self._machines[arn] = machine
            elif (machine.revision.text, machine.revision.role_arn) != (params["definition"], params["roleArn"]):
                raise RefusedError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
            version = self._published(machine, params)
        return {"stateMachineArn": arn, "creationDate": machine.created, "stateMachineVersionArn": version}

    def update_state_machine(self, params: Params) -> Params:
        machine = self._machine(params["stateMachineArn"])
        if not params.keys() - {"stateMachineArn", "publish", "versionDescription"}:
            raise RefusedError(
                "MissingRequiredParameter", "Either the definition, the role ARN, or a configuration must be given"
            )
        _check_publishing(params)
        definition = _definition(params["definition"]) if "definition" in params else machine.revision.definition
        if "roleArn" in params:
            self._check_role(params["roleArn"], params["stateMachineArn"])
        with self._lock:
            old = machine.revision
            new = Revision(
                old.revision_id,
                params.get("roleArn", old.role_arn),
                params.get("definition", old.text),
                definition,
                old.settings | {name: params[name] for name in _SETTINGS if name in params},
            )
            if new != old:
                machine.revision = replace(new, revision_id=str(uuid.uuid4()))
            version = self._published(machine, params)
        return {
            "updateDate": now(),
            "revisionId": machine.revision.revision_id,
            "stateMachineVersionArn": version,
        }

    def _published(self, machine: StateMachine, params: Params) -> str | None:
        if not params.get("publish"):
            return None
        return self._publish(machine, params.get("versionDescription", "")).arn

    def describe_state_machine(self, params: Params) -> Params:
        machine, version, alias = self._qualified(params["stateMachineArn"])
        if alias is not None:
            raise RefusedError(
                "ValidationException", f"An alias is described by DescribeStateMachineAlias: {alias.arn}"
            )
        revision = version.revision if version else machine.revision
        return {
            "stateMachineArn": version.arn if version else machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": revision.text,
            "roleArn": revision.role_arn,
            "type": machine.kind,
            "creationDate": version.created if version else machine.created,
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            "tracingConfiguration": {"enabled": False},
            "revisionId": revision.revision_id,
            "description": version.description if version else None,
            **revision.settings,
        }

    def describe_state_machine_for_execution(self, params: Params) -> Params:
        execution = self._execution(params["executionArn"])
        return {
            "stateMachineArn": execution.machine_arn,
            "name": execution.machine_name,
            "definition": execution.machine_text or json.dumps(execution.definition),
            "roleArn": execution.role_arn,
            "updateDate": execution.started,
            "mapRunArn": execution.map_run.arn if execution.map_run else None,
            "label": execution.map_run.label if execution.map_run else None,
        }

    def delete_state_machine(self, params: Params) -> Params:
        with self._lock:
            self._machines.pop(params["stateMachineArn"], None)
        return {}

    def list_state_machines(self, params: Params) -> Params:
        machines = sorted(self._machines.values(), key=lambda machine: machine.name)
        page, token = page_of(machines, params)
        shown = [
            {"stateMachineArn": one.arn, "name": one.name, "type": one.kind, "creationDate": one.created}
            for one in page
        ]
        return {"stateMachines": shown, "nextToken": token}

    def validate_state_machine_definition(self, params: Params) -> Params:
        try:
            load(params["definition"])
        except DefinitionError as error:
            shown = [
                {"severity": "ERROR", "code": one.code, "message": one.message, "location": one.location}
                for one in error.problems
            ]
            return {"result": "FAIL", "diagnostics": shown, "truncated": False}
        return {"result": "OK", "diagnostics": [], "truncated": False}

    def tag_resource(self, params: Params) -> Params:
        machine = self._machine(params["resourceArn"], "ResourceNotFound")
        machine.tags |= {tag["key"]: tag["value"] for tag in params["tags"]}
        return {}

    def untag_resource(self, params: Params) -> Params:
        machine = self._machine(params["resourceArn"], "ResourceNotFound")
        for key in params["tagKeys"]:
            machine.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        machine = self._machine(params["resourceArn"], "ResourceNotFound")
        return {"tags": [{"key": key, "value": value} for key, value in sorted(machine.tags.items())]}

    # Executions

    def start_execution(self, params: Params) -> Params:
        """Documented: the name of a *running* execution with the same input gives that one back; else it is taken."""
        text: str = params.get("input", "{}")
        try:
            data = json.loads(text)
        except ValueError as error:
            raise RefusedError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
        name: str = params.get("name") or str(uuid.uuid4())
        _check_name(name)
        with self._lock:
            machine, version, alias = self._qualified(params["stateMachineArn"])
            if alias is not None:
                version = self._choose(machine, alias)
            revision = version.revision if version else machine.revision
            arn = f"{self._prefix}:execution:{machine.name}:{name}"
            held = self._executions.get(arn)
            if held is not None:
                if held.status == "RUNNING" and held.input == text:
                    return {"executionArn": arn, "startDate": held.started}
                raise RefusedError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            execution = Execution(
                arn=arn,
                name=name,
                machine_arn=machine.arn,
                machine_name=machine.name,
                role_arn=revision.role_arn,
                definition=revision.definition,
                input=text,
                data=data,
                machine_text=revision.text,
                version_arn=version.arn if version else None,
                alias_arn=alias.arn if alias else None,
                encrypted=revision.encrypted,
                trace_header=params.get("traceHeader"),
                on_change=self._runtime.on_change,
            )
            self._executions[arn] = execution
        lifecycle.start(self._runtime, execution)
        return {"executionArn": arn, "startDate": execution.started}

    def describe_execution(self, params: Params) -> Params:
        execution = self._execution(params["executionArn"])
        shown: Params = {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "stateMachineVersionArn": execution.version_arn,
            "stateMachineAliasArn": execution.alias_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.started,
            "stopDate": execution.stopped,
            "redriveCount": execution.redrives,
            "redriveDate": execution.redriven,
            "mapRunArn": execution.map_run.arn if execution.map_run else None,
            "error": execution.error,
            "cause": execution.cause,
            "traceHeader": execution.trace_header,
        }
        if params.get("includedData", "ALL_DATA") == "ALL_DATA":
            shown |= {"input": execution.input, "inputDetails": {"included": True}, "output": execution.output}
            if execution.output is not None:
                shown["outputDetails"] = {"included": True}
        redrivable = execution.status in ("FAILED", "ABORTED", "TIMED_OUT") and execution.map_run is None
        shown["redriveStatus"] = "REDRIVABLE" if redrivable else "NOT_REDRIVABLE"
        if not redrivable:
            shown["redriveStatusReason"] = f"Execution is {execution.status} and cannot be redriven"
        return shown

    def get_execution_history(self, params: Params) -> Params:
        events = self._execution(params["executionArn"]).history.events()
        if params.get("reverseOrder"):
            events.reverse()
        page, token = page_of(events, params)
        return {"events": page, "nextToken": token}

    def list_executions(self, params: Params) -> Params:
        if "mapRunArn" in params:
            executions = self._map_run(params["mapRunArn"]).children
        elif "stateMachineArn" in params:
            arn: str = params["stateMachineArn"]
            self._qualified(arn)
            executions = [
                one for one in self._executions.values() if arn in (one.machine_arn, one.version_arn, one.alias_arn)
            ]
        else:
            raise RefusedError("ValidationException", "Either stateMachineArn or mapRunArn must be given")
        wanted = params.get("statusFilter")
        found = [one for one in executions if wanted in (None, one.status)]
        page, token = page_of(sorted(found, key=lambda one: one.started, reverse=True), params)
        shown = [
            {
                "executionArn": one.arn,
                "stateMachineArn": one.machine_arn,
                "stateMachineVersionArn": one.version_arn,
                "stateMachineAliasArn": one.alias_arn,
                "name": one.name,
                "status": one.status,
                "startDate": one.started,
                "stopDate": one.stopped,
                "mapRunArn": one.map_run.arn if one.map_run else None,
                "itemCount": one.items if one.map_run else None,
                "redriveCount": one.redrives,
                "redriveDate": one.redriven,
            }
            for one in page
        ]
        return {"executions": shown, "nextToken": token}

    def stop_execution(self, params: Params) -> Params:
        execution = self._execution(params["executionArn"])
        execution.close("ABORTED", error=params.get("error"), cause=params.get("cause"))
        return {"stopDate": execution.stopped}

    def redrive_execution(self, params: Params) -> Params:
        execution = self._execution(params["executionArn"])
        if execution.status != "RUNNING" and execution.map_run is None:
            # What still unwinds would take the new attempt's end for its own.
            execution.left.wait(_UNWIND_SECONDS)
        with self._lock:
            if execution.status not in ("FAILED", "ABORTED", "TIMED_OUT") or execution.map_run is not None:
                message = f"Execution is not redrivable: '{execution.arn}' is {execution.status}"
                raise RefusedError("ExecutionNotRedrivable", message)
            execution.reopen()
        lifecycle.start(self._runtime, execution)
        return {"redriveDate": execution.redriven}

    # Map runs

    def list_map_runs(self, params: Params) -> Params:
        execution = self._execution(params["executionArn"])
        page, token = page_of(self._map_runs_of(execution), params)
        shown = [
            {
                "executionArn": run.execution_arn,
                "mapRunArn": run.arn,
                "stateMachineArn": execution.machine_arn,
                "startDate": run.started,
                "stopDate": run.stopped,
            }
            for run in page
        ]
        return {"mapRuns": shown, "nextToken": token}

    def describe_map_run(self, params: Params) -> Params:
        run = self._map_run(params["mapRunArn"])
        return {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.started,
            "stopDate": run.stopped,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": run.tolerated_percentage,
            "toleratedFailureCount": run.tolerated_count,
            "itemCounts": run.counts(items=True),
            "executionCounts": run.counts(items=False),
            "redriveCount": run.redrives,
            "redriveDate": run.redriven,
        }

    # Task tokens

    def send_task_success(self, params: Params) -> Params:
        try:
            output = json.loads(params["output"])
        except ValueError as error:
            raise RefusedError("InvalidOutput", f"Invalid Output: '{error}'") from error
        return self._answer(lambda: self._tokens.succeed(params["taskToken"], output))

    def send_task_failure(self, params: Params) -> Params:
        error, cause = params.get("error", ""), params.get("cause", "")
        return self._answer(lambda: self._tokens.fail(params["taskToken"], error, cause))

    def send_task_heartbeat(self, params: Params) -> Params:
        return self._answer(lambda: self._tokens.beat(params["taskToken"]))

    def stop(self) -> None:
        """Abort everything that runs, without telling anybody."""
        for execution in list(self._executions.values()):
            execution.on_change = None
            execution.close("ABORTED")

    def execution(self, arn: str) -> Execution:
        """The execution itself, for those who wait for its end in this process. Errors: RefusedError."""
        return self._execution(arn)

    @staticmethod
    def _answer(send: Any) -> Params:  # noqa: ANN401 - a call without arguments
        try:
            send()
        except TokenError as error:
            raise RefusedError(error.code, error.message, error.status) from error
        return {}

    def _map_runs_of(self, execution: Execution) -> list[MapRun]:
        return sorted(execution.map_runs.values(), key=lambda run: run.started, reverse=True)

    def _every_map_run(self) -> list[MapRun]:
        runs: list[MapRun] = []
        todo = list(self._executions.values())
        while todo:
            found = list(todo.pop().map_runs.values())
            runs += found
            todo += [child for run in found for child in run.children if child.map_runs]
        return runs

    def _map_run(self, arn: str) -> MapRun:
        run = next((run for run in self._every_map_run() if run.arn == arn), None)
        if run is None:
            raise RefusedError("ResourceNotFound", f"Resource not found: '{arn}'")
        return run

    def _execution(self, arn: str) -> Execution:
        execution = self._executions.get(arn)
        if execution is None:
            children = (child for run in self._every_map_run() for child in run.children)
            execution = next((child for child in children if child.arn == arn), None)
        if execution is None:
            raise RefusedError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RefusedError("InvalidName", f"Invalid Name: '{name}'")


def _definition(text: str) -> dict[str, Json]:
    try:
        return load(text)
    except DefinitionError as error:
        raise RefusedError("InvalidDefinition", str(error)) from error


def _check_publishing(params: Params) -> None:
    if "versionDescription" in params and not params.get("publish"):
        raise RefusedError("ValidationException", "Version description can only be set when publish is true")
