"""What a distributed Map gives: the array of its children's outputs, or files in S3 and where they are.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from embedded.cloud.stepfunctions.errors import StateError
from embedded.cloud.stepfunctions.integrations import CallError
from embedded.cloud.stepfunctions.interpreter import Step
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.records import Execution, MapRun
from embedded.cloud.stepfunctions.template import fill

Json = Any


def write_results(step: Step, data: Json, run: MapRun) -> Json:
    """The Map's result, in the order of the items. Errors: States.ResultWriterFailed."""
    writer: Mapping[str, Json] | None = step.state.get("ResultWriter")
    config: Mapping[str, Json] = (writer or {}).get("WriterConfig", {})
    transformation: str = config.get(
        "Transformation", "COMPACT" if writer is None or "Parameters" not in writer else "NONE"
    )
    succeeded = [child for child in run.children if child.status == "SUCCEEDED"]
    results = _transformed(succeeded, transformation)
    if writer is None or "Parameters" not in writer:
        run.results_written = 0
        return results
    where: dict[str, Json] = fill(writer["Parameters"], data, step.context)
    bucket: str = where["Bucket"]
    folder = "/".join(part for part in (str(where.get("Prefix", "")).strip("/"), run.arn.rpartition(":")[2]) if part)
    lines = config.get("OutputType") == "JSONL"
    files: dict[str, list[dict[str, Json]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    failed = [child for child in run.children if child.status in ("FAILED", "TIMED_OUT", "ABORTED")]
    for name, values in (("SUCCEEDED", results), ("FAILED", [_record(child) for child in failed])):
        if values:
            text = "\n".join(dumps(value) for value in values) if lines else dumps(values)
            key = f"{folder}/{name}_0.json{'l' if lines else ''}"
            _put(step, bucket, key, text)
            files[name].append({"Key": key, "Size": len(text.encode())})
    manifest = {"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": files}
    _put(step, bucket, f"{folder}/manifest.json", dumps(manifest))
    run.results_written = run.counts(items=False)["succeeded"]
    return {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"}}


def _transformed(children: list[Execution], transformation: str) -> list[Json]:
    if transformation == "NONE":
        return [_record(child) for child in children]
    outputs: list[Json] = [json.loads(child.output or "null") for child in children]
    if transformation != "FLATTEN":
        return outputs
    flat: list[Json] = []
    for output in outputs:
        flat += output if isinstance(output, list) else [output]
    return flat


def _record(child: Execution) -> dict[str, Json]:
    record: dict[str, Json] = {
        "ExecutionArn": child.arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": {"Included": True},
        "Error": child.error,
        "Cause": child.cause,
        "StartDate": child.started.isoformat(),
        "StateMachineArn": child.machine_arn,
        "Status": child.status,
        "StopDate": child.stopped.isoformat() if child.stopped else None,
        "RedriveCount": child.redrives,
    }
    return {name: value for name, value in record.items() if value is not None}


def _put(step: Step, bucket: str, key: str, text: str) -> None:
    frame = step.frame
    params = {"Bucket": bucket, "Key": key, "Body": text.encode(), "ContentType": "application/json"}
    try:
        frame.scope.run(lambda: frame.runtime.calls.call(frame.execution.role_arn, "s3", "PutObject", params))
    except CallError as error:
        raise StateError(
            "States.ResultWriterFailed", f"{error.message} (Service: S3, Status Code: {error.status})"
        ) from error
