"""The items of a distributed Map: read from S3, limited, batched."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from embedded.cloud.stepfunctions import integrations
from embedded.cloud.stepfunctions.errors import StateError
from embedded.cloud.stepfunctions.fork import items_of
from embedded.cloud.stepfunctions.integrations import CallError, UnusableError
from embedded.cloud.stepfunctions.interpreter import Step
from embedded.cloud.stepfunctions.intrinsics import dumps
from embedded.cloud.stepfunctions.template import fill, number

Json = Any


def read_items(step: Step, data: Json) -> list[Json]:
    """What the Map runs over: `ItemReader`'s data set, or the array at `ItemsPath`. Errors: States.ItemReaderFailed."""
    reader: Mapping[str, Json] | None = step.state.get("ItemReader")
    if reader is None:
        return items_of(step, data)
    template: Json = reader.get("Parameters", {})
    params = fill(template, data, step.context)
    config: Mapping[str, Json] = reader.get("ReaderConfig", {})
    most = number(config, "MaxItems", data, step.context)
    try:
        items = (
            _list_objects(step, params)
            if reader["Resource"].endswith("listObjectsV2")
            else _objects(step, params, config)
        )
    except CallError as error:
        cause = f"{error.message} (Service: S3, Status Code: {error.status}, Request ID: {error.request_id})"
        raise StateError("States.ItemReaderFailed", cause) from error
    except (ValueError, KeyError, UnusableError) as error:
        cause = f"Attempting to read the item source {dumps(params)} failed: {error}"
        raise StateError("States.ItemReaderFailed", cause) from error
    return items if most is None else items[: int(most)]


def _call(step: Step, action: str, params: Json) -> dict[str, Json]:
    integration = integrations.parse(f"arn:aws:states:::aws-sdk:s3:{action}")
    request = integrations.request(integration, params)
    frame = step.frame
    return frame.scope.run(
        lambda: frame.runtime.calls.call(frame.execution.role_arn, "s3", integration.operation, request)
    )


def _list_objects(step: Step, params: Json) -> list[Json]:
    found: list[Json] = []
    token: dict[str, str] = {}
    while True:
        answer = _call(step, "listObjectsV2", {**params, **token})
        found += [_listed(entry) for entry in answer.get("Contents", [])]
        if not answer.get("IsTruncated"):
            return found
        token = {"ContinuationToken": answer["NextContinuationToken"]}


def _listed(entry: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "Etag": entry["ETag"],
        "Key": entry["Key"],
        "LastModified": int(entry["LastModified"].timestamp()),
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }


def _objects(step: Step, params: Json, config: Mapping[str, Json]) -> list[Json]:
    text: str = _call(step, "getObject", params)["Body"].decode("utf-8-sig")
    match config.get("InputType"):
        case "JSON":
            value: Json = json.loads(text)
            for part in str(config.get("ItemsPointer", "")).split("/")[1:]:
                value = value[part.replace("~1", "/").replace("~0", "~")]
            if isinstance(value, dict):
                return [{"Key": key, "Value": inner} for key, inner in value.items()]  # pyright: ignore[reportUnknownVariableType]
            if not isinstance(value, list):
                raise ValueError("the JSON document is neither an array nor an object")
            return value  # pyright: ignore[reportUnknownVariableType]
        case "JSONL":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        case "CSV":
            return _rows(text, config)
        case other:
            raise ValueError(f"InputType {other} is not served")


_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def _rows(text: str, config: Mapping[str, Json]) -> list[Json]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    given: list[str] = config.get("CSVHeaders", [])
    names = given if config.get("CSVHeaderLocation") == "GIVEN" else next(rows, given)
    return [dict(zip(names, [*row, *[""] * (len(names) - len(row))], strict=False)) for row in rows]


def batch(step: Step, data: Json, items: list[Json]) -> list[tuple[Json, int]]:
    """The inputs of the children and how many items each holds: one per item, or one per batch of `ItemBatcher`."""
    batcher: Mapping[str, Json] | None = step.state.get("ItemBatcher")
    if batcher is None:
        return [(item, 1) for item in items]
    most = number(batcher, "MaxItemsPerBatch", data, step.context)
    most_bytes = number(batcher, "MaxInputBytesPerBatch", data, step.context)
    extra: dict[str, Json] = {}
    if "BatchInput" in batcher:
        extra["BatchInput"] = fill(batcher["BatchInput"], data, step.context)
    batches: list[tuple[Json, int]] = []
    held: list[Json] = []
    size = base = len(dumps({**extra, "Items": []}).encode())
    for item in items:
        weight = len(dumps(item).encode()) + 1
        if held and ((most and len(held) >= most) or (most_bytes and size + weight > most_bytes)):
            batches.append(({**extra, "Items": held}, len(held)))
            held, size = [], base
        held.append(item)
        size += weight
    if held:
        batches.append(({**extra, "Items": held}, len(held)))
    return batches
