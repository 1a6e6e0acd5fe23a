"""The film in the video bucket; shots.json and tracks.bin in the analysis bucket."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from functions.contracts.video import SegmentInput
from functions.shared import aws
from functions.shared.objects import BINARY, put_bytes, put_json
from functions.shared.s3_range import S3RangeFile
from functions.shoppable.shots import SegmentShots
from functions.video.detect_shots.env import Environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Store:
    """Implements functions.video.detect_shots.logic.Film. Raises Transient or Permanent."""

    s3: "S3Client"
    analysis_bucket: str
    order: SegmentInput

    @classmethod
    def of(cls, order: SegmentInput, environment: Environment) -> Self:
        """The store of one segment, with the container's client."""
        return cls(s3=aws.s3(), analysis_bucket=environment.analysis_bucket, order=order)

    def open(self) -> BinaryIO:
        """The analysed version of the film."""
        order = self.order
        file = S3RangeFile(self.s3, order.bucket, order.key, order.version_id, order.source.size_bytes)
        return cast("BinaryIO", file)

    def put_tracks(self, key: str, body: bytes) -> None:
        """tracks.bin."""
        put_bytes(self.s3, self.analysis_bucket, key, body, BINARY)

    def put_shots(self, key: str, found: SegmentShots) -> None:
        """shots.json."""
        put_json(self.s3, self.analysis_bucket, key, found)
