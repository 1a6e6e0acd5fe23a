"""The analysis bucket, the delivery bucket and the videos table.

Every write to the table holds the same fence: the status record still names this execution, and nobody took the video
down.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from functions.contracts.analysis import Analysis, Appearance
from functions.contracts.video import PublishInput
from functions.shared import aws, publication
from functions.shared.errors import Transient, aws_errors, error_code
from functions.shared.live import serialise
from functions.shared.objects import get_json, put_bytes
from functions.video.publish.env import Environment
from functions.video.publish.logic import Publication, SupersededError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_FENCE = "#execution = :execution AND #state <> :unpublished"
_FENCE_NAMES = {"#execution": "execution", "#state": "state"}
_WRITES_PER_TRANSACTION = 99
"""One of the hundred actions is the fence.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
_APPEARANCE = "appearance#"


@dataclass(frozen=True, kw_only=True)
class Store:
    """Implements functions.video.publish.logic.Publisher. Raises Transient or Permanent."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    environment: Environment
    order: PublishInput

    @classmethod
    def of(cls, order: PublishInput, environment: Environment) -> Self:
        """The store of one publication, with the container's clients."""
        return cls(s3=aws.s3(), dynamodb=aws.dynamodb(), environment=environment, order=order)

    def analysis(self, key: str) -> Analysis:
        """analysis.json."""
        return get_json(self.s3, self.environment.analysis_bucket, key, Analysis)

    def put_document(self, key: str, body: bytes, content_type: str) -> None:
        """Its key holds the timeline's hash: caches may keep it for ever."""
        put_bytes(self.s3, self.environment.delivery_bucket, key, body, content_type, publication.IMMUTABLE)

    def replace_appearances(self, appearances: Sequence[Appearance]) -> None:
        """In transactions, each with the fence. A reader between two of them sees a mixture, the public never does."""
        table, video_id = self.environment.videos_table, self.order.video_id
        rows = {f"{_APPEARANCE}{appearance.appearance_id}": appearance for appearance in appearances}
        writes: list[dict[str, Any]] = [
            {"Put": {"TableName": table, "Item": serialise(_row(video_id, record, appearance))}}
            for record, appearance in rows.items()
        ]
        writes += [
            {"Delete": {"TableName": table, "Key": {"video_id": {"S": video_id}, "record": {"S": record}}}}
            for record in self._stored_appearances()
            if record not in rows
        ]
        fence = {
            "ConditionCheck": {
                "TableName": table,
                "Key": publication.status_key(video_id),
                "ConditionExpression": _FENCE,
                "ExpressionAttributeNames": _FENCE_NAMES,
                "ExpressionAttributeValues": self._fence_values(),
            }
        }
        for first in range(0, len(writes), _WRITES_PER_TRANSACTION):
            self._transact([fence, *writes[first : first + _WRITES_PER_TRANSACTION]])

    def set_timeline(self, published: Publication) -> None:
        """Timeline, cue track and JSON-LD, as the pointer will name them."""
        self._update(
            "SET timeline_key = :timeline, timeline_sha256 = :sha256, webvtt_key = :webvtt, json_ld_key = :json_ld",
            {
                ":timeline": published.timeline_key,
                ":sha256": published.timeline_sha256,
                ":webvtt": published.webvtt_key,
                ":json_ld": published.json_ld_key,
            },
        )

    def point(self) -> None:
        """The pointer follows the record."""
        publication.point(
            self.s3,
            self.dynamodb,
            bucket=self.environment.delivery_bucket,
            table=self.environment.videos_table,
            video_id=self.order.video_id,
        )

    def finish(self, analysis: Analysis, approved: int) -> None:
        """State, counts and time."""
        self._update(
            "SET #state = :published, updated_at = :now, asset_id = :asset, catalogue_revision = :revision, "
            "analysis_key = :analysis, appearances = :appearances, uncertain = :uncertain, "
            "frames_examined = :frames, shots = :shots REMOVE reason",
            {
                ":published": "published",
                ":now": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                ":asset": analysis.asset_id,
                ":revision": analysis.catalogue_revision,
                ":analysis": self.order.analysis_key,
                ":appearances": approved,
                ":uncertain": len(analysis.appearances) - approved,
                ":frames": analysis.frames_examined,
                ":shots": len(analysis.shots),
            },
        )

    def _stored_appearances(self) -> list[str]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.environment.videos_table,
            KeyConditionExpression="video_id = :video AND begins_with(#record, :appearance)",
            ExpressionAttributeNames={"#record": "record"},
            ExpressionAttributeValues={":video": {"S": self.order.video_id}, ":appearance": {"S": _APPEARANCE}},
            ProjectionExpression="#record",
            ConsistentRead=True,
        )
        with aws_errors(f"query appearances of {self.order.video_id}"):
            return [item["record"].get("S", "") for page in pages for item in page["Items"]]

    def _fence_values(self) -> dict[str, Any]:
        return serialise({":execution": self.order.execution, ":unpublished": "unpublished"})

    def _update(self, expression: str, values: dict[str, Any]) -> None:
        with aws_errors(f"update status of {self.order.video_id}"):
            try:
                self.dynamodb.update_item(
                    TableName=self.environment.videos_table,
                    Key=publication.status_key(self.order.video_id),
                    UpdateExpression=expression,
                    ConditionExpression=_FENCE,
                    ExpressionAttributeNames=_FENCE_NAMES,
                    ExpressionAttributeValues={**serialise(values), **self._fence_values()},
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    raise SupersededError(self.order.execution) from error
                raise

    def _transact(self, actions: list[dict[str, Any]]) -> None:
        with aws_errors(f"write appearances of {self.order.video_id}"):
            try:
                self.dynamodb.transact_write_items(TransactItems=actions)  # pyright: ignore[reportArgumentType]
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
                if "ConditionalCheckFailed" in reasons:
                    raise SupersededError(self.order.execution) from error
                raise Transient(f"write appearances of {self.order.video_id}: {error}") from error


def _row(video_id: str, record: str, appearance: Appearance) -> dict[str, Any]:
    """Boxes stay in the analysis: a row is read by people and by the review desk."""
    fields = json.loads(appearance.model_dump_json(exclude={"boxes"}), parse_float=Decimal)
    return {**fields, "video_id": video_id, "record": record}
