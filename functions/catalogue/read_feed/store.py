import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from functions.contracts.catalogue import CatalogueImport, IndexBatch
from functions.shared.errors import Permanent, aws_errors, error_code
from functions.shared.live import LiveCatalogue, find_live
from functions.shared.objects import JSON_LINES, put_bytes, put_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_MEMORY = 16 << 20


class AwsStore:
    """The catalogue bucket and the live record."""

    def __init__(self, s3: "S3Client", dynamodb: "DynamoDBClient", bucket: str, imports_table: str) -> None:
        self._s3 = s3
        self._dynamodb = dynamodb
        self._bucket = bucket
        self._imports_table = imports_table

    @contextmanager
    def open_feed(self, source: CatalogueImport, max_bytes: int) -> Generator[BinaryIO | None]:
        """The feed's own version, on disk when it is large; None when it is larger than `max_bytes`."""
        with tempfile.SpooledTemporaryFile(_MEMORY) as file:
            with aws_errors(f"get s3://{source.bucket}/{source.key} in version {source.version_id}"):
                try:
                    found = self._s3.get_object(Bucket=source.bucket, Key=source.key, VersionId=source.version_id)
                except ClientError as error:
                    if error_code(error) in {"NoSuchKey", "NoSuchVersion"}:
                        raise Permanent("The uploaded feed was deleted before it was read.") from error
                    raise
                too_large = found["ContentLength"] > max_bytes
                if too_large:
                    found["Body"].close()
                else:
                    for chunk in found["Body"].iter_chunks(_CHUNK):
                        file.write(chunk)
            file.seek(0)
            yield None if too_large else cast("BinaryIO", file)

    def uploaded_images(self, shop_id: str) -> dict[str, str]:
        """Names below the shop's folder, with ETag and size."""
        prefix = f"images/{shop_id}/"
        with aws_errors(f"list s3://{self._bucket}/{prefix}"):
            return {
                entry.get("Key", "").removeprefix(prefix): f"{entry.get('ETag', '')} {entry.get('Size', 0)}"
                for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
                for entry in page.get("Contents", [])
            }

    def live(self, shop_id: str) -> LiveCatalogue | None:
        """The shop's live catalogue."""
        return find_live(self._dynamodb, self._imports_table, shop_id)

    def lines(self, key: str) -> Iterator[bytes]:
        """The lines of an object, without their ends."""
        with aws_errors(f"get s3://{self._bucket}/{key}"):
            yield from self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].iter_lines(_CHUNK)

    def put_products(self, key: str, body: BinaryIO) -> None:
        """Streams the products file."""
        with aws_errors(f"put s3://{self._bucket}/{key}"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=JSON_LINES)

    def put_batches(self, key: str, batches: list[IndexBatch]) -> None:
        """A JSON array: what the Distributed Map reads."""
        put_json(self._s3, self._bucket, key, batches)

    def put_quarantine(self, key: str, body: bytes) -> None:
        """What was rejected; a header line alone when nothing was."""
        put_bytes(self._s3, self._bucket, key, body, "text/csv; charset=utf-8")
