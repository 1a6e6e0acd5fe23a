"""Frames and matches in the analysis bucket, the index in the catalogue bucket, progress in the videos table."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter

from functions.contracts.video import SegmentInput, StoredFrame
from functions.shared import aws
from functions.shared.errors import Permanent, Transient, aws_errors
from functions.shared.objects import get_bytes, get_json, put_bytes, put_json
from functions.shared.observability import logger
from functions.shoppable.matching.port import Matcher
from functions.shoppable.shots import SegmentShots
from functions.shoppable.sightings import SegmentMatches
from functions.shoppable.tracks import Tracks
from functions.video.match_frames import index
from functions.video.match_frames.env import Environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_FRAMES = TypeAdapter(tuple[StoredFrame, ...])
_READ_AHEAD = 8


@dataclass(frozen=True, kw_only=True)
class Store:
    """Implements functions.video.match_frames.logic.Segment. Raises Transient or Permanent."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    environment: Environment
    order: SegmentInput

    @classmethod
    def of(cls, order: SegmentInput, environment: Environment) -> Self:
        """The store of one segment, with the container's clients."""
        return cls(s3=aws.s3(), dynamodb=aws.dynamodb(), environment=environment, order=order)

    def frames(self, key: str) -> Sequence[StoredFrame]:
        """frames.json."""
        return _FRAMES.validate_json(get_bytes(self.s3, self.environment.analysis_bucket, key))

    def shots(self, key: str) -> SegmentShots:
        """shots.json."""
        return get_json(self.s3, self.environment.analysis_bucket, key, SegmentShots)

    def tracks(self, key: str) -> Tracks:
        """tracks.bin."""
        try:
            return Tracks.from_bytes(get_bytes(self.s3, self.environment.analysis_bucket, key))
        except ValueError as error:
            raise Permanent(f"{key} cannot be read by this code: {error}") from error

    def pictures(self, stored: Sequence[StoredFrame]) -> Iterator[bytes]:
        """Read ahead of the matcher by a few pictures."""
        remaining = iter(stored)
        with ThreadPoolExecutor(_READ_AHEAD) as readers:

            def submit(frames: Iterable[StoredFrame]) -> list[Future[bytes]]:
                return [
                    readers.submit(get_bytes, self.s3, self.environment.analysis_bucket, frame.key) for frame in frames
                ]

            pending = submit(islice(remaining, _READ_AHEAD))
            while pending:
                yield pending.pop(0).result()
                pending += submit(islice(remaining, 1))

    def matcher(self) -> Matcher:
        """The engine over this analysis's catalogue revision."""
        prefix = f"revisions/{self.order.shop_id}/{self.order.catalogue_revision}/index"
        return index.load(self.s3, self.environment.catalogue_bucket, prefix)

    def report(self, done: int, total: int) -> None:
        """Into the status record, if it is still there: a deleted record is not brought back."""
        try:
            with aws_errors(f"report progress of {self.order.video_id}"):
                self.dynamodb.update_item(
                    TableName=self.environment.videos_table,
                    Key={"video_id": {"S": self.order.video_id}, "record": {"S": "status"}},
                    UpdateExpression="SET progress.#segment = :progress",
                    ConditionExpression="attribute_exists(progress)",
                    ExpressionAttributeNames={"#segment": str(self.order.segment.index)},
                    ExpressionAttributeValues={
                        ":progress": {"M": {"done": {"N": str(done)}, "total": {"N": str(total)}}}
                    },
                )
        except (Transient, Permanent) as error:
            logger.warning("Progress was not recorded", extra={"error": str(error)})

    def put_crops(self, key: str, jpeg: bytes) -> None:
        """One pair."""
        put_bytes(self.s3, self.environment.analysis_bucket, key, jpeg, "image/jpeg")

    def put_matches(self, key: str, found: SegmentMatches) -> None:
        """matches.json."""
        put_json(self.s3, self.environment.analysis_bucket, key, found)
