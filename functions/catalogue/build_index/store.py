from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from functions.contracts.catalogue import IndexBatch, IndexedBatch, Product, ProductImage
from functions.shared.errors import Transient, aws_errors
from functions.shared.objects import JSON, JSON_LINES, get_bytes, get_json, json_lines, put_bytes
from functions.shoppable.categories import top_category

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_BATCHES = TypeAdapter(list[IndexBatch])


class AwsStore:
    """The catalogue bucket."""

    def __init__(self, s3: "S3Client", bucket: str, code_digest: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._code_digest = code_digest

    def batches(self, key: str) -> tuple[int, int]:
        """How many batches, and how many products in all."""
        batches = _BATCHES.validate_json(get_bytes(self._s3, self._bucket, key))
        return len(batches), sum(batch.count for batch in batches)

    def indexed(self, import_id: str, batch: int) -> IndexedBatch:
        """What IndexProducts stored for a batch."""
        return get_json(self._s3, self._bucket, f"imports/{import_id}/indexed-{batch:04d}.json", IndexedBatch)

    def features(self, shop_id: str, image_sha256: str) -> bytes:
        """The features of one picture."""
        return get_bytes(self._s3, self._bucket, f"features/{shop_id}/{image_sha256}-{self._code_digest}.npz")

    def put_index_file(self, key: str, file: Path) -> None:
        """Uploads a file, a large one in parts."""
        from boto3.exceptions import S3UploadFailedError
        from boto3.s3.transfer import S3Transfer

        kind = JSON if file.suffix == ".json" else "application/octet-stream"
        with aws_errors(f"put s3://{self._bucket}/{key}"):
            try:
                S3Transfer(self._s3).upload_file(str(file), self._bucket, key, extra_args={"ContentType": kind})
            except S3UploadFailedError as error:
                raise Transient(f"put s3://{self._bucket}/{key}: {error}") from error

    def put_images(self, key: str, images: list[ProductImage]) -> None:
        """Which pictures each product has."""
        put_bytes(self._s3, self._bucket, key, json_lines(images), JSON_LINES)

    def categories(self, products_key: str) -> dict[str, str]:
        """By product id, the top level of its category, where it has one."""
        found: dict[str, str] = {}
        with aws_errors(f"get s3://{self._bucket}/{products_key}"):
            for line in self._s3.get_object(Bucket=self._bucket, Key=products_key)["Body"].iter_lines(_CHUNK):
                product = Product.model_validate_json(line)
                if category := top_category(product.category):
                    found[product.product_id] = category
        return found

    def keep_products(self, key: str, products_key: str) -> None:
        """Copies the products file to the revision."""
        with aws_errors(f"copy s3://{self._bucket}/{products_key} to {key}"):
            self._s3.copy_object(Bucket=self._bucket, Key=key, CopySource={"Bucket": self._bucket, "Key": products_key})
