"""The source object in the video bucket, and the shop's `live` record."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, Self, cast

from botocore.exceptions import ClientError

from functions.contracts.video import VideoAnalysis
from functions.shared import aws
from functions.shared.errors import aws_errors, error_code
from functions.shared.live import find_live
from functions.shared.s3_range import S3RangeFile
from functions.video.probe_video.env import Environment
from functions.video.probe_video.logic import Stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, RestoreRequestTypeDef

OPEN_SECONDS = 120.0
_CHUNK_BYTES = 8 << 20
_RESTORED_DAYS = 7
"""How long a restored copy is kept; an analysis takes hours."""
_GLACIER = frozenset({"GLACIER", "DEEP_ARCHIVE"})
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

    def find(self) -> Stored | None:
        """None when the version was deleted, or is a delete marker (405)."""
        head = self._head()
        return Stored(size_bytes=head["ContentLength"], archived=_archived(head)) if head else None

    def _head(self) -> "HeadObjectOutputTypeDef | None":
        video = self.video
        with aws_errors(f"head s3://{video.bucket}/{video.key}"):
            try:
                return self.s3.head_object(Bucket=video.bucket, Key=video.key, VersionId=video.version_id)
            except ClientError as error:
                if error_code(error) in _GONE:
                    return None
                raise

    def restore(self) -> None:
        """Out of Intelligent-Tiering's archive tiers for good; of a Glacier class a copy, for _RESTORED_DAYS.

        Days are refused for the one and demanded for the other:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
        """
        video, head = self.video, self._head()
        wanted: RestoreRequestTypeDef = {"GlacierJobParameters": {"Tier": "Standard"}}
        if head and head.get("StorageClass") in _GLACIER:
            wanted["Days"] = _RESTORED_DAYS
        with aws_errors(f"restore s3://{video.bucket}/{video.key}"):
            try:
                self.s3.restore_object(
                    Bucket=video.bucket, Key=video.key, VersionId=video.version_id, RestoreRequest=wanted
                )
            except ClientError as error:
                if error_code(error) != "RestoreAlreadyInProgress":
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


def _archived(head: "HeadObjectOutputTypeDef") -> Literal["no", "yes", "restoring"]:
    """From the headers that say where an object is, and whether it is on its way back.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    restore = head.get("Restore", "")
    if 'ongoing-request="true"' in restore:
        return "restoring"
    copied = 'ongoing-request="false"' in restore
    return "yes" if head.get("ArchiveStatus") or (head.get("StorageClass") in _GLACIER and not copied) else "no"
