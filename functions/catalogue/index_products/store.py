from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.catalogue.index_products.logic import Described
from functions.contracts.catalogue import IndexBatch, IndexedBatch, Product
from functions.shared.errors import aws_errors, error_code
from functions.shared.objects import put_json
from functions.shoppable.pictures import MAX_BYTES, PictureRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FOREVER = "public, max-age=31536000, immutable"


class AwsStore:
    """The catalogue bucket (uploads, features, results) and the delivery bucket (pictures for viewers)."""

    def __init__(self, s3: "S3Client", catalogue_bucket: str, delivery_bucket: str, code_digest: str) -> None:
        self._s3 = s3
        self._catalogue = catalogue_bucket
        self._delivery = delivery_bucket
        self._code_digest = code_digest

    def products(self, key: str, batch: IndexBatch) -> list[Product]:
        """The batch's lines, and no others, of the products file."""
        with aws_errors(f"get s3://{self._catalogue}/{key}"):
            body = self._s3.get_object(
                Bucket=self._catalogue, Key=key, Range=f"bytes={batch.start_byte}-{batch.end_byte - 1}"
            )["Body"].read()
        return [Product.model_validate_json(line) for line in body.splitlines()]

    def uploaded(self, shop_id: str, name: str) -> bytes:
        """An uploaded picture. Raises PictureRefused when there is none or it is too large."""
        key = f"images/{shop_id}/{name}"
        with aws_errors(f"get s3://{self._catalogue}/{key}"):
            try:
                found = self._s3.get_object(Bucket=self._catalogue, Key=key)
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    raise PictureRefused("MissingPicture", f"No picture {name!r} was uploaded.") from error
                raise
            if found["ContentLength"] > MAX_BYTES:
                found["Body"].close()
                raise PictureRefused("PictureTooLarge", f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
            return found["Body"].read()

    def find(self, shop_id: str, image_sha256: str) -> Described | None:
        """From the metadata of the features: they are written last, so the delivered picture is there as well."""
        key = self._features_key(shop_id, image_sha256)
        with aws_errors(f"head s3://{self._catalogue}/{key}"):
            try:
                metadata = self._s3.head_object(Bucket=self._catalogue, Key=key)["Metadata"]
            except ClientError as error:
                if error_code(error) in {"404", "NoSuchKey", "NotFound"}:
                    return None
                raise
        return Described(
            width=int(metadata["width"]), height=int(metadata["height"]), keypoints=int(metadata["keypoints"])
        )

    def put(self, shop_id: str, image_sha256: str, jpeg: bytes, features: bytes, described: Described) -> None:
        """The delivered picture, then its features."""
        key = f"images/{shop_id}/{image_sha256}.jpg"
        with aws_errors(f"put s3://{self._delivery}/{key}"):
            self._s3.put_object(
                Bucket=self._delivery, Key=key, Body=jpeg, ContentType="image/jpeg", CacheControl=_FOREVER
            )
        key = self._features_key(shop_id, image_sha256)
        with aws_errors(f"put s3://{self._catalogue}/{key}"):
            self._s3.put_object(
                Bucket=self._catalogue,
                Key=key,
                Body=features,
                ContentType="application/octet-stream",
                Metadata={
                    "width": str(described.width),
                    "height": str(described.height),
                    "keypoints": str(described.keypoints),
                },
            )

    def put_result(self, import_id: str, result: IndexedBatch) -> None:
        """What BuildIndex gathers."""
        put_json(self._s3, self._catalogue, f"imports/{import_id}/indexed-{result.batch:04d}.json", result)

    def _features_key(self, shop_id: str, image_sha256: str) -> str:
        return f"features/{shop_id}/{image_sha256}-{self._code_digest}.npz"
