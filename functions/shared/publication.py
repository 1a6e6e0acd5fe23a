"""What is public of a video: the pointer in the delivery bucket, always derived from the status record.

The record's `timeline_key` and its siblings are the truth; whoever changes them calls `point` afterwards. It writes the
pointer and looks again, so that of two writers who overtake each other the last one leaves the record's current state.
"""

from typing import TYPE_CHECKING, Any

from functions.contracts.timeline import TimelinePointer
from functions.shared.errors import Transient, aws_errors
from functions.shared.live import deserialise
from functions.shared.objects import put_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

IMMUTABLE = "public, max-age=31536000, immutable"
SHORT = "public, max-age=30"
_ATTEMPTS = 10

Record = dict[str, Any]


def status_key(video_id: str) -> dict[str, Any]:
    """Key of a video's status record, as DynamoDB takes it."""
    return {"video_id": {"S": video_id}, "record": {"S": "status"}}


def pointer_key(video_id: str) -> str:
    """Of the pointer in the delivery bucket."""
    return f"videos/{video_id}.json"


def find_status(dynamodb: "DynamoDBClient", table: str, video_id: str) -> Record | None:
    """The status record (strongly consistent), or None."""
    with aws_errors(f"get status of {video_id}"):
        answer = dynamodb.get_item(TableName=table, Key=status_key(video_id), ConsistentRead=True)
    return deserialise(answer.get("Item") or {}) or None


def pointer(record: Record) -> TimelinePointer:
    """What the record makes public. Without a timeline the video is unpublished, whatever its state."""
    published = "timeline_key" in record
    return TimelinePointer(
        video_id=record["video_id"],
        shop_id=record["shop_id"],
        state="published" if published else "unpublished",
        timeline=record.get("timeline_key"),
        timeline_sha256=record.get("timeline_sha256"),
        webvtt=record.get("webvtt_key"),
        json_ld=record.get("json_ld_key"),
    )


def point(s3: "S3Client", dynamodb: "DynamoDBClient", *, bucket: str, table: str, video_id: str) -> None:
    """Make `videos/<video_id>.json` say what the status record says. Raises Transient or Permanent."""
    written: TimelinePointer | None = None
    for _ in range(_ATTEMPTS):
        record = find_status(dynamodb, table, video_id)
        if record is None:
            return
        wanted = pointer(record)
        if wanted == written:
            return
        put_json(s3, bucket, pointer_key(video_id), wanted, SHORT)
        written = wanted
    raise Transient(f"the status of {video_id} changes faster than its pointer can be written")
