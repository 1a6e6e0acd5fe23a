"""Records of a catalogue's pictures, read one by one from the store: of a large catalogue they would not fit the disk,
and a film shows few of its products.
"""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from functions.shared.errors import Transient, aws_errors
from functions.shoppable.matching.records import DamagedRecordError, Span

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READERS = 16
KEPT_BYTES = 256 << 20
"""Records in memory: those of some 5,000 pictures."""


class StoredRecords:
    """Implements functions.shoppable.matching.records.RecordSource. Raises Transient (also when what was read is
    damaged: it may be read again) or Permanent.
    """

    def __init__(self, s3: "S3Client", bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="records")
        self._kept: OrderedDict[Span, bytes] = OrderedDict()
        self._kept_bytes = 0

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """What is not in memory is fetched at once, a request for each."""
        missing = [span for span in dict.fromkeys(spans) if span not in self._kept]
        fetched = dict(zip(missing, self._readers.map(self._get, missing), strict=True))
        records = [fetched[span] if span in fetched else self._again(span) for span in spans]
        for span, record in fetched.items():
            self._kept[span] = record
            self._kept_bytes += span.size
        while self._kept_bytes > KEPT_BYTES:
            span, _ = self._kept.popitem(last=False)
            self._kept_bytes -= span.size
        return records

    def _again(self, span: Span) -> bytes:
        self._kept.move_to_end(span)
        return self._kept[span]

    def _get(self, span: Span) -> bytes:
        key = f"{self._prefix}/{span.file}"
        wanted = f"bytes={span.start}-{span.start + span.size - 1}"
        with aws_errors(f"get {wanted} of s3://{self._bucket}/{key}"):
            body = self._s3.get_object(Bucket=self._bucket, Key=key, Range=wanted)["Body"].read()
        try:
            return span.checked(body)
        except DamagedRecordError as error:
            raise Transient(f"s3://{self._bucket}/{key} is not what the index says: {error}") from error
