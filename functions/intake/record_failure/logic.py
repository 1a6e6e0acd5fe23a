"""What a status record says of an execution that ended without writing its own end.

`States.DataLimitExceeded`, `States.Runtime`, the execution's own timeout and a person's stop are caught by no Catch:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import json
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import BaseModel, Field, ValidationError

from functions.contracts.base import Reason

_MESSAGE_LENGTH = 2000


class Ended(BaseModel):
    """`detail` of a Step Functions Execution Status Change event, as far as it is needed.

    Of a state machine under a customer-managed key, and of large data, the event holds no input, error or cause.
    """

    execution_arn: str = Field(alias="executionArn")
    status: Literal["FAILED", "TIMED_OUT", "ABORTED"]
    input: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whose status it is: a record's key in one of the two tables."""

    table: Literal["imports", "videos"]
    key: dict[str, str]


def subject(ended: Ended) -> Subject | None:
    """Whose execution it was, by its input; None if it belongs to neither pipeline (a Map's child, for one)."""
    try:
        given: object = json.loads(ended.input or "null")
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    fields = {name: value for name, value in cast("dict[str, object]", given).items() if isinstance(value, str)}
    if "video_id" in fields:
        return Subject(table="videos", key={"video_id": fields["video_id"], "record": "status"})
    if "import_id" in fields and "shop_id" in fields:
        return Subject(table="imports", key={"shop_id": fields["shop_id"], "record": f"import#{fields['import_id']}"})
    return None


def reason(ended: Ended) -> Reason:
    """Why it ended, for a person."""
    if ended.status == "TIMED_OUT":
        return Reason(
            code="TimedOut", message="The execution ran longer than its state machine allows. Upload the file again."
        )
    if ended.status == "ABORTED":
        by = _readable(ended.cause) or "no cause was given"
        return _reason("Aborted", f"The execution was stopped: {by}")
    text = _readable(ended.cause) or "The execution failed and gave no cause; its history in Step Functions says where."
    return _reason(ended.error or "Failed", text)


def _reason(code: str, message: str) -> Reason:
    try:
        return Reason(code=code, message=message[:_MESSAGE_LENGTH])
    except ValidationError:
        return Reason(code="Failed", message=f"{code}: {message}"[:_MESSAGE_LENGTH])


def _readable(cause: str | None) -> str:
    """Of a Lambda error's JSON only its message; any other cause as it is."""
    try:
        parsed: object = json.loads(cause or "")
    except ValueError:
        return (cause or "").strip()
    if isinstance(parsed, dict):
        message = cast("dict[str, object]", parsed).get("errorMessage")
        if isinstance(message, str) and message.strip():
            return message.strip()
    return (cause or "").strip()
