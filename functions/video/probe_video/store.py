"""The source object in the video bucket, and the shop's `live` record."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from botocore.exceptions import ClientError

from functions.contracts.video import VideoAnalysis
from functions.shared import aws
from functions.shared.errors import aws_errors, error_code
from functions.shared.live import find_live
from functions.shared.s3_range import S3RangeFile
from functions.video.probe_video.env import Environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

OPEN_SECONDS = 120.0
_CHUNK_BYTES = 8 << 20
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound", "405", "MethodNotAllowed"})


@dataclass(frozen=True, kw_only=True)
class Store:
    """Implements functions.video.probe_video.logic.Source. Raises Transient or Permanent."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    imports_table: str
    video: VideoAnalysis

    @classmethod
    def of(cls, video: VideoAnalysis, environment: Environment) -> Self:
        """The store of one video, with the container's clients."""
        return cls(s3=aws.s3(), dynamodb=aws.dynamodb(), imports_table=environment.imports_table, video=video)

    def size_bytes(self) -> int | None:
        """None when the version was deleted, or is a delete marker (405)."""
        video = self.video
        with aws_errors(f"head s3://{video.bucket}/{video.key}"):
            try:
                return self.s3.head_object(Bucket=video.bucket, Key=video.key, VersionId=video.version_id)[
                    "ContentLength"
                ]
            except ClientError as error:
                if error_code(error) in _GONE:
                    return None
                raise

    def open(self, size_bytes: int) -> BinaryIO:
        """The object as a file that reads for at most OPEN_SECONDS."""
        video = self.video
        file = S3RangeFile(
            self.s3, video.bucket, video.key, video.version_id, size_bytes, deadline_seconds=OPEN_SECONDS
        )
        return cast("BinaryIO", file)

    def sha256(self) -> str:
        """Streams the object once."""
        video, hasher = self.video, hashlib.sha256()
        with aws_errors(f"read s3://{video.bucket}/{video.key}"):
            body = self.s3.get_object(Bucket=video.bucket, Key=video.key, VersionId=video.version_id)["Body"]
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                hasher.update(chunk)
        return hasher.hexdigest()

    def live_revision(self) -> str | None:
        """None before the shop's first import."""
        live = find_live(self.dynamodb, self.imports_table, self.video.shop_id)
        return live.revision if live else None
