"""S3 objects as documents: canonical JSON in, models out, botocore's errors as `Transient` or `Permanent`."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from functions.shared.errors import Permanent, aws_errors, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Model = TypeVar("Model", bound=BaseModel)

JSON = "application/json"
BINARY = "application/octet-stream"
JSON_LINES = "application/x-ndjson"
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})


def canonical_json(document: object) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: equal documents give equal bytes. Takes models, also inside lists."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    ).encode()


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_lines(documents: Iterable[BaseModel]) -> bytes:
    """One canonical document per line, each line ended by a newline."""
    return b"".join(canonical_json(document) + b"\n" for document in documents)


def put_bytes(
    s3: "S3Client", bucket: str, key: str, body: bytes, content_type: str, cache_control: str | None = None
) -> None:
    """Writes an object. Raises Transient or Permanent."""
    with aws_errors(f"put s3://{bucket}/{key}"):
        if cache_control is None:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, CacheControl=cache_control)


def put_json(s3: "S3Client", bucket: str, key: str, document: object, cache_control: str | None = None) -> None:
    """Writes a model, or a list or dict of models, as canonical JSON."""
    put_bytes(s3, bucket, key, canonical_json(document), JSON, cache_control)


def get_bytes(s3: "S3Client", bucket: str, key: str, version_id: str | None = None) -> bytes:
    """The whole object. Raises Permanent when it does not exist, see `find_bytes`."""
    body = find_bytes(s3, bucket, key, version_id)
    if body is None:
        raise Permanent(f"s3://{bucket}/{key} does not exist" + (f" in version {version_id}" if version_id else ""))
    return body


def find_bytes(s3: "S3Client", bucket: str, key: str, version_id: str | None = None) -> bytes | None:
    """The whole object, or None when it does not exist."""
    with aws_errors(f"get s3://{bucket}/{key}"):
        try:
            if version_id:
                return s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in _ABSENT:
                return None
            raise


def get_json(s3: "S3Client", bucket: str, key: str, model: type[Model]) -> Model:
    """The object as `model`. Raises Permanent when it does not exist or breaks its contract."""
    try:
        return model.model_validate_json(get_bytes(s3, bucket, key))
    except ValidationError as error:
        raise Permanent(f"s3://{bucket}/{key} is no {model.__name__}: {error}") from error
