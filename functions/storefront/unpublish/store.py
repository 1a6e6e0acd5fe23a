"""The videos table, the delivery bucket, CloudFront and the event bus."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from functions.contracts import events
from functions.contracts.video import UnpublishInput
from functions.shared import aws, publication
from functions.shared.errors import Transient, aws_errors, error_code
from functions.storefront.unpublish.env import Environment

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Store:
    """Implements functions.storefront.unpublish.logic.Publications. Raises Transient or Permanent."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    cloudfront: "CloudFrontClient"
    eventbridge: "EventBridgeClient"
    environment: Environment
    order: UnpublishInput

    @classmethod
    def of(cls, order: UnpublishInput, environment: Environment) -> Self:
        """The store of one video, with the container's clients."""
        return cls(
            s3=aws.s3(),
            dynamodb=aws.dynamodb(),
            cloudfront=aws.cloudfront(),
            eventbridge=aws.eventbridge(),
            environment=environment,
            order=order,
        )

    def status(self) -> dict[str, Any] | None:
        """The status record."""
        return publication.find_status(self.dynamodb, self.environment.videos_table, self.order.video_id)

    def take_down(self) -> str:
        """Only the first of several calls changes the time: the others repeat its side effects and add none."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with aws_errors(f"unpublish {self.order.video_id}"):
            try:
                self.dynamodb.update_item(
                    TableName=self.environment.videos_table,
                    Key=publication.status_key(self.order.video_id),
                    UpdateExpression="SET #state = :unpublished, updated_at = :now "
                    "REMOVE timeline_key, timeline_sha256, webvtt_key, json_ld_key, reason",
                    ConditionExpression="attribute_exists(video_id) AND #state <> :unpublished",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":unpublished": {"S": "unpublished"}, ":now": {"S": now}},
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                now = str((self.status() or {}).get("updated_at", now))
        return now

    def point(self) -> None:
        """The pointer follows the record."""
        publication.point(
            self.s3,
            self.dynamodb,
            bucket=self.environment.delivery_bucket,
            table=self.environment.videos_table,
            video_id=self.order.video_id,
        )

    def invalidate(self, reference: str) -> None:
        """A repeated CallerReference with the same paths returns the invalidation that it made the first time.

        https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_InvalidationBatch.html
        """
        paths = [f"/{publication.pointer_key(self.order.video_id)}"]
        with aws_errors(f"invalidate {paths[0]}"):
            self.cloudfront.create_invalidation(
                DistributionId=self.environment.distribution_id,
                InvalidationBatch={"Paths": {"Quantity": 1, "Items": paths}, "CallerReference": reference},
            )

    def announce(self, event: events.VideoUnpublished) -> None:
        """A crash between the two leaves the event to be sent again: consumers get it at least once."""
        with aws_errors(f"announce that {self.order.video_id} is unpublished"):
            answer = self.eventbridge.put_events(
                Entries=[
                    {
                        "EventBusName": self.environment.event_bus_name,
                        "Source": events.SOURCE,
                        "DetailType": "VideoUnpublished",
                        "Detail": event.model_dump_json(),
                    }
                ]
            )
            if answer["FailedEntryCount"]:
                raise Transient(f"the event bus refused VideoUnpublished of {self.order.video_id}: {answer['Entries']}")
            self.dynamodb.update_item(
                TableName=self.environment.videos_table,
                Key=publication.status_key(self.order.video_id),
                UpdateExpression="SET announced_at = updated_at",
                ConditionExpression="attribute_exists(video_id)",
            )
