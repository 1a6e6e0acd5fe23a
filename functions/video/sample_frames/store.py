"""The film in the video bucket; its shots, pictures and frames.json in the analysis bucket."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from functions.contracts.video import SegmentInput, StoredFrame
from functions.shared import aws
from functions.shared.errors import Permanent
from functions.shared.objects import get_bytes, get_json, put_bytes, put_json
from functions.shared.s3_range import S3RangeFile
from functions.shoppable.shots import SegmentShots
from functions.shoppable.tracks import Tracks
from functions.video.sample_frames.env import Environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WRITERS = 8
_MAX_PENDING = 64
"""Pictures that wait to be written: some 20 MB."""


class Store:
    """Implements functions.video.sample_frames.logic.Film; a context manager. Raises Transient or Permanent."""

    def __init__(self, s3: "S3Client", analysis_bucket: str, order: SegmentInput) -> None:
        self._s3 = s3
        self._bucket = analysis_bucket
        self._order = order
        self._writers = ThreadPoolExecutor(_WRITERS)
        self._pending: list[Future[None]] = []

    @classmethod
    def of(cls, order: SegmentInput, environment: Environment) -> Self:
        """The store of one segment, with the container's client."""
        return cls(aws.s3(), environment.analysis_bucket, order)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.shutdown(cancel_futures=True)

    def open(self) -> BinaryIO:
        """The analysed version of the film."""
        order = self._order
        file = S3RangeFile(self._s3, order.bucket, order.key, order.version_id, order.source.size_bytes)
        return cast("BinaryIO", file)

    def shots(self, key: str) -> SegmentShots:
        """shots.json."""
        return get_json(self._s3, self._bucket, key, SegmentShots)

    def tracks(self, key: str) -> Tracks:
        """tracks.bin."""
        try:
            return Tracks.from_bytes(get_bytes(self._s3, self._bucket, key))
        except ValueError as error:
            raise Permanent(f"s3://{self._bucket}/{key} holds no tracks: {error}") from error

    def put_frame(self, key: str, jpeg: bytes) -> None:
        """Hands the picture to a writer; an error of an earlier one is raised here or in put_frames."""
        if len(self._pending) >= _MAX_PENDING:
            self._pending.pop(0).result()
        self._pending.append(self._writers.submit(put_bytes, self._s3, self._bucket, key, jpeg, "image/jpeg"))

    def put_frames(self, key: str, stored: Sequence[StoredFrame]) -> None:
        """frames.json, once every picture is written."""
        while self._pending:
            self._pending.pop(0).result()
        put_json(self._s3, self._bucket, key, list(stored))
